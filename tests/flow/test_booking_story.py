"""The story of a booking as runs leave it behind, what a run now would do with it, and how it is found."""

from __future__ import annotations

import pytest

from booking_sync.booking_outlook import Outlook, Source, outlook_of
from booking_sync.booking_search import find_bookings, find_bookings_of_invitee
from booking_sync.booking_story import Story, story_of
from booking_sync.decision import NoChange
from booking_sync.erase import erase_invitee
from booking_sync.pausing import pause
from booking_sync.states import Operation
from booking_sync.store import integrations
from booking_sync.store.database import reading
from booking_sync.store.integrations import Integration
from tests.flow.scene import WORKSPACE, Scene

ADA = {"id": "in_1", "name": "Ada Lovelace", "email": "ada@example.com"}


def the_integration(scene: Scene) -> Integration:
    with reading(scene.services.engine) as connection:
        (found,) = integrations.all_integrations(connection)
    return found


def story(scene: Scene, booking_id: str) -> Story:
    return story_of(scene.services, the_integration(scene).id, booking_id)


def outlook(scene: Scene, booking_id: str) -> Outlook:
    return outlook_of(scene.services, the_integration(scene), booking_id)


def told(scene: Scene, booking_id: str) -> list[str]:
    return [sentence for one in story(scene, booking_id).moments for sentence in (one.title, *one.details)]


def test_a_story_tells_what_was_decided_sent_and_recorded_in_the_order_of_time(scene: Scene) -> None:
    booking_id = scene.book(invitees=[ADA])
    scene.run()
    scene.move(booking_id, hours=5)
    scene.run()
    scene.calendar.cancel(booking_id)
    scene.run()

    found = story(scene, booking_id)
    titles = [moment.title for moment in found.moments]

    assert [title for title in titles if title.startswith("Version")] == [
        "Version 1: make an activity",
        "Version 2: make a new activity, then archive the old one",
        "Version 3: mark the activity as cancelled",
    ]
    assert [moment.at for moment in found.moments] == sorted(moment.at for moment in found.moments)
    assert titles.count("Done and recorded") == 3
    assert found.state == "canceled"
    assert found.activity_id == scene.activity(booking_id)["id"]
    assert any("(rule R1)" in sentence for sentence in told(scene, booking_id))
    archived = scene.activities(booking_id, include_archived=True)[0]["id"]
    assert f"Activity {archived} is in HubSpot's recycle bin." in told(scene, booking_id)
    assert any(sentence.startswith("Fields: calendar_booking_id") for sentence in told(scene, booking_id))
    assert all(moment.run is not None and moment.run.requested_by == "ada" for moment in found.moments)
    assert "Lovelace" not in str(found.moments)
    assert "example.com" not in str(found.moments)


@pytest.mark.parametrize(
    ("known_as", "sentence"),
    [
        ({}, "New contact {id}: HubSpot had none with this address."),
        (
            {"email": "ADA@example.com"},
            "Existing contact {id} found by its e-mail address, therefore nothing on it was changed.",
        ),
        (
            {"email": "countess@example.com", "hs_additional_emails": "x@example.com;ada@example.com"},
            "Existing contact {id} found by secondary e-mail address, therefore nothing on it was changed.",
        ),
    ],
)
def test_a_story_says_how_each_contact_was_come_by(  # C1, C2, C3
    scene: Scene, known_as: dict[str, str], sentence: str
) -> None:
    if known_as:
        scene.hubspot.add_contact(**known_as)
    booking_id = scene.book(invitees=[ADA])
    scene.run()

    (contact_id,) = scene.activity(booking_id)["contact_ids"]
    assert sentence.format(id=contact_id) in told(scene, booking_id)


def test_a_version_that_needs_no_change_is_told_once_and_without_a_write_of_its_own(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.clock.advance(60)
    scene.calendar.edit(booking_id)
    scene.run()
    seen_at = scene.clock()
    scene.clock.advance(60)
    scene.run()
    moments = story(scene, booking_id).moments

    (seen,) = [moment for moment in moments if "nothing to change" in moment.title]
    assert (seen.title, seen.at) == ("Version 2: nothing to change", seen_at)
    assert moments[-1] == seen
    scene.move(booking_id, 5)
    scene.run()
    assert seen in story(scene, booking_id).moments
    scene.everything_is_right()


def test_a_booking_that_hubspot_refuses_again_and_again_tells_why_and_how_often(scene: Scene) -> None:
    scene.switches.required_properties["meetings"] = ["hs_meeting_location"]
    booking_id = scene.book(location=None)
    for _ in range(5):
        scene.run(may_be_red=True)

    titles = [moment.title for moment in story(scene, booking_id).moments]

    assert titles.count("Not carried out; a later run tried again") == 1
    assert titles.count("Tried 3 more times, with the same end") == 1
    assert titles[-1] == "Not carried out; the next run decides anew"
    assert any("HubSpot refuses it: " in sentence for sentence in told(scene, booking_id))
    assert outlook(scene, booking_id).verdict is Operation.CREATE


def test_a_booking_that_cannot_be_understood_tells_which_field_and_that_it_is_read_again(scene: Scene) -> None:
    booking_id = scene.book()
    scene.calendar.put_raw(WORKSPACE, scene.calendar.booking(booking_id) | {"status": "tentative"}, at=scene.clock.now)
    scene.broken.add(booking_id)
    scene.run()

    assert any(sentence.startswith("status") for sentence in told(scene, booking_id))
    assert "Every run reads it again." in told(scene, booking_id)
    assert outlook(scene, booking_id).is_rejected


def test_what_a_run_now_would_do_is_what_the_next_run_does(scene: Scene) -> None:
    stays, moved, canceled = scene.book(), scene.book(), scene.book()
    scene.run()
    scene.move(moved, hours=5)
    scene.calendar.cancel(canceled)
    new = scene.book()

    expected = {id_: outlook(scene, id_).verdict for id_ in (stays, moved, canceled, new)}
    report = scene.run()

    assert expected == {
        stays: NoChange.UNCHANGED,
        moved: Operation.RECREATE,
        canceled: Operation.CANCEL,
        new: Operation.CREATE,
    }
    assert {name: count for name, count in report.counts.items() if name in ("create", "recreate", "cancel")} == {
        "create": 1,
        "recreate": 1,
        "cancel": 1,
    }


def test_what_a_run_now_would_do_follows_reschedules_by_new_id_on_both_ends(scene: Scene) -> None:  # R2
    first = scene.book()
    scene.run()
    second = scene.move_to_new(first, hours=4)
    third = scene.move_to_new(second, hours=6)

    assert outlook(scene, third).verdict is Operation.RECREATE
    assert outlook(scene, third).reason == f"rescheduled from booking {first}"
    assert outlook(scene, second).verdict is NoChange.SUPERSEDED
    assert outlook(scene, first).verdict is NoChange.SUPERSEDED


def test_what_a_run_now_would_do_says_so_where_calendar_does_not_answer(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.sandbox.calendar.switches.answer(401, count=10)

    found = outlook(scene, booking_id)

    assert (found.verdict, found.source) == (None, Source.NOWHERE)
    assert found.problem
    assert story(scene, booking_id).state == "live"


def test_looking_writes_nothing_anywhere(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.move(booking_id, hours=7)

    assert scene.writes_of(lambda: (outlook(scene, booking_id), story(scene, booking_id))) == []
    assert len(scene.activities(booking_id, include_archived=True)) == 1


def test_a_booking_is_found_by_its_own_id_and_by_any_activity_it_has_had(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.move(booking_id, hours=5)
    scene.run()

    place = [(the_integration(scene).id, booking_id)]
    old, new = (one["id"] for one in scene.activities(booking_id, include_archived=True))
    assert find_bookings(scene.services, booking_id) == place
    assert find_bookings(scene.services, old) == place
    assert find_bookings(scene.services, new) == place
    assert find_bookings(scene.services, "nothing") == []


def test_a_booking_is_found_by_the_address_of_its_invitee_also_while_it_waits(scene: Scene) -> None:
    eve = ADA | {"email": "eve@example.com"}
    known, unknown = scene.book(invitees=[ADA]), scene.book(invitees=[eve])
    scene.run()
    scene.switches.required_properties["meetings"] = ["hs_meeting_location"]
    waiting = scene.book(invitees=[ADA | {"email": "Ada@Example.com"}], location=None)
    scene.run(may_be_red=True)

    found = find_bookings_of_invitee(scene.services, " ADA@example.com")

    assert found == sorted((the_integration(scene).id, id_) for id_ in (known, waiting))
    assert find_bookings_of_invitee(scene.services, "eve@example.com") == [(the_integration(scene).id, unknown)]
    assert find_bookings_of_invitee(scene.services, "not an address") == []


def test_erasing_a_person_takes_their_contact_out_of_the_story(scene: Scene) -> None:
    booking_id = scene.book(invitees=[ADA])
    scene.run()
    (contact_id,) = scene.activity(booking_id)["contact_ids"]
    assert any(contact_id in sentence for sentence in told(scene, booking_id) if "contact" in sentence.lower())

    erase_invitee(scene.services, "ada@example.com", person="ann")

    assert not any("New contact" in sentence for sentence in told(scene, booking_id))
    assert find_bookings_of_invitee(scene.services, "ada@example.com") == []


def test_a_paused_integration_is_told(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    pause(scene.services, the_integration(scene).id, person="ann", reason="audit week")

    assert outlook(scene, booking_id).why_idle == "paused by ann: audit week"
