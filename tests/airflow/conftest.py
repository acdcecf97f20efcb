# ruff: noqa: PLC0415 - Airflow is imported late: it reads its settings, which conftest makes, when it is
"""An Airflow for the tests: a home of its own, and a metadata database that is made when it is first needed."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from booking_sandbox.sample import TEAM_KEY, load_sample
from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from tests.airflow.dag_runs import DagRuns

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

REPOSITORY = Path(__file__).resolve().parents[2]
HOME = Path(tempfile.mkdtemp(prefix="booking-sync-tests-"))
SETTINGS = {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__API__BASE_URL": "http://airflow.test",
    "AIRFLOW__API__SECRET_KEY": "a key for the tests, nothing is signed with it that lasts",
    "AIRFLOW__API_AUTH__JWT_SECRET": "another key for the tests, as long as Airflow wants it to be, and a bit longer",
    "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
    "AIRFLOW__CORE__FERNET_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(HOME / "passwords.json"),
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "ann:admin,otto:op,vera:viewer",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}?timeout=60",
}
# Airflow reads its configuration when it is first imported, so this comes before any test module is.
os.environ.update(SETTINGS)
for name in [name for name in os.environ if name.startswith(("AIRFLOW_CONN_", "BOOKING_SYNC_"))]:
    del os.environ[name]


@pytest.fixture(scope="session", autouse=True)
def _home() -> Iterator[None]:
    yield
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def dag_bag() -> DagBag:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(REPOSITORY / "dags"))


@pytest.fixture(scope="session")
def metadata_database() -> None:
    """Make Airflow's own database; takes a few seconds."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        load_sample(running.calendar.state, running.hubspot.state, utc_now())
        yield running


@pytest.fixture
def connected(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Point the connections at the sandbox, and our database at a new file; return what was set."""
    from airflow.sdk import Connection

    def form(kind: str, host: str, key: str | None = None) -> str:
        return Connection(conn_id="any", conn_type=kind, host=host, password=key).as_json()

    settings = {
        "AIRFLOW_CONN_CALENDAR_DEFAULT": form("calendar", sandbox.calendar.url, TEAM_KEY),
        "AIRFLOW_CONN_HUBSPOT_DEFAULT": form("hubspot", sandbox.hubspot.url, sandbox.hubspot.service_key),
        "AIRFLOW_CONN_BOOKING_SYNC_DB": form("sqlite", str(tmp_path / "booking_sync.db")),
        "BOOKING_SYNC_SECRET_KEY": "a key for the tests, nothing is kept with it",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def dag_runs(metadata_database: None, dag_bag: DagBag, connected: dict[str, str]) -> DagRuns:  # noqa: ARG001 - its caller decides what it is given
    return DagRuns(dag_bag)


@pytest.fixture(scope="session")
def child_environment() -> dict[str, str]:
    """The environment of a Python that a test starts: it finds the core by PYTHONPATH alone."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return inherited | SETTINGS | {"PYTHONPATH": str(REPOSITORY / "include"), "PYTHON": sys.executable}
