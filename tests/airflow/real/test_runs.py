"""Runs in a whole Airflow as ``make demo`` starts it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync_airflow.identity import BACKFILL_DAG_ID, SYNC_DAG_ID
from tests.airflow.dag_runs import FORTNIGHT
from tests.airflow.real.airflow import RealAirflow

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

DAY = timedelta(days=1)


def hubspot_writes(sandbox: Sandbox) -> int:
    return sum(1 for request in sandbox.hubspot.history if request.is_write)


def test_a_manual_run_and_a_backfill_of_three_days_in_a_real_airflow(  # W1, W2
    real_airflow: RealAirflow, sandbox: Sandbox
) -> None:
    api = real_airflow.api
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)

    assert api.import_errors() == []
    api.unpause(BACKFILL_DAG_ID)
    days = real_airflow.finished_backfill(BACKFILL_DAG_ID, str(today - 4 * DAY), str(today - 2 * DAY))
    after_backfill = hubspot_writes(sandbox)
    api.unpause(SYNC_DAG_ID)
    manual = real_airflow.finished_run(SYNC_DAG_ID, {"window_start": (utc_now() - FORTNIGHT).isoformat()})
    refused = real_airflow.finished_run(SYNC_DAG_ID, {"dry_rnu": True})

    assert [run["state"] for run in days] == ["success"] * 3
    assert [run["data_interval_start"][:10] for run in days] == [str((today - n * DAY).date()) for n in (4, 3, 2)]
    assert [run["data_interval_end"][:10] for run in days] == [str((today - n * DAY).date()) for n in (3, 2, 1)]
    assert sum(api.returned(BACKFILL_DAG_ID, run["dag_run_id"], "close_run")["read"] for run in days) > 0
    assert after_backfill > 0
    assert manual["state"] == "success"
    counts = api.returned(SYNC_DAG_ID, manual["dag_run_id"], "close_run")
    assert f"read {counts['read']}" in manual["note"]
    assert counts["unchanged"] > 0
    assert refused["state"] == "failed"
    assert "did you mean 'dry_run'" in refused["note"]
    assert [run for run in api.runs(BACKFILL_DAG_ID) if run["run_type"] == "scheduled"] == []
    assert {run["data_interval_end"] for run in api.runs(SYNC_DAG_ID) if run["run_type"] == "scheduled"} != {None}
