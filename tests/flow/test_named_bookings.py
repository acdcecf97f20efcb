"""A run that names bookings says which of them nobody knows: a typing error must not pass for a quiet success."""

from __future__ import annotations

import pytest

from tests.flow.scene import WORKSPACE, Scene


def test_a_booking_that_no_workspace_has_is_told(scene: Scene) -> None:
    scene.book()
    scene.run()

    report = scene.run(booking_ids=["bk_mistyped"])

    assert "- The booking asked for by id: no workspace of this run has such an id" in report.note


@pytest.mark.parametrize("dry_run", [True, False])
def test_of_several_it_says_how_many_are_unknown(scene: Scene, *, dry_run: bool) -> None:
    known, other = scene.book(), scene.book()

    report = scene.run(booking_ids=[known, "bk_mistyped", other, "bk_gone", known], dry_run=dry_run)

    assert report.counts["read"] == 2
    assert "- 2 of the 4 bookings asked for by id: no workspace of this run has such an id" in report.note


def test_bookings_that_all_came_are_not_remarked_on_whichever_workspace_has_them(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Other")
    known, other = scene.book(), scene.calendar.book("ws_2")["id"]

    assert "asked for by id" not in scene.run(booking_ids=[known, other]).note
    assert "asked for by id" not in scene.run().note


def test_one_that_cannot_be_understood_is_known_all_the_same(scene: Scene) -> None:
    known = scene.book()
    whole = scene.calendar.booking(known)
    scene.calendar.put_raw(WORKSPACE, whole | {"status": "odd", "version": 2}, at=scene.clock.now)

    report = scene.run(booking_ids=[known])

    assert (report.counts["rejected"], "asked for by id" in report.note) == (1, False)


def test_while_calendar_com_cannot_be_asked_nothing_is_said_to_be_unknown(scene: Scene) -> None:
    scene.book()
    scene.run()
    scene.sandbox.calendar.switches.fail(503, path="/bookings", count=100)

    report = scene.run(booking_ids=["bk_mistyped"], may_be_red=True)
    scene.sandbox.calendar.switches.faults.clear()

    assert "asked for by id" not in report.note
