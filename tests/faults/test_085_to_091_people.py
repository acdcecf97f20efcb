"""Faults 85 to 91: addresses as people type them, and any number of invitees."""

from __future__ import annotations

import pytest

from tests.faults.ways import CREATE, NEW_CONTACTS, assert_made_once, statuses
from tests.flow.scene import Scene

UNUSABLE: dict[str, str] = {
    "half": "ada@",
    "no domain": "ada@localhost",
    "spaces": "ada lovelace@example.com",
    "320 characters": "a" * 308 + "@example.com",
    "a list": "ada@example.com,bob@example.com",
    "two, with a semicolon": "ada@example.com;bob@example.com",
    "a link": "mailto:ada@example.com",
    "with a name": "Ada <ada@example.com>",
    "two at signs": "ada@@example.com",
    "a line feed in it": "ada@example.com\nBcc: bob@example.com",
}


@pytest.mark.parametrize("email", [None, ""])
def test_fault_085_a_booking_without_an_address_gets_its_activity_without_a_contact(
    scene: Scene, email: str | None
) -> None:
    booking_id = scene.book(invitees=[{"email": email, "name": "Ada"}])
    report = scene.run()
    assert scene.activity(booking_id)["contact_ids"] == []  # C6
    assert f"{booking_id}: no_usable_email" in report.note
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize("email", UNUSABLE.values(), ids=UNUSABLE)
def test_fault_086_an_address_that_is_none_costs_the_contact_and_not_the_activity(scene: Scene, email: str) -> None:
    booking_id = scene.book(invitees=[{"email": email, "name": "Ada"}, "bob@example.com"])
    report = scene.run()
    assert scene.emails_on(booking_id) == ["bob@example.com"]  # C6
    assert f"{booking_id}: no_usable_email" in report.note
    assert "ada" not in report.note.lower()  # and the reason does not repeat it
    assert_made_once(scene, booking_id)


def test_fault_087_letter_case_and_white_space_make_no_other_contact(scene: Scene) -> None:
    known = scene.hubspot.add_contact(email="ADA@Example.com")
    for email in ("ada@example.com", " Ada@Example.COM", "ADA@EXAMPLE.COM\t"):
        scene.book(invitees=[email])
    scene.run()
    (contact,) = scene.hubspot.contacts()
    assert (contact["id"], len(contact["activity_ids"])) == (known, 3)  # C1
    scene.assert_repeating_writes_nothing()


def test_fault_088_plus_tags_and_dots_are_different_people(scene: Scene) -> None:
    emails = ["a.lovelace@gmail.com", "alovelace@gmail.com", "alovelace+hubspot@gmail.com"]
    booking_id = scene.book(invitees=emails)
    scene.run()
    assert scene.emails_on(booking_id) == sorted(emails)
    assert_made_once(scene, booking_id)


INTERNATIONAL = ("ada@bücher.example", "ada@xn--bcher-kva.example", "jürgen@example.com", "ада@пример.рф")


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("email", INTERNATIONAL)
def test_fault_089_an_international_address_is_kept_and_found_as_it_was_typed(
    scene: Scene, email: str, *, is_known: bool
) -> None:
    if is_known:
        scene.hubspot.add_contact(email=email.upper())
    booking_id, other_id = scene.book(invitees=[email]), scene.book(invitees=[email.upper()])
    scene.run()
    (contact,) = scene.hubspot.contacts()
    assert contact["properties"]["email"].lower() == email
    assert scene.activity(booking_id)["contact_ids"] == scene.activity(other_id)["contact_ids"] == [contact["id"]]
    scene.assert_repeating_writes_nothing()


def test_fault_089_the_two_spellings_of_a_domain_are_two_addresses_as_they_are_to_hubspot(scene: Scene) -> None:
    booking_id = scene.book(invitees=list(INTERNATIONAL[:2]))
    scene.run()
    assert scene.emails_on(booking_id) == sorted(INTERNATIONAL[:2])


def test_fault_090_a_letter_that_only_looks_the_same_is_another_person(scene: Scene) -> None:
    real, lookalike = "ada@example.com", "\N{CYRILLIC SMALL LETTER A}da@example.com"
    known = scene.hubspot.add_contact(email=real)
    booking_id = scene.book(invitees=[lookalike])
    scene.run()
    (contact_id,) = scene.activity(booking_id)["contact_ids"]
    assert contact_id != known
    assert scene.emails_on(booking_id) == [lookalike]
    assert_made_once(scene, booking_id)


def test_fault_091_a_host_who_invites_herself_is_one_contact(scene: Scene) -> None:
    booking_id = scene.book(host="hanna@acme.example", invitees=["Hanna@acme.example", "hanna@acme.example"])
    scene.run()
    assert scene.emails_on(booking_id) == ["hanna@acme.example"]
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize("count", [0, 1, 50, 500])
def test_fault_091_any_number_of_invitees_is_on_one_activity(scene: Scene, count: int) -> None:
    scene.run()
    emails = [f"guest{number:03}@example.com" for number in range(count)]
    booking_id = scene.book(event_kind="group", invitees=emails)
    scene.run()
    assert scene.emails_on(booking_id) == emails
    assert statuses(scene, NEW_CONTACTS) == [201] * -(-count // 100)  # HubSpot takes a hundred at once
    assert statuses(scene, CREATE) == [201]
    assert_made_once(scene, booking_id)
