"""Fifty workspaces with a portal each: no record goes to a neighbour's portal, and no portal waits for another (W6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from booking_sandbox.faults import ENDLESS
from booking_sandbox.history import HistoryEntry
from tests.oauth.portals_scene import PortalsScene

COUNT = 50
FIRST_ID = 1_000_001
PORTALS = range(FIRST_ID, FIRST_ID + COUNT)
UNINSTALLED, SLOW, STORMY, LOST = PORTALS[3], PORTALS[7], PORTALS[11], PORTALS[20]


def workspace_of(portal_id: int) -> str:
    return f"team_{portal_id}"


def booking_of(portal_id: int, day: int) -> str:
    return f"bk_{portal_id}_{day}"


@pytest.fixture
def fifty(portals: PortalsScene) -> PortalsScene:
    """The scene with fifty more workspaces, all connected."""
    for portal_id in PORTALS:
        portals.calendar.add_workspace(workspace_of(portal_id), f"Team {portal_id}")
        portals.hubspot.add_portal(portal_id, f"pat-{portal_id}", name=f"Portal {portal_id}")
        portals.grant_and_connect(workspace_of(portal_id), portal_id)
    portals.clock.advance(60)
    return portals


def book_everywhere(portals: PortalsScene, day: int) -> None:
    for portal_id in PORTALS:
        portals.calendar.book(workspace_of(portal_id), booking_id=booking_of(portal_id, day))


def bookings_in(portals: PortalsScene, portal_id: int) -> list[str]:
    shown = portals.hubspot.activities(portal_id=portal_id)
    return sorted(one["properties"]["calendar_booking_id"] for one in shown)


def booking_ids_sent(entry: HistoryEntry) -> Iterator[str]:
    for one in (entry.body or {}).get("inputs", []):
        if "calendar_booking_id" in one.get("properties", {}):
            yield one["properties"]["calendar_booking_id"]


def assert_nothing_went_to_a_neighbour(portals: PortalsScene) -> None:
    for portal_id in PORTALS:
        sent = [
            booking_id
            for entry in portals.sandbox.hubspot.history.of_portal(portal_id)
            for booking_id in booking_ids_sent(entry)
        ]
        assert {one.rpartition("_")[0] for one in sent} <= {f"bk_{portal_id}"}


def calls_and_wait(portals: PortalsScene, day: int) -> tuple[int, float]:
    """Book once more everywhere and run; return the calls to all but one portal, and the seconds waited."""
    book_everywhere(portals, day)
    before, began = len(portals.sandbox.hubspot.history), portals.clock.now
    portals.run(may_be_red=True)
    served = [entry.portal_id for entry in portals.sandbox.hubspot.history[before:]]
    others = [portal_id for portal_id in served if portal_id not in {None, UNINSTALLED}]
    return len(others), (portals.clock.now - began).total_seconds()


def test_fault_049_one_broken_one_slow_and_one_in_a_storm_hold_up_nobody(fifty: PortalsScene) -> None:
    calls_and_wait(fifty, 1)  # the first run looks for what was there before
    healthy, waited = calls_and_wait(fifty, 2)
    fifty.hubspot.uninstall_app(portal_id=UNINSTALLED)
    beside_a_broken_one, waited_beside_it = calls_and_wait(fifty, 3)
    assert beside_a_broken_one == healthy
    assert waited_beside_it <= waited * 1.05
    fifty.switches.slow(0.02, portal_id=SLOW, count=ENDLESS)
    fifty.switches.storm(1.0, portal_id=STORMY)
    fifty.switches.commit_then_hang(portal_id=LOST, path="meetings/batch/create")
    calls_and_wait(fifty, 4)
    behind = {UNINSTALLED: 2, STORMY: 3}
    for portal_id in PORTALS:
        days = range(1, 1 + behind.get(portal_id, 4))
        assert bookings_in(fifty, portal_id) == [booking_of(portal_id, day) for day in days]
    fifty.switches.faults.clear()
    fifty.grant_and_connect(workspace_of(UNINSTALLED), UNINSTALLED)
    fifty.run_after_quiet_time()
    assert {len(bookings_in(fifty, one)) for one in PORTALS} == {4}
    fifty.assert_repeating_writes_nothing()
    assert_nothing_went_to_a_neighbour(fifty)
