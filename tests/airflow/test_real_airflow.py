"""A whole Airflow as ``make demo`` starts it: API server, scheduler, DAG processor, LocalExecutor, SQLite."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync_airflow.demo import airflow_stack
from booking_sync_airflow.demo.airflow_api import FINISHED, AirflowApi
from booking_sync_airflow.demo.processes import Processes
from booking_sync_airflow.identity import BACKFILL_DAG_ID, SYNC_DAG_ID
from tests.airflow.conftest import REPOSITORY, SETTINGS
from tests.airflow.dag_runs import FORTNIGHT

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

DAY = timedelta(days=1)


class RealAirflow:
    def __init__(self, api: AirflowApi, processes: Processes) -> None:
        self.api = api
        self._processes = processes

    def finished_run(self, dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
        run_id = self.api.trigger(dag_id, conf)
        self._processes.wait_until(
            run_id, lambda: self.api.run(dag_id, run_id)["state"] in FINISHED, timeout_seconds=120
        )
        return self.api.run(dag_id, run_id)

    def finished_backfill(self, dag_id: str, first: str, last: str) -> list[dict[str, Any]]:
        self._processes.wait_until(
            "the backfill to be accepted", lambda: self._is_accepted(dag_id, first, last), timeout_seconds=60
        )
        self._processes.wait_until(
            "its runs", lambda: all(run["state"] in FINISHED for run in self._backfilled(dag_id)), timeout_seconds=180
        )
        return sorted(self._backfilled(dag_id), key=lambda run: str(run["logical_date"]))

    def _backfilled(self, dag_id: str) -> list[dict[str, Any]]:
        return [run for run in self.api.runs(dag_id) if run["run_type"] == "backfill"]

    def _is_accepted(self, dag_id: str, first: str, last: str) -> bool:
        """Ask for the backfill; Airflow on SQLite answers 503, and does nothing, while the scheduler is writing."""
        body = {"dag_id": dag_id, "from_date": first, "to_date": last, "max_active_runs": 1}
        try:
            self.api.post("/backfills", body)
        except requests.HTTPError as error:
            if error.response.status_code != requests.codes.unavailable:
                raise
            return False
        return True


@pytest.fixture
def real_airflow(connected: dict[str, str], tmp_path: Path) -> Iterator[RealAirflow]:
    place = airflow_stack.new_place(REPOSITORY, tmp_path / "airflow")
    airflow_stack.prepare(place)
    base = {name: value for name, value in os.environ.items() if name not in SETTINGS} | connected
    with Processes(place.home / "logs", airflow_stack.environment(place, base)) as processes:
        airflow_stack.migrate(processes)
        api = airflow_stack.start(processes, place)
        yield RealAirflow(api, processes)


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
