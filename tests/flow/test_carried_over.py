"""What people added in HubSpot survives a reschedule; what they changed does not, and is told (R5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync import carry_over, standing
from booking_sync.store.tables import audit
from tests.flow.planting import found
from tests.flow.scene import Scene

ADA = "ada@example.com"
NOTES = "hs_internal_meeting_notes"
OTHERS = ("companies", "deals", "tickets")
BY_BOTH_WAYS = pytest.mark.parametrize("by_new_id", [False, True], ids=["in place", "by a new id"])


def synced(scene: Scene) -> str:
    booking_id = scene.book(invitees=[ADA])
    scene.run()
    return booking_id


def add_by_hand(scene: Scene, booking_id: str) -> dict[str, list[str]]:
    """Associate a company, a deal, a ticket and a colleague, and type notes; return what was added."""
    activity_id = scene.activity(booking_id)["id"]
    added = {kind: [scene.hubspot.add_record(kind)] for kind in OTHERS}
    added["contacts"] = [scene.hubspot.add_contact(email="colleague@example.com")]
    for kind, ids in added.items():
        scene.hubspot.associate("meetings", activity_id, kind, ids[0])
    scene.hubspot.edit_activity(activity_id, **{NOTES: "<p>Ask about the budget</p>"})
    return added


def move(scene: Scene, booking_id: str, *, by_new_id: bool = False) -> str:
    if by_new_id:
        return scene.move_to_new(booking_id, 40)
    scene.move(booking_id, 40)
    return booking_id


def associated(scene: Scene, booking_id: str) -> dict[str, list[str]]:
    """Return what is on the booking's activity, without its invitee."""
    found_there: dict[str, Any] = scene.activity(booking_id)["associations"]
    ada = scene.hubspot.contact_by_email(ADA)
    gone = ada["id"] if ada else None
    return {kind: [one for one in ids if one != gone] for kind, ids in found_there.items() if ids}


def assert_carried(scene: Scene, booking_id: str, added: dict[str, list[str]]) -> None:
    assert associated(scene, booking_id) == added  # R5
    assert scene.shown(booking_id)[NOTES] == "<p>Ask about the budget</p>"
    assert ADA in scene.emails_on(booking_id)


def test_what_was_read_of_more_activities_than_are_kept_is_read_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    deals = {synced(scene): scene.hubspot.add_record("deals") for _ in range(3)}
    for booking_id, deal in deals.items():
        scene.hubspot.associate("meetings", scene.activity(booking_id)["id"], "deals", deal)
        move(scene, booking_id)
    monkeypatch.setattr(carry_over, "MOST_READ_AHEAD", 1)
    monkeypatch.setattr(standing, "MOST_SEEN", 1)
    assert scene.run().counts["recreate"] == 3
    assert {booking_id: associated(scene, booking_id)["deals"] for booking_id in deals} == {
        booking_id: [deal] for booking_id, deal in deals.items()
    }
    scene.everything_is_right()


@BY_BOTH_WAYS
def test_fault_058_what_people_added_is_carried_to_the_new_activity(scene: Scene, *, by_new_id: bool) -> None:
    booking_id = synced(scene)
    added = add_by_hand(scene, booking_id)
    now_id = move(scene, booking_id, by_new_id=by_new_id)
    report = scene.run()
    assert report.counts["recreate"] == 1
    assert_carried(scene, now_id, added)
    assert "edited_in_hubspot" not in report.note
    created = select(audit.c.after).where(audit.c.action == "create", audit.c.object_type == "activity")
    row = scene.rows(created.order_by(audit.c.id))[-1]
    assert len(row["after"]["carried_over"]) == 4  # W7
    assert found(scene) == {}
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_it_is_carried_over_again_by_the_next_reschedule(scene: Scene) -> None:
    booking_id = synced(scene)
    added = add_by_hand(scene, booking_id)
    for hours in (40, 60, 80):
        scene.move(booking_id, hours)
        scene.run()
    assert_carried(scene, booking_id, added)


@pytest.mark.parametrize("marker_mode", ["allowed", "ignored"])
@pytest.mark.parametrize("lost", ["commit_then_hang", "drop_before"])
@pytest.mark.parametrize("path", ["/meetings/batch/create", "/meetings/batch/archive"])
def test_a_lost_answer_loses_nothing_of_it(scene: Scene, lost: str, path: str) -> None:
    booking_id = synced(scene)
    added = add_by_hand(scene, booking_id)
    scene.move(booking_id, 40)
    getattr(scene.switches, lost)(path=path, writes_only=True)
    scene.run()
    scene.run_after_quiet_time()
    assert_carried(scene, booking_id, added)
    assert len(scene.activities(booking_id)) == 1  # A6
    scene.assert_repeating_writes_nothing()


def test_what_is_removed_in_the_same_moment_does_not_stop_the_reschedule(scene: Scene) -> None:
    booking_id = synced(scene)
    added = add_by_hand(scene, booking_id)
    scene.move(booking_id, 40)
    deals = scene.hubspot.portal().store.records["deals"]

    def hook(entry: Any, phase: str) -> None:
        if phase == "before" and "meetings/batch/create" in entry.path:
            for record in deals.values():
                record.archived_at = scene.clock.now
            scene.hubspot.request_hook = None

    scene.hubspot.request_hook = hook
    scene.run()
    assert associated(scene, booking_id) == {kind: ids for kind, ids in added.items() if kind != "deals"}


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"hs_meeting_title": "Mine"}, "title"),
        ({"hs_meeting_start_time": "2026-05-01T09:00:00Z", "hs_timestamp": "2026-05-01T09:00:00Z"}, "start"),
        ({"hs_meeting_end_time": "2026-05-01T09:00:00Z"}, "end"),
        ({"hs_meeting_body": "<p>Mine</p>"}, "body"),
        ({"hs_meeting_outcome": "COMPLETED"}, "outcome"),
    ],
)
def test_fault_057_what_people_changed_is_not_carried_over_and_told_once(
    scene: Scene, edit: dict[str, str], told: str
) -> None:
    booking_id = synced(scene)
    activity_id = scene.activity(booking_id)["id"]
    scene.hubspot.edit_activity(activity_id, **edit)
    scene.move(booking_id, 40)
    note = scene.run().note
    assert f"{booking_id}: edited_in_hubspot: {told} of activity {activity_id}; not carried over" in note  # R5
    scene.everything_is_right()
    assert "edited_in_hubspot" not in scene.run().note


def test_an_activity_that_nobody_touched_counts_as_untouched_whatever_happened_to_its_booking(scene: Scene) -> None:
    booking_id = synced(scene)
    scene.calendar.cancel(booking_id)
    scene.run()
    scene.calendar.uncancel(booking_id)
    scene.calendar.edit(booking_id, description="Newer")
    scene.move(booking_id, 40)
    assert "edited_in_hubspot" not in scene.run().note


def test_a_removed_invitee_is_not_taken_for_somebody_whom_people_added(scene: Scene) -> None:
    booking_id = scene.book(invitees=[ADA, "grace@example.com"])
    scene.run()
    invitee = scene.calendar.booking(booking_id)["invitees"][1]
    scene.calendar.cancel_invitee(booking_id, invitee["id"])
    scene.move(booking_id, 40)
    scene.run()
    assert scene.emails_on(booking_id) == [ADA]


@pytest.mark.parametrize("what", ["merged", "merged and renamed", "deleted", "renamed"])
def test_an_invitee_whose_contact_is_not_what_it_was_is_found_or_made_again(scene: Scene, what: str) -> None:
    booking_id = synced(scene)
    (ada,) = scene.hubspot.contacts()
    expected: str | None = ada["id"]
    if what.startswith("merged"):
        keep = scene.hubspot.add_contact(email="countess@example.com")
        expected = scene.hubspot.merge_contacts(keep, ada["id"])
        if what.endswith("renamed"):
            scene.hubspot.edit_contact(expected, hs_additional_emails="")
    elif what == "renamed":
        scene.hubspot.edit_contact(ada["id"], email="countess@example.com")
    else:
        scene.hubspot.delete_contact(ada["id"])
        expected = None
    scene.move(booking_id, 40)
    scene.run()
    on_it = scene.activity(booking_id)["contact_ids"]
    assert len(on_it) == 1  # C8
    assert on_it == [expected] if expected else on_it != [ada["id"]]
    assert len(scene.hubspot.contacts()) == 1
    scene.assert_repeating_writes_nothing()


def test_many_reschedules_read_the_associations_once(scene: Scene) -> None:
    ids = [scene.book(invitees=[f"ada{number}@example.com"]) for number in range(130)]
    scene.run()
    for booking_id in ids:
        scene.move(booking_id, 40)
    settings = replace(scene.services.settings, guard_recreates_percent=100.0)
    services = replace(scene.services, settings=settings)
    before = services.hubspot_requests.requests
    scene.run(services=services)
    calls = services.hubspot_requests.requests - before
    assert calls == 4 + 2 + 2 + 2 + 1 + 1 + 3  # associations; looks, creations, archives; owners, whose key; the sweep


def test_what_may_not_be_looked_at_is_left_behind_and_told(scene: Scene) -> None:  # R5
    booking_id = synced(scene)
    added = add_by_hand(scene, booking_id)
    scene.switches.missing_scopes = {"crm.objects.deals.read", "tickets"}
    move(scene, booking_id)
    report = scene.run()
    assert report.counts["recreate"] == 1
    assert_carried(scene, booking_id, {kind: ids for kind, ids in added.items() if kind not in ("deals", "tickets")})
    assert "not_carried_over: deals, tickets" in report.note
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_an_activity_that_hubspot_takes_without_its_attachments_only_is_made_without_them(scene: Scene) -> None:  # R5
    booking_id, other_id = synced(scene), scene.book(invitees=["bob@example.com"])
    scene.run()
    added = add_by_hand(scene, booking_id)
    for one in (booking_id, other_id):
        move(scene, one)
    refusal = '{"status":"error","category":"MISSING_SCOPES","message":"no"}'
    scene.switches.answer(403, refusal, path="/meetings/batch/create")
    report = scene.run()
    assert report.counts["recreate"] == 2
    assert associated(scene, booking_id) == {"contacts": added["contacts"]}
    assert "not_carried_over" in report.note
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_key_that_may_not_write_at_all_is_told_as_such(scene: Scene) -> None:
    booking_id = synced(scene)
    add_by_hand(scene, booking_id)
    scene.switches.missing_scopes = {"crm.objects.contacts.write"}
    move(scene, booking_id)
    report = scene.run(may_be_red=True)
    assert report.is_red
    assert len(scene.activities(booking_id)) == 1
    scene.switches.missing_scopes = set()
    scene.run()
    scene.everything_is_right()
