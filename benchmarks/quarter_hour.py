"""A quarter of an hour of a million bookings a day, into one portal, under an app's limit and with 250 ms an answer.

10,417 changes: 70 % are new, 20 % move and 10 % are cancelled. The run has to be over before the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.figure import Figure
from benchmarks.passing import stage
from benchmarks.served import WORKSPACE, book, switch
from booking_sandbox.server import Sandbox

CHANGES = 1_000_000 // 96
LIMIT = 110
LATENCY_SECONDS = 0.25
INTERVAL_SECONDS = 900.0
_MOVED, _CANCELED = 0.2, 0.1


def figures(changes: int = CHANGES) -> Iterator[Figure]:
    """Measure."""
    moved, canceled = int(changes * _MOVED), int(changes * _CANCELED)
    with stage(keeps_bodies=False) as ready:
        ready.sandbox.ask(book, moved + canceled)
        ready.pass_on()
        ready.sandbox.ask(live_on, new=changes - moved - canceled, moved=moved, canceled=canceled)
        ready.sandbox.ask(switch, {"requests_per_window": LIMIT, "latency_seconds": LATENCY_SECONDS})
        cost = ready.pass_on()
    note = f"{cost.cpu_seconds:.1f} CPU s of ours"
    what = f"a run of {changes:,} changes at {LIMIT} calls in 10 s"
    yield Figure(what, "seconds", cost.seconds, INTERVAL_SECONDS, "until the next run", 1.0, note=note)


def live_on(sandbox: Sandbox, *, new: int, moved: int, canceled: int) -> None:
    """Move the first bookings, cancel the next ones, and book some more."""
    calendar = sandbox.calendar.state
    ids = [one["id"] for one in calendar.bookings(WORKSPACE)]
    start_at = datetime.now(UTC) + timedelta(days=30)
    for number, booking_id in enumerate(ids[:moved]):
        calendar.reschedule_in_place(booking_id, start_at + timedelta(minutes=number))
    for booking_id in ids[moved : moved + canceled]:
        calendar.cancel(booking_id, by="invitee", reason="bench")
    book(sandbox, new)
