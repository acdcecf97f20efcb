"""Guests, whom invitees add by address: ignored, associated, or made contacts (C7)."""

from __future__ import annotations

import pytest

from tests.flow.planting import found
from tests.flow.scene import Scene

ADA, GUEST = "ada@example.com", "guest@example.org"


def test_guests_are_ignored_by_default(scene: Scene) -> None:
    scene.hubspot.add_contact(email=GUEST)
    booking_id = scene.book(invitees=[ADA], guests=[GUEST, "not an address"])
    assert "no_usable_email" not in scene.run().note
    assert scene.emails_on(booking_id) == [ADA]  # C7
    scene.calendar.edit(booking_id, guests=["other@example.org"])
    assert scene.writes_of(scene.run) == []


@pytest.mark.parametrize("policy", ["associate", "create"])
def test_a_guest_who_is_a_contact_is_associated(scene: Scene, policy: str) -> None:
    known = scene.hubspot.add_contact(email=GUEST, firstname="Gus")
    scene.choose(guests=policy)
    booking_id = scene.book(invitees=[ADA], guests=["Guest@Example.org"])
    scene.run()
    assert scene.emails_on(booking_id) == [ADA, GUEST]  # C7
    assert len(scene.hubspot.contacts()) == 2
    assert scene.hubspot.contact_by_email(GUEST)["id"] == known  # type: ignore[index]  # it is there
    assert found(scene) == {}
    scene.assert_repeating_writes_nothing()


def test_a_guest_who_is_nobody_stays_nobody_where_guests_are_only_associated(scene: Scene) -> None:
    scene.choose(guests="associate")
    booking_id = scene.book(invitees=[ADA], guests=[GUEST])
    scene.run()
    assert scene.emails_on(booking_id) == [ADA]  # C7
    assert scene.hubspot.contact_by_email(GUEST) is None


def test_a_guest_who_is_nobody_becomes_a_contact_with_the_hosts_owner(scene: Scene) -> None:
    owner = scene.hubspot.add_owner("hanna@acme.example")
    scene.choose(guests="create")
    answers = [{"question_id": "q1", "question": "Company?", "answer": "Analytical"}]
    booking_id = scene.book(host="hanna@acme.example", invitees=[ADA], answers=answers, guests=[GUEST, ADA.upper()])
    scene.run()
    assert scene.emails_on(booking_id) == [ADA, GUEST]  # C7
    guest = scene.hubspot.contact_by_email(GUEST)
    assert guest is not None
    assert guest["properties"]["hubspot_owner_id"] == owner  # C4
    assert not [name for name in guest["properties"] if name.startswith("calendar_answer")]  # Q2: they answered nothing
    scene.assert_repeating_writes_nothing()


def test_a_guest_who_books_in_the_same_run_becomes_a_contact_by_name(scene: Scene) -> None:
    scene.choose(guests="create")
    scene.book(invitees=[ADA], guests=[GUEST])
    scene.book(invitees=[{"email": GUEST, "name": "Gus Guest"}])
    scene.run()
    guest = scene.hubspot.contact_by_email(GUEST)
    assert guest is not None
    assert guest["properties"]["lastname"] == "Guest"
    assert len(guest["activity_ids"]) == 2  # C5


def test_a_guest_who_is_added_later_is_associated(scene: Scene) -> None:
    scene.choose(guests="create")
    booking_id = scene.book(invitees=[ADA])
    scene.run()
    scene.calendar.edit(booking_id, guests=[GUEST])
    report = scene.run()
    assert report.counts["update"] == 1
    assert scene.emails_on(booking_id) == [ADA, GUEST]  # A7, C7
    scene.assert_repeating_writes_nothing()


def test_guests_of_what_is_passed_on_already_wait_for_the_next_change(scene: Scene) -> None:
    booking_id = scene.book(invitees=[ADA], guests=[GUEST])
    scene.run()
    scene.choose(guests="create")
    assert scene.writes_of(scene.run) == []
    scene.move(booking_id, 40)
    scene.run()
    assert scene.emails_on(booking_id) == [ADA, GUEST]  # C7
    scene.assert_repeating_writes_nothing()


def test_a_guest_without_a_usable_address_is_told_without_it(scene: Scene) -> None:
    scene.choose(guests="create")
    booking_id = scene.book(invitees=[ADA], guests=["not an address"])
    assert f"{booking_id}: no_usable_email: a guest" in scene.run().note  # C6
    assert scene.emails_on(booking_id) == [ADA]
