"""The host's HubSpot owner: remembered for an hour, and looked for at once where nobody is remembered (C4)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.store.owner_table import portal_owners
from tests.flow.scene import Scene

HANNA, OTTO = "hanna@acme.example", "otto@acme.example"


def asked(scene: Scene) -> int:
    return len([entry for entry in scene.sandbox.hubspot.history if "/owners" in entry.path])


def owner_shown(scene: Scene, booking_id: str) -> str | None:
    return scene.shown(booking_id).get("hubspot_owner_id")


def book_with(scene: Scene, host: str) -> str:
    return scene.book(host={"id": f"us_{host}", "name": "Host", "email": host})


@pytest.fixture
def hanna(scene: Scene) -> str:
    """An owner whom an earlier run has asked for."""
    owner: str = scene.hubspot.add_owner(HANNA)
    assert owner_shown(scene, _passed_on(scene, HANNA)) == owner
    return owner


def _passed_on(scene: Scene, host: str) -> str:
    booking_id = book_with(scene, host)
    scene.run()
    return booking_id


def test_an_owner_is_not_asked_for_again_within_the_hour(scene: Scene, hanna: str) -> None:
    assert owner_shown(scene, _passed_on(scene, "Hanna@Acme.example")) == hanna
    assert asked(scene) == 1


def test_a_host_who_is_not_remembered_is_looked_for_at_once(scene: Scene, hanna: str) -> None:
    otto = scene.hubspot.add_owner(OTTO)
    assert owner_shown(scene, _passed_on(scene, OTTO)) == otto
    assert owner_shown(scene, _passed_on(scene, HANNA)) == hanna
    assert asked(scene) == 2


def test_somebody_who_is_no_owner_any_more_gets_nothing_after_an_hour(scene: Scene, hanna: str) -> None:
    del scene.hubspot.portal().owners[hanna]
    scene.clock.advance(3_600)
    assert owner_shown(scene, _passed_on(scene, HANNA)) is None
    assert asked(scene) == 2


def test_an_owner_whom_hubspot_refuses_is_not_sent_again_and_the_others_are_asked_for(scene: Scene, hanna: str) -> None:
    del scene.hubspot.portal().owners[hanna]
    first, second = book_with(scene, HANNA), book_with(scene, HANNA)
    scene.run()
    assert [owner_shown(scene, one) for one in (first, second)] == [None, None]
    new: str = scene.hubspot.add_owner(HANNA)
    assert owner_shown(scene, _passed_on(scene, HANNA)) == new


def test_no_address_of_an_owner_is_kept(scene: Scene, hanna: str) -> None:
    (row,) = scene.rows(select(portal_owners))
    kept: dict[str, Any] = row["owner_ids"]
    assert list(kept.values()) == [hanna]
    assert "hanna" not in json.dumps(kept)
