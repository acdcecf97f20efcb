"""Faults 51 to 58: what people do in HubSpot to contacts, and to our activities with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.store.tables import contact_link
from tests.faults.ways import NEW_CONTACTS, statuses
from tests.flow.scene import Scene

ADA = "ada@example.com"


def contact(scene: Scene, email: str = ADA) -> dict[str, Any]:
    found = scene.hubspot.contact_by_email(email)
    assert found is not None
    return found


def test_fault_052_a_contact_that_stays_deleted_is_made_once_and_not_in_each_run(scene: Scene) -> None:
    booking_id = scene.book(invitees=[ADA])
    scene.run()
    scene.hubspot.delete_contact(contact(scene)["id"])
    assert scene.writes_of(lambda: scene.run(window_start=scene.at(-48))) == []  # nothing has changed
    scene.move(booking_id, 9)
    scene.run()
    assert scene.emails_on(booking_id) == [ADA]
    assert len(statuses(scene, NEW_CONTACTS)) == 2
    scene.assert_repeating_writes_nothing()


def test_fault_053_a_person_who_was_deleted_for_good_is_not_made_again_and_leaves_no_address(scene: Scene) -> None:
    booking_id = scene.book(invitees=[ADA, "bob@example.com"])
    scene.run()
    scene.hubspot.gdpr_delete_contact(ADA)
    scene.move(booking_id, 9)
    report = scene.run()
    assert scene.emails_on(booking_id) == ["bob@example.com"]  # C6
    assert f"{booking_id}: contact_refused" in report.note
    asked = len(statuses(scene, NEW_CONTACTS))
    scene.assert_repeating_writes_nothing()
    scene.run(window_start=scene.at(-48))
    assert len(statuses(scene, NEW_CONTACTS)) == asked  # and it is not tried again
    assert all("ada@" not in str(row) for row in scene.rows(select(contact_link)))
    stored = Path(str(scene.services.engine.url.database))
    kept = b"".join(path.read_bytes() for path in stored.parent.glob(stored.name + "*"))
    assert ADA.encode() not in kept


def test_fault_054_a_contact_that_is_restored_is_used_and_not_doubled(scene: Scene) -> None:
    booking_id = scene.book(invitees=[ADA])
    scene.run()
    known = contact(scene)["id"]
    scene.hubspot.delete_contact(known)
    scene.run()
    scene.hubspot.restore_contact(known)
    scene.move(booking_id, 9)
    scene.run()
    assert scene.activity(booking_id)["contact_ids"] == [known]
    assert len(scene.hubspot.contacts(include_archived=True)) == 1
    assert_one_live(scene, booking_id)


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("others", [0, 1])
def test_fault_056_of_two_contacts_with_one_secondary_address_the_older_is_taken(
    scene: Scene, *, is_reversed: bool, others: int
) -> None:
    scene.run()
    older, younger = (scene.hubspot.add_contact(email=f"ada{number}@other.example.com") for number in range(2))
    booking_id = scene.book(invitees=[ADA, *(f"guest{number}@example.com" for number in range(others))])

    def both_have_it(document: dict[str, Any]) -> dict[str, Any]:
        both = [
            {"id": one, "properties": {"email": f"{one}@other.example.com", "hs_additional_emails": ADA}}
            for one in sorted((older, younger), key=int, reverse=is_reversed)
        ]
        return {**document, "status": "COMPLETE", "results": both, "errors": []}

    scene.switches.rewrite(both_have_it, path="/contacts/batch/read")
    scene.run()
    assert older in scene.activity(booking_id)["contact_ids"]
    assert younger not in scene.activity(booking_id)["contact_ids"]
    scene.assert_repeating_writes_nothing()


def assert_one_live(scene: Scene, booking_id: str) -> None:
    assert len(scene.activities(booking_id)) == 1
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("has_new_id", [True, False])
def test_fault_051_a_merged_contact_is_found_under_the_id_that_survives(scene: Scene, *, has_new_id: bool) -> None:
    booking_id = scene.book(invitees=["ada@example.com"])
    scene.run()
    other = scene.hubspot.add_contact(email="ada@other.example.com")
    survivor = scene.hubspot.merge_contacts(other, contact(scene, "ada@example.com")["id"], has_new_id=has_new_id)
    scene.move(booking_id, 9)
    scene.run()
    assert scene.activity(booking_id)["contact_ids"] == [survivor]  # C8
    assert len(scene.hubspot.contacts()) == 1
    scene.assert_repeating_writes_nothing()


def test_fault_052_a_deleted_contact_is_made_again_once_for_all_its_bookings(scene: Scene) -> None:
    ids = [scene.book(invitees=["ada@example.com"]) for _ in range(2)]
    scene.run()
    scene.hubspot.delete_contact(contact(scene, "ada@example.com")["id"])
    for booking_id in ids:
        scene.move(booking_id, 9)
    scene.run()
    (made,) = scene.hubspot.contacts()
    assert [scene.activity(booking_id)["contact_ids"] for booking_id in ids] == [[made["id"]]] * 2  # C8
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_055_a_contact_whose_address_a_person_changed_is_still_found(scene: Scene) -> None:
    booking_id = scene.book(invitees=["ada@example.com"])
    scene.run()
    known = contact(scene, "ada@example.com")["id"]
    scene.hubspot.edit_contact(known, email="ada@married.example.com")
    scene.move(booking_id, 9)
    other_id = scene.book(invitees=["ada@example.com"])
    scene.run()
    assert scene.activity(booking_id)["contact_ids"] == [known]  # C8
    assert scene.activity(other_id)["contact_ids"] == [known]
    assert len(scene.hubspot.contacts()) == 1
