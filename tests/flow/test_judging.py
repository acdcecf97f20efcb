"""What tests and rehearsal judge by finds what is wrong, in a world that was right before."""

from __future__ import annotations

from proof import ledger, oracle
from sqlalchemy import delete

from booking_sync.store.database import writing
from booking_sync.store.tables import audit
from tests.flow.scene import WORKSPACE, Scene

WRONG = {
    "hs_meeting_title": "Meeting - Calendar.com: another",
    "hs_meeting_outcome": "CANCELED",
    "calendar_event_name": "another",
    "hs_timestamp": "2026-03-03T09:00:01Z",
    "hs_meeting_start_time": "2026-03-03T09:00:01Z",
    "hs_meeting_end_time": "2026-03-03T11:00:01Z",
    "calendar_event_duration": "1",
    "hs_meeting_body": "nothing",
}


def mistakes(scene: Scene) -> list[str]:
    return oracle.mirroring_mistakes(scene.sandbox, WORKSPACE, ())


def test_every_wrong_property_is_found(scene: Scene) -> None:
    booking_id = scene.book(start_at=scene.at(9))
    scene.run()
    activity = scene.activity(booking_id)
    for name, value in WRONG.items():
        scene.hubspot.edit_activity(activity["id"], **{name: value})
        assert mistakes(scene), name
        scene.hubspot.edit_activity(activity["id"], **{name: activity["properties"][name]})
        assert mistakes(scene) == []


def test_a_missing_and_a_second_activity_and_a_missing_contact_are_found(scene: Scene) -> None:
    missing, second, lonely = (scene.book(start_at=scene.at(hours)) for hours in (9, 10, 11))
    scene.run()
    scene.hubspot.delete_activity(scene.activity(missing)["id"])
    clone = scene.hubspot.clone_activity(scene.activity(second)["id"])
    scene.hubspot.edit_activity(clone, calendar_booking_key="another")
    activity = scene.activity(lonely)
    scene.hubspot.dissociate("meetings", activity["id"], "contacts", activity["contact_ids"][0])
    assert sorted(mistakes(scene)) == sorted(
        [
            f"{missing} (scheduled) has 0 activities",
            f"{second} (scheduled) has 2 activities",
            f"{lonely} (scheduled) lacks the contact {activity['contact_ids'][0]}",
        ]
    )


def test_a_write_without_an_audit_row_and_a_row_without_a_write_are_found(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    with writing(scene.services.engine) as connection:
        connection.execute(delete(audit).where(audit.c.booking_id == booking_id, audit.c.action == "create"))
    (told,) = ledger.audit_mistakes(scene.services.engine, scene.sandbox, is_exact=True)
    assert told.startswith("written without an audit row")
    scene.sandbox.hubspot.history.clear()
    (told,) = ledger.audit_mistakes(scene.services.engine, scene.sandbox, is_exact=True)
    assert told.startswith("audited, but not in HubSpot")
