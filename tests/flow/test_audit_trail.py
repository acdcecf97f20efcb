"""Who did what to HubSpot: one row a write, and what a row may hold."""

from __future__ import annotations

import json

from sqlalchemy import select

from booking_sync.store.tables import audit
from tests.flow.scene import Scene

OF_ACTIVITIES = select(audit).where(audit.c.object_type == "activity").order_by(audit.c.id)


def test_every_write_of_a_bookings_life_has_its_row(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.calendar.edit(booking_id, event_name="Renamed")
    scene.run()
    scene.move(booking_id, 9)
    scene.run()
    scene.calendar.cancel(booking_id)
    scene.run()
    rows = scene.rows(select(audit).where(audit.c.object_type.in_(["activity", "contact"])).order_by(audit.c.id))
    assert [(row["action"], row["object_type"]) for row in rows] == [  # W7
        ("create", "contact"),
        ("create", "activity"),
        ("update", "activity"),
        ("create", "activity"),
        ("archive", "activity"),
        ("cancel", "activity"),
    ]
    assert {row["outcome"] for row in rows} == {"applied"}
    assert {row["requested_by"] for row in rows} == {"ada"}
    assert [row["booking_version"] for row in rows] == [1, 1, 2, 3, 3, 4]
    assert all(row["object_id"] and row["finished_at"] for row in rows)
    assert {row["booking_id"] for row in rows} == {booking_id}


def test_a_row_tells_what_was_before_and_after_without_values(scene: Scene) -> None:
    booking_id = scene.book(invitees=[{"name": "Ada Lovelace", "email": "ada@example.com"}])
    scene.run()
    scene.calendar.edit(booking_id, event_name="Secret project")
    scene.run()
    row = scene.rows(OF_ACTIVITIES.where(audit.c.action == "update"))[0]
    assert "hs_meeting_title" in row["after"]["properties"]  # W7
    assert row["before"]["activity_id"] == row["object_id"]
    told = json.dumps([[str(value) for value in one.values()] for one in scene.rows(select(audit))])
    assert not [word for word in ("Ada", "Lovelace", "example.com", "Secret") if word in told]


def test_a_refused_write_has_a_row_that_says_so(scene: Scene) -> None:
    scene.switches.required_properties["meetings"] = ["hs_meeting_location"]
    scene.book(location=None)
    scene.run(may_be_red=True)
    (row,) = scene.rows(OF_ACTIVITIES)
    assert (row["outcome"], row["error_code"]) == ("refused", "MISSING_REQUIRED_PROPERTY")  # W7


def test_a_lost_write_has_a_row_that_says_sent_until_it_is_known(scene: Scene) -> None:
    scene.book()
    scene.switches.commit_then_status(502, path="meetings/batch/create")
    scene.run()
    assert [row["outcome"] for row in scene.rows(OF_ACTIVITIES)] == ["sent"]  # W7
    scene.run_after_quiet_time()
    assert [row["outcome"] for row in scene.rows(OF_ACTIVITIES)] == ["adopted"]


def test_a_write_that_was_lost_and_not_carried_out_has_one_row_a_try(scene: Scene) -> None:
    scene.book()
    scene.switches.fail_before(503, path="meetings/batch/create")
    scene.run()
    scene.run_after_quiet_time()
    assert [row["outcome"] for row in scene.rows(OF_ACTIVITIES)] == ["not_applied", "applied"]  # W7
