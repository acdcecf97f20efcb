"""One real Airflow and one real Chromium for the tests of this folder: starting them takes longer than the tests."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import create_engine

from booking_sandbox.server import Sandbox
from booking_sync_airflow.demo import airflow_stack
from booking_sync_airflow.demo.processes import Processes
from tests.airflow.conftest import REPOSITORY, SETTINGS
from tests.airflow.real.airflow import SECRET_KEY, RealAirflow
from tests.airflow.real.window import SCREENSHOTS, Window, window
from tests.otlp_listener import OtlpListener
from tests.statsd_listener import StatsdListener

HOW_TO_INSTALL = "no Chromium on this machine; install one with `apt-get install chromium`"

LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
OTHER_DAGS = Path(__file__).parent / "other_dags"
BUNDLES = json.dumps(
    [
        {"name": "dags-folder", "classpath": LOCAL, "kwargs": {}},
        {"name": "others", "classpath": LOCAL, "kwargs": {"path": str(OTHER_DAGS)}},
    ]
)
"""Our DAGs, and those of somebody else."""


METADATA_URL = "METADATA_URL"
"""This environment variable may name an empty database of PostgreSQL for Airflow itself, in place of SQLite."""

_METADATA = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


@pytest.fixture(scope="package")
def statsd() -> Iterator[StatsdListener]:
    """Where the Airflow of this folder sends its metrics."""
    with StatsdListener() as listener:
        yield listener


@pytest.fixture(scope="package")
def collector() -> Iterator[OtlpListener]:
    """Where it sends its traces."""
    with OtlpListener() as listener:
        yield listener


def observed(statsd: StatsdListener, collector: OtlpListener) -> dict[str, str]:
    """Return Airflow's settings that send metrics and traces there."""
    return {
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__STATSD_PORT": str(statsd.port),
        "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
        "AIRFLOW__TRACES__OTEL_ON": "True",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_TRACES_EXPORTER": "otlp_proto_http",
        "OTEL_SERVICE_NAME": "airflow",
    }


@pytest.fixture(scope="package")
def started_airflow(
    tmp_path_factory: pytest.TempPathFactory, statsd: StatsdListener, collector: OtlpListener
) -> Iterator[RealAirflow]:
    place = airflow_stack.new_place(REPOSITORY, tmp_path_factory.mktemp("airflow"))
    airflow_stack.prepare(place)
    ours = (*SETTINGS, "BOOKING_SYNC_SECRET_KEY")
    base = {name: value for name, value in os.environ.items() if name not in ours and "AIRFLOW_CONN_" not in name}
    more = {"BOOKING_SYNC_SECRET_KEY": SECRET_KEY, "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": BUNDLES}
    environment = airflow_stack.environment(place, base | more | observed(statsd, collector))
    metadata = os.environ.get(METADATA_URL) or environment[_METADATA]
    environment[_METADATA] = metadata
    with Processes(place.home / "logs", environment) as processes:
        airflow_stack.migrate(processes)
        yield RealAirflow(airflow_stack.start(processes, place), place, processes, create_engine(metadata))


@pytest.fixture
def connections(connected: dict[str, str]) -> dict[str, str]:
    """What leads from Airflow to the sandbox of this test, as environment variables hold it."""
    return connected


@pytest.fixture
def real_airflow(started_airflow: RealAirflow, connections: dict[str, str]) -> RealAirflow:
    """An Airflow whose connections are those of this test."""
    started_airflow.begin(connections)
    return started_airflow


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(HOW_TO_INSTALL)
    if path is None:
        pytest.skip(HOW_TO_INSTALL)
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    with sync_playwright() as playwright:
        # Tests may run as root, where Chromium's own sandbox does not work; it only sees this machine.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def sandbox(sandbox: Sandbox, started_airflow: RealAirflow) -> Sandbox:
    """The sample of three teams; consents may return to this Airflow."""
    sandbox.hubspot.state.register_redirect_uri(f"{started_airflow.place.url}/booking-sync/oauth/callback")
    return sandbox


@pytest.fixture
def many_portals(connected: dict[str, str], sandbox: Sandbox) -> dict[str, str]:
    """OAuth mode, and a Calendar.com key that reads all three workspaces."""
    hubspot = sandbox.hubspot
    extra = {"client_secret": hubspot.app.client_secret, "authorize_url": hubspot.authorize_url}
    app = {"conn_type": "hubspot", "host": hubspot.url, "login": hubspot.app.client_id, "extra": extra}
    calendar = {"conn_type": "calendar", "host": sandbox.calendar.url, "password": sandbox.calendar.api_key}
    return connected | {
        "AIRFLOW_CONN_HUBSPOT_DEFAULT": json.dumps(app),
        "AIRFLOW_CONN_CALENDAR_DEFAULT": json.dumps(calendar),
    }


@pytest.fixture
def seat(chromium: Browser, real_airflow: RealAirflow) -> Iterator[Window]:
    """An administrator in front of Airflow."""
    with window(chromium, real_airflow.place) as opened:
        opened.log_in()
        yield opened
