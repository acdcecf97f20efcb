from __future__ import annotations

import subprocess
import sys

import pytest

from booking_sync_airflow.identity import SYNC_DAG_ID

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("metadata_database")]


def dags_test(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "airflow", "dags", "test", SYNC_DAG_ID, *arguments],
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


def test_dags_test_exits_non_zero_when_the_run_failed(
    child_environment: dict[str, str], connected: dict[str, str]
) -> None:
    result = dags_test(child_environment | connected, "-c", '{"window_end": "2026-11-01"}')

    assert result.returncode != 0
    assert "window_end needs window_start" in result.stdout
