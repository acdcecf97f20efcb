"""A real Airflow on loopback: API server, scheduler and DAG processor, on SQLite, with everything under one folder."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from booking_sync_airflow.demo.airflow_api import AirflowApi
from booking_sync_airflow.demo.processes import Processes
from booking_sync_airflow.identity import OUR_DAG_IDS

USER = "admin"
_MIGRATE_SECONDS = 120.0
_START_SECONDS = 180.0
_COMPONENTS = ("metadatabase", "scheduler", "dag_processor")
_METADATA = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_CONNECT_ARGS = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS"


@dataclass(frozen=True, slots=True)
class AirflowPlace:
    """Where an Airflow lives, and who may use it."""

    repository: Path
    home: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """Address of UI and API."""
        return f"http://127.0.0.1:{self.port}"

    def api(self) -> AirflowApi:
        """Return a client that is not logged in yet."""
        return AirflowApi(self.url, USER, self.password)


def environment(place: AirflowPlace, base: Mapping[str, str]) -> dict[str, str]:
    """Make the environment of every process; secrets are new each time.

    * SQLite needs a busy timeout, or the scheduler dies of "database is locked".
    * LocalExecutor would start 32 workers by default, which starves a small machine.
    * Airflow without compiled bytecode is several times slower.
    """
    fernet_key = base.get("AIRFLOW__CORE__FERNET_KEY") or _fernet_key()
    inherited = {name: value for name, value in base.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return inherited | {
        "AIRFLOW_HOME": str(place.home),
        "PYTHONPATH": str(place.repository / "include"),
        "AIRFLOW__API__BASE_URL": place.url,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(place.port),
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(48),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__CORE__DAGS_FOLDER": str(place.repository / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{place.url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": fernet_key,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(place.repository / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_password_file(place)),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        _METADATA: f"sqlite:///{place.home / 'airflow.db'}?timeout=60",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(place.home / "task-logs"),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
    }


def prepare(place: AirflowPlace) -> None:
    """Make the folder and the password file, readable for nobody else."""
    place.home.mkdir(parents=True, exist_ok=True)
    file = _password_file(place)
    file.touch(mode=0o600)
    file.write_text(json.dumps({USER: place.password}))


def migrate(processes: Processes) -> None:
    """Make Airflow's database."""
    processes.run("airflow db migrate", command("db", "migrate"), timeout_seconds=_MIGRATE_SECONDS)


def start(processes: Processes, place: AirflowPlace) -> AirflowApi:
    """Start Airflow, wait until it works and has read our DAGs, and log in."""
    processes.start("airflow api-server", command("api-server"), environment=_of_api_server(processes.environment))
    # The scheduler would offer its log files to the whole network.
    processes.start("airflow scheduler", command("scheduler", "--skip-serve-logs"))
    processes.start("airflow dag-processor", command("dag-processor"))
    api = place.api()
    processes.wait_until("Airflow", lambda: api.is_healthy(*_COMPONENTS), timeout_seconds=_START_SECONDS)
    api.log_in()
    processes.wait_until(
        "Airflow to read the DAGs",
        lambda: all(api.has_dag(dag_id) for dag_id in OUR_DAG_IDS),
        timeout_seconds=_START_SECONDS,
    )
    return api


def _of_api_server(environment: Mapping[str, str]) -> dict[str, str]:
    is_sqlite = environment[_METADATA].startswith("sqlite")
    patient = {_CONNECT_ARGS: "booking_sync_airflow.demo.patient_sqlite.CONNECT_ARGS"}
    return {**environment, **(patient if is_sqlite else {})}


def free_port() -> int:
    """Return a port of loopback that is free right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_place(repository: Path, home: Path) -> AirflowPlace:
    """Choose port and password, unless ``AIRFLOW_PORT`` names a port."""
    port = int(os.environ.get("AIRFLOW_PORT") or free_port())
    return AirflowPlace(repository=repository, home=home, port=port, password=secrets.token_urlsafe(9))


def command(*arguments: str) -> list[str]:
    """Return an ``airflow`` command of this installation."""
    return [sys.executable, "-m", "airflow", *arguments]


def _password_file(place: AirflowPlace) -> Path:
    return place.home / "passwords.json"


def _fernet_key() -> str:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - DAG files and plugins must not pay for it

    return Fernet.generate_key().decode()
