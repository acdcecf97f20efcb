"""Which workspaces and which portal: plans, keys, and a portal that is suddenly another one."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from booking_sync.errors import AccessRefused, InvalidRequest
from booking_sync.store.tables import integration
from tests.flow.scene import WORKSPACE, Scene


@pytest.mark.parametrize("plan", ["pro", "enterprise", "Pro"])
def test_a_workspace_on_pro_or_above_is_connected_by_the_service_key(scene: Scene, plan: str) -> None:
    scene.calendar.add_workspace(WORKSPACE, plan=plan)
    booking_id = scene.book()
    scene.run()
    (row,) = scene.rows(select(integration.c.state, integration.c.portal_id))
    assert row == {"state": "connected", "portal_id": "424242"}  # K2
    assert len(scene.activities(booking_id)) == 1  # K1


@pytest.mark.parametrize("plan", ["free", "basic", "premium plus", ""])
def test_a_workspace_below_pro_is_not_connected(scene: Scene, plan: str) -> None:
    scene.calendar.add_workspace(WORKSPACE, "Small", plan=plan)
    scene.book()
    report = scene.run()
    assert "Small: not connected (plan" in report.note  # K1
    assert scene.rows(select(integration)) == []
    assert scene.hubspot.activities() == []


def test_one_workspace_below_pro_does_not_hold_up_the_other(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Small", plan="free")
    scene.calendar.book("ws_2")
    scene.book()
    report = scene.run()
    assert [part.name for part in report.integrations] == ["Acme Sales"]  # K1, W6
    scene.everything_is_right()


def test_a_wrong_hubspot_key_is_refused_in_one_sentence(scene: Scene) -> None:
    scene.book()
    with pytest.raises(AccessRefused, match=r"HubSpot: .* the key is not accepted"):
        scene.run(services=scene.new_services("pat-wrong"))


def test_a_wrong_calendar_key_is_refused_in_one_sentence(scene: Scene) -> None:
    scene.calendar.revoke_key(scene.sandbox.calendar.api_key)
    with pytest.raises(AccessRefused, match=r"Calendar\.com: .* the key is not accepted"):
        scene.run()
    assert scene.writes_of(lambda: None) == []


def test_a_workspace_that_the_key_cannot_read_is_named(scene: Scene) -> None:
    with pytest.raises(InvalidRequest, match=r"workspaces: the Calendar\.com key cannot read ws_typo"):
        scene.run(workspaces=("ws_typo",))


@pytest.mark.parametrize("marker_mode", ["allowed", "refused", "ignored"])
def test_the_portal_says_by_itself_whether_it_enforces_the_marker(scene: Scene, marker_mode: str) -> None:
    scene.book()
    scene.run()
    definition = scene.hubspot.portal().properties["meetings"]["calendar_booking_key"]
    assert definition.has_unique_value is (marker_mode == "allowed")
    made = [entry.path for entry in scene.sandbox.hubspot.history.writes() if "/properties/" in entry.path]
    scene.book()
    scene.run()
    again = [entry.path for entry in scene.sandbox.hubspot.history.writes() if "/properties/" in entry.path]
    assert made == again  # once per portal
