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

PREFIX = "booking_sync."
_NOT_IN_TAGS = re.compile(r"[^a-zA-Z0-9_.\-]")
"""Airflow sends nothing at all of a metric with another character in one of its tags."""

log = logging.getLogger(__name__)


def send(measures: Iterable[Measure]) -> None:
    """Send figures. Monitoring that fails is told in the log, and never fails a run."""
    from airflow.sdk.observability import stats  # noqa: PLC0415 - DAG files must not pay for it

    if not _is_on():
        return
    try:
        for one in measures:
            tags = {name: _NOT_IN_TAGS.sub("_", value) for name, value in one.labels.items()}
            if one.is_gauge:
                stats.gauge(PREFIX + one.name, one.value, tags=tags)
            else:
                stats.incr(PREFIX + one.name, float(one.value), tags=tags)  # type: ignore[arg-type]  # StatsD and OTel take fractions of seconds
    except Exception as error:  # noqa: BLE001 - whatever it is, the run is more important
        log.warning("Metrics could not be sent: %s", type(error).__name__)


def _is_on() -> bool:
    """Say whether Airflow sends metrics at all: the figures cost a few queries."""
    from airflow.sdk.configuration import conf  # noqa: PLC0415 - DAG files must not pay for it

    return any(conf.getboolean("metrics", name) for name in ("statsd_on", "statsd_datadog_enabled", "otel_on"))


@contextmanager
def sending_what_is_told() -> Iterator[None]:
    """Listen to what the core tells inside the block, and send it at the end, also where the block fails."""
    from booking_sync.telemetry import listening  # noqa: PLC0415 - DAG files must not pay for it
    from booking_sync_airflow.tracing import TaskListener  # noqa: PLC0415 - same

    listener = TaskListener()
    try:
        with listening(listener):
            yield
    finally:
        send(listener.counted())
