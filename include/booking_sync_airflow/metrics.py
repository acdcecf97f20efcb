"""Metrics, through whichever way Airflow itself sends its own: StatsD, Datadog or OpenTelemetry (``[metrics]``).

A task's process ends with the task, so every count is sent as what it adds, and the receiver sums up.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from booking_sync.measures import Measure
    from booking_sync.report import RunReport
    from booking_sync.services import Services

PREFIX = "booking_sync."
_NOT_IN_TAGS = re.compile(r"[^a-zA-Z0-9_.\-]")
"""Airflow sends nothing at all of a metric with another character in one of its tags."""

log = logging.getLogger(__name__)


def send_run(services: Services, run_id: str, dag_id: str, report: RunReport) -> None:
    """Send what a run did, and how everything stands after it."""
    if are_sent():
        from booking_sync import measures  # noqa: PLC0415 - nobody pays for what is not sent

        _send(measures.of_run(services, run_id, dag_id, report))
        _send(measures.as_it_stands(services))


def send_audit(services: Services, run_id: str, dag_id: str, *, is_red: bool) -> None:
    """Send what an audit found."""
    if are_sent():
        from booking_sync import measures  # noqa: PLC0415 - nobody pays for what is not sent

        _send(measures.of_audit(services, run_id, dag_id, is_red=is_red))


def send_standing(services: Services) -> None:
    """Send how everything stands."""
    if are_sent():
        from booking_sync import measures  # noqa: PLC0415 - nobody pays for what is not sent

        _send(measures.as_it_stands(services))


@contextmanager
def sending_what_is_told() -> Iterator[None]:
    """Listen to what the core tells inside the block, and send it at the end, also where the block fails.

    Where Airflow sends neither metrics nor traces, nobody listens.
    """
    if not (are_sent() or _are_traces_sent()):
        yield
        return
    from booking_sync.telemetry import listening  # noqa: PLC0415 - nobody pays for what is not sent
    from booking_sync_airflow.tracing import TaskListener  # noqa: PLC0415 - nobody pays for what is not sent

    listener = TaskListener()
    try:
        with listening(listener):
            yield
    finally:
        if are_sent():
            _send(listener.counted())


def are_sent() -> bool:
    """Say whether Airflow sends metrics at all."""
    from airflow.sdk.configuration import conf  # noqa: PLC0415 - DAG files must not pay for it

    return any(conf.getboolean("metrics", name) for name in ("statsd_on", "statsd_datadog_enabled", "otel_on"))


def _are_traces_sent() -> bool:
    from airflow.sdk.configuration import conf  # noqa: PLC0415 - DAG files must not pay for it

    return bool(conf.getboolean("traces", "otel_on"))


def _send(measures: Iterable[Measure]) -> None:
    """Send figures. Monitoring that fails is told in the log, and never fails a run."""
    from airflow.sdk.observability import stats  # noqa: PLC0415 - nobody pays for what is not sent

    try:
        for one in measures:
            tags = {name: _NOT_IN_TAGS.sub("_", value) for name, value in one.labels.items()}
            if one.is_gauge:
                stats.gauge(PREFIX + one.name, one.value, tags=tags)
            else:
                stats.incr(PREFIX + one.name, float(one.value), tags=tags)  # type: ignore[arg-type]  # StatsD and OTel take fractions of seconds
    except Exception as error:  # noqa: BLE001 - whatever it is, the run is more important
        log.warning("Metrics could not be sent: %s", type(error).__name__)
