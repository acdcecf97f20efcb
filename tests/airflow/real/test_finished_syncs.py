"""What a run leaves for others in a real Airflow: an event of a finished sync, and links to the records in HubSpot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests

from booking_sandbox.sample_people import ACME
from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync_airflow.identity import SYNC_DAG_ID
from tests.airflow.real.airflow import RealAirflow

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

CONSUMER = "waits_for_the_sync"


def test_another_dag_waits_for_a_finished_sync_and_not_for_a_dry_run(
    real_airflow: RealAirflow, sandbox: Sandbox
) -> None:
    api, calendar, start = real_airflow.api, sandbox.calendar.state, utc_now() + timedelta(days=1)
    booking_id = calendar.book(ACME.id, start_at=start, end_at=start + timedelta(minutes=30))["id"]
    real_airflow.processes.wait_until("the other DAG", lambda: api.has_dag(CONSUMER), timeout_seconds=120)
    api.unpause(CONSUMER)
    api.unpause(SYNC_DAG_ID)

    dry = real_airflow.finished_run(SYNC_DAG_ID, {"booking_ids": [booking_id], "dry_run": True})
    real = real_airflow.finished_run(SYNC_DAG_ID, {"booking_ids": [booking_id]})
    real_airflow.processes.wait_until(
        "the event of the sync", lambda: real["dag_run_id"] in told(real_airflow), timeout_seconds=120
    )

    api.patch(f"/dags/{CONSUMER}", {"is_paused": True})  # the other tests have no use for it
    events = told(real_airflow)
    assert dry["dag_run_id"] not in events
    taken = events[real["dag_run_id"]]
    assert taken["dag_id"] == SYNC_DAG_ID
    assert taken["counts"]["create"] == 1
    assert (taken["window_start"], taken["window_end"]) == (None, None)
    assert_link_leads_to_the_records(real_airflow, real["dag_run_id"], booking_id)


def told(airflow: RealAirflow) -> dict[str, dict[str, Any]]:
    """Return what the other DAG was told so far, by the id of the sync's run."""
    ended = [run["dag_run_id"] for run in airflow.api.runs(CONSUMER) if run["state"] == "success"]
    events = [event for run_id in ended for event in airflow.api.returned(CONSUMER, run_id, "take")]
    return {event["dag_run_id"]: event for event in events}


def assert_link_leads_to_the_records(airflow: RealAirflow, run_id: str, booking_id: str) -> None:
    task = f"/dags/{SYNC_DAG_ID}/dagRuns/{quote(run_id)}/taskInstances/reconcile.apply_create/links?map_index=0"
    link = airflow.api.get(task)["extra_links"]["HubSpot records"]
    shown = requests.get(link, cookies={"_token": airflow.api.token}, timeout=60)

    assert shown.status_code == 200
    assert booking_id in shown.text
    assert "/record/0-47/" in shown.text
