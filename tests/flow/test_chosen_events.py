"""Which events are passed on, and what becomes of what was passed on before; the meeting type of the settings."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from booking_sync.store.access_tables import settings_history
from booking_sync.store.tables import change
from tests.flow.planting import found
from tests.flow.scene import Scene

SALES = {"id": "ev_sales", "name": "Sales call"}
SUPPORT = {"id": "ev_support", "name": "Support call"}


@pytest.mark.parametrize(
    "settings",
    [
        {"events_exclude": ["ev_support"]},
        {"events_exclude": ["support CALL"]},
        {"events_include": ["ev_sales"]},
        {"events_include": ["ev_sales", "ev_support"], "events_exclude": ["Support call"]},
    ],
)
def test_a_booking_of_an_excluded_event_is_counted_and_not_passed_on(
    scene: Scene, settings: dict[str, list[str]]
) -> None:
    scene.choose(**settings)
    sales, support = scene.book(event=SALES), scene.book(event=SUPPORT)
    report = scene.run()
    assert len(scene.activities(sales)) == 1
    assert scene.activities(support) == []
    assert (report.counts["create"], report.counts["excluded"]) == (1, 1)
    assert "1 excluded" in report.note
    scene.assert_repeating_writes_nothing()


def test_what_was_passed_on_before_its_event_was_excluded_is_left_alone(scene: Scene) -> None:
    moved, canceled = scene.book(event=SUPPORT), scene.book(event=SUPPORT)
    scene.run()
    before = scene.hubspot.activities()
    scene.choose(events_exclude=["ev_support"])
    scene.move(moved, 40)
    scene.calendar.cancel(canceled)
    report = scene.run()
    assert scene.hubspot.activities() == before
    assert report.counts["excluded"] == 2


def test_nothing_of_an_excluded_event_counts_as_missing_or_outdated(scene: Scene) -> None:
    known = scene.book(event=SUPPORT)
    scene.run()
    scene.choose(events_exclude=["ev_support"])
    scene.calendar.edit(known, description="Newer")
    scene.book(event=SUPPORT)
    scene.run()
    scene.clock.advance(3600)
    scene.run()
    assert found(scene) == {}  # D5


def test_an_event_that_is_let_in_again_counts_from_the_next_change_on(scene: Scene) -> None:
    booking_id = scene.book(event=SUPPORT)
    scene.run()
    scene.choose(events_exclude=["ev_support"])
    scene.move(booking_id, 40)
    new_id = scene.book(event=SUPPORT)
    scene.run()
    scene.choose()
    scene.calendar.edit(booking_id, description="Newer")
    scene.calendar.edit(new_id, description="Newer")
    scene.run()
    scene.everything_is_right()


def test_a_change_that_waits_is_given_up_when_its_event_is_excluded(scene: Scene) -> None:
    scene.choose()
    booking_id = scene.book(event=SUPPORT)
    scene.switches.fail_before(400, path="/meetings/batch/create")
    scene.run(may_be_red=True)
    scene.choose(events_exclude=["ev_support"])
    assert scene.writes_of(scene.run) == []
    assert scene.activities(booking_id) == []
    assert scene.rows(select(change.c.state)) == [{"state": "superseded"}]


def test_a_meeting_type_of_the_portal_is_set(scene: Scene) -> None:
    scene.choose(activity_type="Demo")
    booking_id = scene.book()
    scene.run()
    assert scene.shown(booking_id)["hs_activity_type"] == "Demo"  # A5
    scene.assert_repeating_writes_nothing()


def test_a_meeting_type_that_the_portal_does_not_have_is_left_out_and_told(scene: Scene) -> None:
    scene.choose(activity_type="Rehearsal")
    ids = [scene.book() for _ in range(12)]
    report = scene.run()
    assert all("hs_activity_type" not in scene.shown(booking_id) for booking_id in ids)  # A5
    assert report.note.count("activity_type_unknown") == 1
    assert "and 11 more: activity_type_unknown" in report.note
    scene.everything_is_right()


def test_a_meeting_type_is_used_by_the_next_change_of_a_booking_and_not_before(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.choose(activity_type="Demo")
    assert scene.writes_of(scene.run) == []  # W2
    scene.calendar.edit(booking_id, description="Newer")
    scene.run()
    assert scene.shown(booking_id)["hs_activity_type"] == "Demo"  # A5
    (row,) = scene.rows(select(settings_history.c.changed_by, settings_history.c.after))
    assert row == {"changed_by": "ada", "after": {"activity_type": "Demo"}}
