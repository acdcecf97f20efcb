"""Erasing an invitee by address: nothing of them is left here, and everything else goes on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from booking_sync.booking_payload import load_booking
from booking_sync.erase import erase_invitee
from booking_sync.errors import InvalidRequest, LeaseHeld
from booking_sync.store.contact_links import installation_salt
from booking_sync.store.database import writing
from booking_sync.store.encryption import email_hash
from booking_sync.store.lease import hold_lease
from booking_sync.store.read_tables import staged_booking
from booking_sync.store.tables import audit, change, contact_link, mapping, run
from tests.flow.scene import WORKSPACE, Scene
from tests.oauth.portals_scene import FIRST, PortalsScene

ADA = {"name": "Ada Lovelace", "email": "Ada@Example.com", "answers": []}
GRACE = {"name": "Grace Hopper", "email": "grace@example.com", "answers": []}


@pytest.fixture
def scene(single: Scene) -> Scene:
    """Ada has two bookings, one of them together with Grace; the second waits for HubSpot."""
    single.book("bk_1", invitees=[ADA])
    single.run()
    single.book("bk_2", invitees=[ADA, GRACE])
    single.switches.required_properties["meetings"] = ["hs_meeting_location_type"]
    single.run(may_be_red=True)
    return single


def hash_of(scene: Scene, address: str) -> str:
    with writing(scene.services.engine) as connection:
        return email_hash(installation_salt(connection, scene.services.vault), address)


def payloads(scene: Scene) -> str:
    rows = scene.rows(select(change.c.payload).where(change.c.payload.is_not(None)))
    rows += scene.rows(select(staged_booking.c.payload))
    return "\n".join(str(load_booking(scene.services.vault.decrypt(row["payload"]))) for row in rows)


def contact_of(scene: Scene, address: str) -> str:
    (found,) = [one["id"] for one in scene.hubspot.contacts() if one["properties"].get("email") == address]
    return str(found)


def test_nothing_of_the_person_is_left(scene: Scene) -> None:
    hashed, contact_id = hash_of(scene, "ada@example.com"), contact_of(scene, "ada@example.com")
    assert "Lovelace" in payloads(scene)
    erased = erase_invitee(scene.services, " ADA@example.com ", person="dpo")
    assert (erased.contact_links, erased.mappings, erased.kept_bookings) == (1, 1, 1)
    assert erased.audit_rows > 0
    assert scene.rows(select(contact_link).where(contact_link.c.email_hash == hashed)) == []
    assert scene.rows(select(audit).where(audit.c.email_hash == hashed)) == []
    named: list[Any] = [*scene.rows(select(mapping.c.contact_ids)), *scene.rows(select(change.c.contact_ids))]
    assert not [row for row in named if contact_id in (row["contact_ids"] or [])]
    assert "Lovelace" not in payloads(scene)
    assert "Hopper" in payloads(scene)  # what is not hers stays


def test_the_audit_still_balances_and_no_activity_is_made_twice(scene: Scene) -> None:
    rows = scene.rows(select(func.count().label("n")).select_from(audit))
    erase_invitee(scene.services, "ada@example.com", person="dpo")
    assert scene.rows(select(func.count().label("n")).select_from(audit)) == rows  # W7
    scene.switches.required_properties.clear()
    scene.calendar.edit("bk_1", invitees=[])
    scene.calendar.edit("bk_2", invitees=[GRACE])
    scene.run()
    assert [len(scene.activities(one)) for one in ("bk_1", "bk_2")] == [1, 1]  # A6
    assert "Lovelace" not in str(scene.activity("bk_2")["properties"])
    scene.assert_repeating_writes_nothing()


def test_erasing_again_finds_nothing_and_strangers_are_not_found(scene: Scene) -> None:
    assert erase_invitee(scene.services, "nobody@example.com", person="dpo").total == 0
    erase_invitee(scene.services, "ada@example.com", person="dpo")
    assert erase_invitee(scene.services, "ada@example.com", person="dpo").total == 0


def test_who_erased_is_recorded_and_whom_is_not(scene: Scene) -> None:
    erase_invitee(scene.services, "ada@example.com", person="dpo")
    (row,) = scene.rows(select(run).where(run.c.dag_id == "integrations_page"))
    assert (row["requested_by"], row["state"], row["counts"]["contact_links"]) == ("dpo", "recorded", 1)
    assert "ada@" not in str(row).lower()


def test_a_run_at_work_is_not_disturbed(scene: Scene) -> None:
    engine = scene.services.engine
    with (
        hold_lease(engine, f"{WORKSPACE}@424242", holder="a run", seconds=60),
        pytest.raises(LeaseHeld, match="being worked on by a run"),
    ):
        erase_invitee(scene.services, "ada@example.com", person="dpo")
    assert "Lovelace" in payloads(scene)


def test_the_same_contact_id_in_another_portal_stays(scene: Scene) -> None:
    contact_id = contact_of(scene, "ada@example.com")
    mine = select(mapping).where(mapping.c.booking_id == "bk_1")
    row = {**scene.rows(mine)[0], "integration_id": f"{WORKSPACE}@1{424242}"}
    with writing(scene.services.engine) as connection:
        from booking_sync.store import integrations  # noqa: PLC0415 - only here

        connected_at = scene.clock.now
        name = "Acme Sales"
        integrations.connect(
            connection, workspace_id=WORKSPACE, workspace_name=name, portal_id="1424242", connected_at=connected_at
        )
        connection.execute(mapping.insert(), row)
    erase_invitee(scene.services, "ada@example.com", person="dpo")
    (other,) = scene.rows(select(mapping).where(mapping.c.integration_id == f"{WORKSPACE}@1424242"))
    assert other["contact_ids"] == [contact_id]


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "*"])
def test_what_is_no_address_is_refused(scene: Scene, typed: str) -> None:
    with pytest.raises(InvalidRequest, match="not an e-mail address"):
        erase_invitee(scene.services, typed, person="dpo")


def test_erasing_works_on_every_database(portals_on_both: PortalsScene) -> None:
    portals = portals_on_both
    portals.grant_and_connect("ws_1", FIRST)
    portals.clock.advance(60)
    portals.book("bk_1", invitees=[ADA])
    portals.run()
    erased = erase_invitee(portals.services, "ada@example.com", person="dpo")
    assert (erased.contact_links, erased.mappings, erased.changes) == (1, 1, 1)
    assert portals.rows(select(mapping.c.contact_ids)) == [{"contact_ids": []}]
