"""Creations of contacts that are not answered: looked up by address, never made twice."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from booking_sync.store.tables import audit, contact_link
from tests.flow.scene import Scene

CONTACTS = "contacts/batch/create"


@pytest.mark.parametrize("fault", ["commit_then_status", "commit_then_hang", "invalid_json"])
def test_a_contact_that_was_made_without_an_answer_is_found_by_its_address(scene: Scene, fault: str) -> None:
    booking_id = scene.book(invitees=["ada@example.com"])
    getattr(scene.switches, fault)(path=CONTACTS)
    report = scene.run()
    assert report.counts["kept"] == 1
    assert scene.activities(booking_id) == []  # it would lack its contact
    sent = [entry for entry in scene.writes_of(scene.run) if CONTACTS in entry.path]
    assert sent == []
    scene.everything_is_right()
    assert scene.emails_on(booking_id) == ["ada@example.com"]  # C2
    assert scene.rows(select(contact_link.c.is_ours)) == [{"is_ours": True}]
    assert scene.rows(select(audit.c.outcome).where(audit.c.object_type == "contact")) == [{"outcome": "adopted"}]
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("fault", ["fail_before", "drop_before", "html_502"])
def test_a_contact_that_was_not_made_is_made_once_by_the_next_run(scene: Scene, fault: str) -> None:
    booking_id = scene.book(invitees=["ada@example.com"])
    getattr(scene.switches, fault)(path=CONTACTS)
    first = [entry for entry in scene.writes_of(scene.run) if CONTACTS in entry.path]
    assert len(first) == 1  # not repeated in the same run
    scene.run()
    assert scene.emails_on(booking_id) == ["ada@example.com"]
    assert len(scene.hubspot.contacts(include_archived=True)) == 1
    outcomes = scene.rows(select(audit.c.outcome).where(audit.c.object_type == "contact").order_by(audit.c.id))
    assert [row["outcome"] for row in outcomes] == ["not_applied", "applied"]
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("seconds", [30, 300, 3000])
def test_a_contact_whose_creation_lands_late_is_never_doubled(scene: Scene, seconds: float) -> None:
    ids = [scene.book(invitees=["ada@example.com"]) for _ in range(2)]
    scene.switches.late_landing(seconds, path=CONTACTS)
    scene.run()
    scene.run()
    scene.clock.advance(3600)
    scene.run()
    assert len(scene.hubspot.contacts(include_archived=True)) == 1
    assert [scene.emails_on(booking_id) for booking_id in ids] == [["ada@example.com"]] * 2
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_other_bookings_of_a_batch_do_not_wait_for_a_lost_contact(scene: Scene) -> None:
    scene.hubspot.add_contact(email="known@example.com")
    known, new = scene.book(invitees=["known@example.com"]), scene.book(invitees=["new@example.com"])
    scene.switches.fail_before(503, path=CONTACTS)
    scene.run()
    assert [len(scene.activities(one)) for one in (known, new)] == [1, 0]  # W6
    scene.run()
    scene.everything_is_right()


def test_a_new_invitee_of_a_known_booking_waits_for_its_lost_contact(scene: Scene) -> None:
    booking_id = scene.book(invitees=["ada@example.com"])
    scene.run()
    first = scene.calendar.booking(booking_id)["invitees"][0]
    scene.calendar.edit(booking_id, invitees=[first, {**first, "id": "inv_2", "email": "bob@example.com"}])
    scene.switches.commit_then_status(502, path=CONTACTS)
    assert scene.run().counts["kept"] == 1
    scene.run()
    assert scene.emails_on(booking_id) == ["ada@example.com", "bob@example.com"]  # A7
    scene.assert_repeating_writes_nothing()
