"""HubSpot calls for a thousand new, rescheduled, cancelled and unchanged bookings, against the least that is possible.

HubSpot takes 100 items a call. A thousand new bookings of a thousand unknown people need 10 look-ups by address, 10
calls that create the contacts and 10 that create the activities; a thousand reschedules 10 that create, 10 that look
whether the old activities are really ours and 4 what people associated with them, 10 that archive them; a thousand
cancellations 10. What comes on top is asked once a run: which portal the key belongs to, its owners, and what others
have changed (the sweep).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.figure import Figure
from benchmarks.scene import Watch, scene
from booking_sandbox.server import Sandbox
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.request import RunRequest
from booking_sync.services import Services

COUNT = 1_000
FLOORS = {"new": 30, "rescheduled": 34, "cancelled": 10, "unchanged": 0}
MOST_CALLS = {"new": 33, "rescheduled": 37, "cancelled": 12, "unchanged": 2}
"""What the project promises. A run in which nothing changed asks which portal the key belongs to, and sweeps."""


def calls_per_thousand(count: int = COUNT) -> dict[str, tuple[int, int]]:
    """Return the HubSpot calls, and how many of them were writes, of each kind of a thousand changes."""
    watch = Watch()
    with scene(watch) as (sandbox, services):
        return {name: (calls, writes) for name, calls, writes in _phases(services, sandbox, watch, count)}


def figures() -> Iterator[Figure]:
    """Measure."""
    for name, (calls, _) in calls_per_thousand().items():
        floor = FLOORS[name] or MOST_CALLS[name]
        goal = MOST_CALLS[name] / floor
        yield Figure(f"HubSpot calls, {COUNT:,} {name} bookings", "calls", calls, floor, "the least possible", goal)


def _phases(services: Services, sandbox: Sandbox, watch: Watch, count: int) -> Iterator[tuple[str, int, int]]:
    calendar = sandbox.calendar.state
    calendar.add_workspace("ws_bench", "Bench", "pro", "UTC")
    calendar.book("ws_bench")
    _run(services, "set-up")  # the first change of all makes the properties, once in a portal's life
    watch.wait_for_the_next_run()
    ids = [calendar.book("ws_bench")["id"] for _ in range(count)]
    yield "new", *_run(services, "new")
    watch.wait_for_the_next_run()
    moved_to = datetime.now(UTC) + timedelta(days=30)
    for booking_id in ids:
        calendar.reschedule_in_place(booking_id, moved_to)
    yield "rescheduled", *_run(services, "rescheduled")
    watch.wait_for_the_next_run()
    for booking_id in ids:
        calendar.cancel(booking_id, by="invitee", reason="bench")
    yield "cancelled", *_run(services, "cancelled")
    watch.wait_for_the_next_run()
    yield "unchanged", *_run(services, "unchanged")


def _run(services: Services, name: str) -> tuple[int, int]:
    counter = services.hubspot_requests
    calls, writes = counter.requests, counter.writes
    report = reconcile(services, manual_trigger(name, "benchmark"), RunRequest())
    if report.is_red:
        raise RuntimeError(report.reason)
    return counter.requests - calls, counter.writes - writes
