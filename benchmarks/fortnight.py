"""Our own work on the sample fortnight: a whole run without Airflow, sandbox and all, against five seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.figure import Figure
from benchmarks.scene import scene
from booking_sandbox.sample import load_sample
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.request import RunRequest

MOST_SECONDS = 5.0
WINDOW = timedelta(days=16)


def figures() -> Iterator[Figure]:
    """Measure."""
    now = datetime.now(UTC)
    with scene() as (sandbox, services):
        load_sample(sandbox.calendar.state, sandbox.hubspot.state, now)
        started = time.perf_counter()
        report = reconcile(services, manual_trigger("bench", "benchmark"), RunRequest(window_start=now - WINDOW))
        seconds = time.perf_counter() - started
    name = f"the sample fortnight, {report.counts['read']} bookings"
    yield Figure(name, "seconds", seconds, MOST_SECONDS, "what we allow ourselves", 1.0)
