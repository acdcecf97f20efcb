"""Fault 33: the mapped activity does not exist any more when it is to be written."""

from __future__ import annotations

import json

import pytest

from tests.faults.ways import UPDATE
from tests.flow.scene import Scene


@pytest.mark.parametrize("marker_mode", ["allowed", "ignored"])
@pytest.mark.parametrize("change", ["renamed", "cancelled"])
def test_fault_033_an_activity_that_is_gone_is_made_again_by_a_real_change(scene: Scene, change: str) -> None:
    booking_id = scene.book()
    scene.run()
    scene.hubspot.delete_activity(scene.activity(booking_id)["id"])
    if change == "renamed":
        scene.calendar.edit(booking_id, event_name="Renamed")
    else:
        scene.calendar.cancel(booking_id)
    scene.run()
    assert len(scene.activities(booking_id)) == 1  # D3
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_033_a_404_for_the_whole_write_is_looked_into_and_makes_nothing_twice(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.calendar.edit(booking_id, event_name="Renamed")
    scene.switches.answer(404, json.dumps({"category": "OBJECT_NOT_FOUND"}), path=UPDATE)
    report = scene.run(may_be_red=True)
    assert report.counts["kept"] == 1
    scene.run_after_quiet_time()
    assert len(scene.activities(booking_id, include_archived=True)) == 1
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()
