"""Fault 16: a request that seemed lost lands after all, before or after it was sent again (A6, W3)."""

from __future__ import annotations

import pytest

from tests.flow.planting import settled
from tests.flow.scene import QUIET_SECONDS, Scene

QUARTER_HOUR = 900.0
BOTH_PORTALS = pytest.mark.parametrize("marker_mode", ["allowed", "ignored"])
LATE = pytest.mark.parametrize("seconds", [30.0, 300.0, QUIET_SECONDS + 120, 3 * QUIET_SECONDS, 20_000.0])


def run_a_few_times(scene: Scene, times: int = 4) -> None:
    for _ in range(times):
        scene.clock.advance(QUARTER_HOUR)
        scene.run()


@BOTH_PORTALS
@LATE
def test_fault_016_a_creation_that_lands_late_leaves_one_activity(scene: Scene, seconds: float) -> None:
    settled(scene, 1)
    scene.switches.late_landing(seconds, path="/meetings/batch/create")
    booking_id = scene.book()
    scene.run()
    run_a_few_times(scene)
    scene.clock.advance(seconds)
    scene.has_exact_audit = False  # the request that landed late was recorded as not carried out
    run_a_few_times(scene, 2)
    assert len(scene.activities(booking_id)) == 1  # A6
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@BOTH_PORTALS
@LATE
def test_fault_016_an_update_that_lands_late_does_not_stay(scene: Scene, seconds: float) -> None:
    (booking_id,) = settled(scene, 1)
    scene.switches.late_landing(seconds, path="/meetings/batch/update")
    scene.calendar.edit(booking_id, event_name="First")
    scene.run()
    scene.calendar.edit(booking_id, event_name="Second")
    run_a_few_times(scene)
    scene.clock.advance(seconds)
    scene.has_exact_audit = False
    run_a_few_times(scene, 2)
    assert scene.shown(booking_id)["calendar_event_name"] == "Second"  # W3
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()
