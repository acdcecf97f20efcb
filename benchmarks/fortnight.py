"""Our own work on the sample fortnight: a whole run without Airflow, sandbox and all, against five seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figure import Figure
from booking_sandbox.sample import load_sample
from booking_sandbox.server import Sandbox
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.request import RunRequest
from booking_sync.services import build_services
from booking_sync.settings import Settings

MOST_SECONDS = 5.0
WINDOW = timedelta(days=16)


def figures() -> Iterator[Figure]:
    """Measure."""
    now = datetime.now(UTC)
    with TemporaryDirectory() as folder, Sandbox(seed=1) as sandbox:
        load_sample(sandbox.calendar.state, sandbox.hubspot.state, now)
        services = build_services(
            Settings(secret_keys=("a key for the benchmark only",)),
            database_url=f"sqlite:///{Path(folder) / 'mapping.db'}",
            calendar_url=sandbox.calendar.url,
            calendar_key=sandbox.calendar.api_key,
            hubspot_url=sandbox.hubspot.url,
            hubspot_key=sandbox.hubspot.service_key,
        )
        started = time.perf_counter()
        report = reconcile(services, manual_trigger("bench", "benchmark"), RunRequest(window_start=now - WINDOW))
        seconds = time.perf_counter() - started
    name = f"the sample fortnight, {report.counts['read']} bookings"
    yield Figure(name, "seconds", seconds, MOST_SECONDS, "what we allow ourselves", 1.0)
