"""One bad booking, one bad integration: kept with a reason, tried again, and nothing else is held up."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from booking_sync.store.database import reading
from booking_sync.store.read_tables import kept_booking
from booking_sync.store.tables import change, integration
from tests.flow.scene import WORKSPACE, Scene


def break_booking(scene: Scene, booking_id: str, fields: dict[str, Any]) -> None:
    """Let Calendar.com return a booking that makes no sense."""
    whole = scene.calendar.booking(booking_id)
    newer = {**whole, "version": whole["version"] + 1, **fields}
    scene.calendar.put_raw(WORKSPACE, newer, at=scene.clock.now)
    scene.broken.add(booking_id)


def test_a_broken_booking_whose_last_change_is_unfinished_keeps_the_figures_in_balance(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.move(booking_id, 9)
    scene.switches.fail_before(503, path="meetings/batch/archive")
    scene.run()
    break_booking(scene, booking_id, {"status": "tentative"})
    report = scene.run_after_quiet_time()
    assert f"rejected {booking_id}" in report.note
    assert len(scene.activities(booking_id)) == 1  # what was begun is finished
    assert scene.run().counts["rejected"] == 1


def test_a_booking_that_is_refused_and_changes_is_passed_on_in_its_newest_state(scene: Scene) -> None:
    scene.switches.required_properties["meetings"] = ["hs_meeting_location"]
    booking_id = scene.book(location=None)
    scene.run(may_be_red=True)
    scene.calendar.edit(booking_id, location={"kind": "custom", "value": "Room 1", "join_url": None})
    scene.run()
    scene.everything_is_right()
    states = [row["state"] for row in scene.rows(select(change.c.state).order_by(change.c.planned_at))]
    assert states == ["superseded", "done"]


def test_one_integration_that_cannot_be_read_does_not_stop_the_other(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Other")
    mine, other = scene.book(), scene.calendar.book("ws_2")["id"]
    scene.sandbox.calendar.switches.fail(500, path="/ws_2/", count=100)
    report = scene.run(may_be_red=True)
    assert report.is_red
    assert [len(scene.activities(one)) for one in (mine, other)] == [1, 0]  # W6
    scene.sandbox.calendar.switches.faults.clear()
    scene.run()
    assert len(scene.activities(other)) == 1
    scene.everything_is_right()


def test_the_reason_of_a_failure_holds_no_personal_data(scene: Scene) -> None:
    scene.switches.required_properties["contacts"] = ["company"]
    scene.book(invitees=[{"name": "Ada Lovelace", "email": "ada@example.com"}])
    report = scene.run(may_be_red=True)
    assert not [one for one in ("ada lovelace", "ada@") if one in report.note.lower()]
    assert "contact_refused: MISSING_REQUIRED_PROPERTY" in report.note
    assert scene.rows(select(integration.c.state)) == [{"state": "connected"}]


def test_a_booking_that_waits_for_long_keeps_one_row(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.move(booking_id, 9)
    scene.switches.fail_before(503, path="meetings/batch/create")
    scene.run()
    for _ in range(3):
        assert scene.run().counts["kept"] == 1  # the lost answer rests
    with reading(scene.services.engine) as connection:
        rows = connection.execute(select(kept_booking.c.is_open).where(kept_booking.c.booking_id == booking_id)).all()
    assert [row.is_open for row in rows] == [True]
    scene.run_after_quiet_time()
    scene.everything_is_right()
