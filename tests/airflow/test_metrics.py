# ruff: noqa: PLC0415 - Airflow is imported late: it reads its settings, which conftest makes, when it is
"""What monitoring costs where nobody monitors, and what it may not break where somebody does."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from booking_sync import telemetry

if TYPE_CHECKING:
    from booking_sync.services import Services

WAYS = (
    "AIRFLOW__METRICS__STATSD_ON",
    "AIRFLOW__METRICS__STATSD_DATADOG_ENABLED",
    "AIRFLOW__METRICS__OTEL_ON",
    "AIRFLOW__TRACES__OTEL_ON",
)
OF_MONITORING = ("booking_sync.measures", "booking_sync_airflow.tracing", "airflow.sdk.observability.stats")
SILENT_TASK = """
import sys
from booking_sync_airflow import metrics
from booking_sync_airflow.outcomes import airflow_outcomes
with airflow_outcomes(None):
    metrics.send_run(None, "run", "dag", None)
    metrics.send_audit(None, "run", "dag", is_red=False)
    metrics.send_standing(None)
print(*[name for name in sys.argv[1:] if name in sys.modules])
"""


def no_services() -> Services:
    """Return what breaks whoever asks it anything."""
    broken: Any = None
    return broken


def listener_in_a_task() -> telemetry.Listener | None:
    from booking_sync_airflow.outcomes import airflow_outcomes

    context: Any = None
    with airflow_outcomes(context):
        return telemetry._listener.get()


def test_where_airflow_sends_nothing_no_task_listens_asks_or_loads_anything() -> None:
    off = {name: value for name, value in os.environ.items() if name not in WAYS}
    ran = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", SILENT_TASK, *OF_MONITORING], check=True, capture_output=True, text=True, env=off
    )
    assert ran.stdout.split() == []
    assert "Metrics could not be sent" not in ran.stderr
    assert listener_in_a_task() is None


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_airflow_makes_tasks_listen(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(way, "True")
    assert listener_in_a_task() is not None


def test_figures_that_cannot_be_had_are_told_in_the_log_and_fail_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from booking_sync_airflow.metrics import send_standing

    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
    send_standing(no_services())
    assert "Metrics could not be sent: AttributeError" in caplog.text
