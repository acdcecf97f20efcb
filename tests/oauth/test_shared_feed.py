"""A platform key: many workspaces are read by requests per change, not per workspace."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking_sync.shared_feed import WORTH_IT_FROM
from tests.flow.scene import Scene

MANY = 4 * WORTH_IT_FROM


@pytest.fixture
def platform(single: Scene) -> Scene:
    """Twenty workspaces under one key."""
    for number in range(1, MANY):
        single.calendar.add_workspace(f"ws_x{number}", f"Team {number}")
    single.run()
    return single


def reads_of(scene: Scene, **how: object) -> list[str]:
    before = len(scene.sandbox.calendar.history)
    scene.run(**how)
    return [entry.path for entry in scene.sandbox.calendar.history[before:] if entry.path.endswith("/bookings")]


def test_many_workspaces_are_read_together(platform: Scene) -> None:
    ids = {platform.calendar.book(workspace_id)["id"] for workspace_id in ("ws_1", "ws_x1", f"ws_x{MANY - 1}")}
    assert set(reads_of(platform)) == {"/e/v1/bookings"}
    assert [len(platform.activities(one)) for one in ids] == [1, 1, 1]
    assert len(reads_of(platform)) == 1
    platform.assert_repeating_writes_nothing()


def test_the_calls_add_up(platform: Scene) -> None:
    before = len(platform.sandbox.calendar.history)
    report = platform.run()
    assert report.counts["calendar_calls"] == len(platform.sandbox.calendar.history) - before


def test_a_booking_that_belongs_nowhere_has_every_workspace_read_by_itself(platform: Scene) -> None:
    booking_id = platform.book()
    whole = platform.calendar.booking(booking_id)
    broken = {**whole, "version": whole["version"] + 1, "workspace_id": None}
    platform.calendar.put_raw("ws_1", broken, at=platform.clock.now)
    report = platform.run()
    assert f"rejected {booking_id}: workspace_id" in report.note  # W6


def test_a_feed_that_cannot_be_read_costs_nothing_but_requests(platform: Scene) -> None:
    booking_id = platform.book()
    platform.sandbox.calendar.switches.fail(403, path="/v1/bookings", count=100)
    platform.run()
    platform.sandbox.calendar.switches.faults.clear()
    assert len(platform.activities(booking_id)) == 1


def test_one_that_catches_up_reads_by_itself(platform: Scene) -> None:
    platform.clock.advance(timedelta(days=3).total_seconds())
    assert "/e/v1/bookings" not in reads_of(platform)
    assert set(reads_of(platform)) == {"/e/v1/bookings"}
