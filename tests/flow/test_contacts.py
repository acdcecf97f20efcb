"""Who an activity is about: contacts that are found, made, remembered, and never changed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.store.tables import contact_link
from tests.flow.scene import Scene


def contact(scene: Scene, email: str) -> dict[str, Any]:
    found = scene.hubspot.contact_by_email(email)
    assert found is not None
    return found


def test_a_contact_is_found_by_its_address_in_any_letter_case(scene: Scene) -> None:
    known = scene.hubspot.add_contact(email="ada@example.com")
    booking_id = scene.book(invitees=["ADA@Example.COM"])
    scene.run()
    assert scene.activity(booking_id)["contact_ids"] == [known]  # C1
    assert len(scene.hubspot.contacts()) == 1


def test_a_contact_is_found_by_a_secondary_address(scene: Scene) -> None:
    known = scene.hubspot.add_contact(email="ada@example.com", hs_additional_emails="ada@work.example.com")
    booking_id = scene.book(invitees=["Ada@Work.example.com"])
    scene.run()
    assert scene.activity(booking_id)["contact_ids"] == [known]  # C1
    assert len(scene.hubspot.contacts()) == 1


@pytest.mark.parametrize(
    ("person", "first_name", "last_name"),
    [
        ({"name": "Ada King Lovelace"}, "Ada", "King Lovelace"),
        ({"name": "Plato"}, "Plato", None),
        ({"name": "A. Lovelace", "first_name": "Ada", "last_name": "Lovelace"}, "Ada", "Lovelace"),
        ({"name": "José María de la Cruz"}, "José", "María de la Cruz"),
    ],
)
def test_a_new_contact_has_the_whole_name(
    scene: Scene, person: dict[str, str], first_name: str, last_name: str | None
) -> None:
    scene.book(invitees=[{"email": "ada@example.com", **person}])
    scene.run()
    properties = contact(scene, "ada@example.com")["properties"]
    assert (properties.get("firstname"), properties.get("lastname")) == (first_name, last_name)  # C2


def test_a_contact_that_exists_is_not_changed_at_all(scene: Scene) -> None:
    scene.hubspot.add_owner("hanna@acme.example")
    scene.hubspot.add_contact(email="ada@example.com", firstname="Countess")
    before = contact(scene, "ada@example.com")
    answers = [{"question_id": "q1", "question": "Company?", "answer": "Analytical"}]
    scene.book(invitees=[{"email": "ada@example.com", "name": "Ada Lovelace", "answers": answers}])
    scene.run()
    after = contact(scene, "ada@example.com")
    assert after["properties"] == before["properties"]  # C3
    assert len(after["activity_ids"]) == 1


def test_a_new_contact_belongs_to_the_hosts_owner_in_any_letter_case(scene: Scene) -> None:
    owner = scene.hubspot.add_owner("Hanna@Acme.example")
    booking_id = scene.book(host="HANNA@acme.example", invitees=["ada@example.com"])
    scene.run()
    assert contact(scene, "ada@example.com")["properties"]["hubspot_owner_id"] == owner  # C4
    assert scene.shown(booking_id)["hubspot_owner_id"] == owner  # A1


def test_an_invitee_of_several_new_bookings_becomes_one_contact_from_the_earliest(scene: Scene) -> None:
    scene.clock.advance(3600)
    for number, name in ((3, "Ada Third"), (1, "Ada First"), (2, "Ada Second")):
        created_at = scene.at(-20 + number)
        scene.book(f"bk_{number}", created_at=created_at, invitees=[{"email": "ada@example.com", "name": name}])
    scene.run()
    (made,) = scene.hubspot.contacts()
    assert made["properties"]["lastname"] == "First"  # C5
    assert len(made["activity_ids"]) == 3


@pytest.mark.parametrize("switch", ["refuse_emails", "blocked_emails"])
def test_an_address_that_hubspot_refuses_costs_only_its_own_contact(scene: Scene, switch: str) -> None:
    getattr(scene.switches, switch).add("bad@example.com")
    booking_id = scene.book(invitees=["bad@example.com", "good@example.com"])
    other_id = scene.book(invitees=["other@example.com"])
    report = scene.run()
    assert scene.emails_on(booking_id) == ["good@example.com"]  # C6
    assert scene.emails_on(other_id) == ["other@example.com"]
    assert f"{booking_id}: contact_refused" in report.note
    scene.assert_repeating_writes_nothing()


def test_an_address_without_contact_is_named_too_when_it_comes_later(scene: Scene) -> None:
    booking_id = scene.book(invitees=["ada@example.com"])
    scene.run()
    first = scene.calendar.booking(booking_id)["invitees"][0]
    scene.calendar.edit(booking_id, invitees=[first, {**first, "id": "inv_2", "email": None, "name": "Mute"}])
    assert f"{booking_id}: no_usable_email: invitee inv_2" in scene.run().note  # C6


def test_an_owner_that_is_refused_does_not_cost_the_contact(scene: Scene) -> None:
    owner = scene.hubspot.add_owner("hanna@acme.example")

    def remove_owner(entry: Any, phase: str) -> None:
        if phase == "before" and "contacts/batch/create" in entry.path:
            scene.hubspot.portal().owners.pop(owner, None)

    scene.hubspot.request_hook = remove_owner
    booking_id = scene.book(invitees=["ada@example.com"])
    scene.run()
    assert scene.emails_on(booking_id) == ["ada@example.com"]  # C2, C4
    assert "hubspot_owner_id" not in contact(scene, "ada@example.com")["properties"]
    scene.everything_is_right()


def test_all_active_invitees_of_a_group_event_are_on_the_activity(scene: Scene) -> None:
    people = [f"guest{number}@example.com" for number in range(5)]
    booking_id = scene.book(invitees=people)
    scene.calendar.cancel_invitee(booking_id, scene.calendar.booking(booking_id)["invitees"][2]["id"])
    scene.run()
    assert scene.emails_on(booking_id) == [one for one in people if one != "guest2@example.com"]  # C1


@pytest.mark.parametrize("fate", ["merged", "deleted"])
def test_a_new_invitee_whose_remembered_contact_is_gone_is_associated_all_the_same(scene: Scene, fate: str) -> None:
    scene.book(invitees=["ada@example.com"])
    booking_id = scene.book(invitees=["bob@example.com"])
    scene.run()
    gone = contact(scene, "ada@example.com")["id"]
    if fate == "merged":
        scene.hubspot.merge_contacts(scene.hubspot.add_contact(email="a@other.example.com"), gone, has_new_id=True)
    else:
        scene.hubspot.delete_contact(gone)
    first = scene.calendar.booking(booking_id)["invitees"][0]
    scene.calendar.edit(booking_id, invitees=[first, {**first, "id": "inv_2", "email": "ada@example.com"}])
    scene.run()
    expected = contact(scene, "ada@example.com")["id"]
    assert expected in scene.activity(booking_id)["contact_ids"]  # C8, A7
    scene.assert_repeating_writes_nothing()


def test_no_address_is_kept_in_the_mapping_database(scene: Scene) -> None:
    scene.book(invitees=["ada@example.com"])
    scene.run()
    (row,) = scene.rows(select(contact_link))
    assert "ada@" not in str(row)
    file = scene.services.engine.url.database
    assert file is not None
    with open(file, "rb") as database:  # noqa: PTH123 - the raw bytes are what matters
        assert b"ada@example.com" not in database.read()
