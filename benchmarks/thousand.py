"""HubSpot calls for a thousand new, rescheduled, cancelled and unchanged bookings.

Against the least that is possible, and against a client that makes one call for one record, both counted by sandboxes
of the same run. HubSpot takes 100 items a call. A thousand new bookings of a thousand unknown people need 10 look-ups
by address, 10 calls that create the contacts and 10 that create the activities; a thousand reschedules 10 that create
and 10 that archive; a thousand cancellations 10. We look, before an activity is archived, whether it is really ours
(10 calls) and what people associated with it (4), because nothing of theirs may be lost. What comes on top is asked
once a run: which portal the key belongs to, and what others have changed (the sweep). The portal's owners are asked for
once an hour, and where a host is not among those remembered; that call is in none of these runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.figure import Figure
from benchmarks.plain_client import RIVAL, PlainClient
from benchmarks.scene import Watch, addresses_of, reconciled, scene
from booking_sandbox.server import Sandbox
from booking_sync.services import Services

COUNT = 1_000
FLOORS = {"new": 30, "rescheduled": 20, "cancelled": 10, "unchanged": 0}
MOST_CALLS = {"new": 32, "rescheduled": 36, "cancelled": 12, "unchanged": 2}
"""What the tests hold us to. A run in which nothing changed asks which portal the key belongs to, and sweeps."""
GOALS = {**MOST_CALLS, "rescheduled": 36}
_WORKSPACE = "ws_bench"


def calls_per_thousand(count: int = COUNT) -> dict[str, tuple[int, int]]:
    """Return the HubSpot calls, and how many of them were writes, of each kind of a thousand changes."""
    watch = Watch()
    with scene(watch) as (sandbox, services):
        return {name: (calls, writes) for name, calls, writes in _phases(services, sandbox, watch, count)}


def calls_one_by_one(count: int = COUNT) -> dict[str, int]:
    """Return the HubSpot calls of a client that makes one for each record; unchanged bookings cost it none."""
    with Sandbox(seed=1) as sandbox:
        calendar, history = sandbox.calendar.state, sandbox.hubspot.history
        calendar.add_workspace(_WORKSPACE)
        made = [calendar.book(_WORKSPACE) for _ in range(count)]
        client = PlainClient(addresses_of(sandbox))
        calls = {"unchanged": 0}
        for name, step in (("new", client.create), ("rescheduled", client.recreate), ("cancelled", client.cancel)):
            before = len(history)
            for booking in made:
                step(booking)
            calls[name] = len(history) - before
    return calls


def figures(count: int = COUNT) -> Iterator[Figure]:
    """Measure."""
    ours, rival = calls_per_thousand(count), calls_one_by_one(count)
    for name, (calls, _) in ours.items():
        floor = FLOORS[name] or MOST_CALLS[name]
        what = f"HubSpot calls, {count:,} {name} bookings"
        yield Figure(what, "calls", calls, floor, "the least possible", GOALS[name] / floor)
        if rival[name]:
            yield Figure(what, "calls", calls, rival[name], RIVAL)


def _phases(services: Services, sandbox: Sandbox, watch: Watch, count: int) -> Iterator[tuple[str, int, int]]:
    calendar = sandbox.calendar.state
    calendar.add_workspace(_WORKSPACE, "Bench", "pro", "UTC")
    sandbox.hubspot.state.add_owner("hanna@acme.example")  # the host of all bookings
    calendar.book(_WORKSPACE)
    _run(services, sandbox)  # the first change of all makes the properties, once in a portal's life
    watch.wait_for_the_next_run()
    ids = [calendar.book(_WORKSPACE)["id"] for _ in range(count)]
    yield "new", *_run(services, sandbox)
    watch.wait_for_the_next_run()
    moved_to = datetime.now(UTC) + timedelta(days=30)
    for booking_id in ids:
        calendar.reschedule_in_place(booking_id, moved_to)
    yield "rescheduled", *_run(services, sandbox)
    watch.wait_for_the_next_run()
    for booking_id in ids:
        calendar.cancel(booking_id, by="invitee", reason="bench")
    yield "cancelled", *_run(services, sandbox)
    watch.wait_for_the_next_run()
    yield "unchanged", *_run(services, sandbox)


def _run(services: Services, sandbox: Sandbox) -> tuple[int, int]:
    before = len(sandbox.hubspot.history)
    reconciled(services)
    made = sandbox.hubspot.history[before:]
    return len(made), sum(one.is_write for one in made)
