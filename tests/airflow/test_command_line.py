from __future__ import annotations

import json
import subprocess
import sys

import pytest

from booking_sync.plan_text import MOST_ITEMS
from booking_sync.services import utc_now
from booking_sync_airflow.identity import SYNC_DAG_ID, WATCH_DAG_ID
from tests.airflow.dag_runs import FORTNIGHT

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("metadata_database")]


def dags_test(
    environment: dict[str, str], *arguments: str, dag_id: str = SYNC_DAG_ID
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "airflow", "dags", "test", dag_id, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_dags_test_runs_one_reconciliation_with_only_environment_variables_set(
    child_environment: dict[str, str], connected: dict[str, str]
) -> None:
    result = dags_test(child_environment | connected)

    assert result.returncode == 0, result.stdout[-3000:]
    assert "What this run did" in result.stdout


def test_dags_test_needs_no_plugins_folder(child_environment: dict[str, str], connected: dict[str, str]) -> None:
    environment = {name: value for name, value in child_environment.items() if name != "AIRFLOW__CORE__PLUGINS_FOLDER"}
    result = dags_test(environment | connected)

    assert result.returncode == 0, result.stdout[-3000:]


def test_dags_test_tries_the_watch_too_although_it_has_a_deadline(
    child_environment: dict[str, str], connected: dict[str, str]
) -> None:
    result = dags_test(child_environment | connected, dag_id=WATCH_DAG_ID)

    assert result.returncode == 0, result.stdout[-3000:]


def test_dags_test_exits_non_zero_when_the_run_failed(
    child_environment: dict[str, str], connected: dict[str, str]
) -> None:
    result = dags_test(child_environment | connected, "-c", '{"window_end": "2026-11-01T00:00:00Z"}')

    assert result.returncode != 0
    assert "window_end needs window_start" in result.stdout


def test_a_dry_run_prints_its_plan_and_make_plan_prints_it_again(  # W4
    child_environment: dict[str, str], connected: dict[str, str]
) -> None:
    window = {"dry_run": True, "window_start": (utc_now() - FORTNIGHT).isoformat()}
    result = dags_test(child_environment | connected, "-c", json.dumps(window))
    again = subprocess.run(
        [sys.executable, "-m", "booking_sync_airflow.plan"],
        env=child_environment | connected,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    _, _, printed = again.stdout.partition(f"{SYNC_DAG_ID}, dry run ")  # Airflow logs before it
    _, _, *plan = printed.splitlines()
    items = [line for line in plan if line.startswith("  + create ")]
    assert len(items) > MOST_ITEMS
    assert plan[-1].startswith(f"Plan: {len(items)} to create")
    shown = [plan[0], *items[:MOST_ITEMS], f"  … and {len(items) - MOST_ITEMS} more", plan[-1]]
    assert [line for line in shown if line not in result.stdout] == []
