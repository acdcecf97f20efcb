"""One real Airflow for the whole suite, on loopback, with short heartbeats and a turnstile before HubSpot."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from proof.turnstile import Turnstile

from booking_sandbox.server import Sandbox
from booking_sync.service_clients import Addresses
from booking_sync.services import build_services
from booking_sync.settings import Settings
from booking_sync_airflow.demo import airflow_stack
from booking_sync_airflow.demo.processes import Processes
from booking_sync_airflow.identity import BACKFILL_DAG_ID, SYNC_DAG_ID
from tests.chaos.stage import HEARTBEAT_TIMEOUT_SECONDS, QUIET_SECONDS, WORKSPACE, Stage

REPOSITORY = Path(__file__).resolve().parents[2]
SECRET_KEY = "a key for the chaos tests and nothing else"
FIRST_BOOKINGS = 20


def _connection(kind: str, host: str, key: str | None = None) -> str:
    return json.dumps({"conn_type": kind, "host": host, "password": key})


def _environment(sandbox: Sandbox, turnstile: Turnstile, database: Path) -> dict[str, str]:
    return {
        "AIRFLOW_CONN_CALENDAR_DEFAULT": _connection("calendar", sandbox.calendar.url, sandbox.calendar.api_key),
        "AIRFLOW_CONN_HUBSPOT_DEFAULT": _connection("hubspot", turnstile.url, sandbox.hubspot.service_key),
        "AIRFLOW_CONN_BOOKING_SYNC_DB": _connection("sqlite", str(database)),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "3",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(HEARTBEAT_TIMEOUT_SECONDS),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
        "BOOKING_SYNC_QUIET_SECONDS": str(QUIET_SECONDS),
        "BOOKING_SYNC_SECRET_KEY": SECRET_KEY,
    }


@pytest.fixture(scope="session")
def running_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("chaos")
    with Sandbox() as sandbox:
        turnstile = Turnstile(sandbox.hubspot.url)
        sandbox.calendar.state.add_workspace(WORKSPACE, "Acme Sales")
        database = folder / "booking_sync.db"
        services = build_services(
            Settings(secret_keys=(SECRET_KEY,), quiet_seconds=QUIET_SECONDS),
            database_url=f"sqlite:///{database}",
            addresses=lambda: Addresses(
                sandbox.calendar.url, sandbox.calendar.api_key, sandbox.hubspot.url, sandbox.hubspot.service_key
            ),
        )
        place = airflow_stack.new_place(REPOSITORY, folder / "airflow")
        airflow_stack.prepare(place)
        base = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        base |= _environment(sandbox, turnstile, database)
        with Processes(place.home / "logs", airflow_stack.environment(place, base)) as processes:
            airflow_stack.migrate(processes)
            stage = Stage(sandbox, turnstile, services, processes, airflow_stack.start(processes, place))
            try:
                stage.book(FIRST_BOOKINGS)
                stage.reconcile_here()
                for dag_id in (SYNC_DAG_ID, BACKFILL_DAG_ID):
                    stage.patiently(lambda dag_id=dag_id: stage.api.unpause(dag_id))  # type: ignore[misc]  # bound at once
                yield stage
            finally:
                stage.end_orphans()
                turnstile.close()
                services.engine.dispose()


@pytest.fixture
def stage(running_stage: Stage) -> Stage:
    """The one Airflow, at rest before the case."""
    running_stage.all_is_quiet()
    return running_stage
