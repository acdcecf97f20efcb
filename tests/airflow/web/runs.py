"""Runs for the tests of our pages: the core's own, on the services that the pages have."""

from __future__ import annotations

from typing import Any

from booking_sync.reconcile import reconcile
from booking_sync.report import RunReport
from booking_sync.request import RunRequest
from booking_sync.window import MANUAL, RunTrigger
from booking_sync_airflow.identity import SYNC_DAG_ID
from booking_sync_airflow.steps import open_services


def run(name: str = "manual__1", **request: Any) -> RunReport:
    """Go through a whole run, as if ann had triggered it in Airflow."""
    services = open_services()
    try:
        return reconcile(services, RunTrigger(SYNC_DAG_ID, name, MANUAL, "ann"), RunRequest(**request))
    finally:
        services.close()
        services.engine.dispose()
