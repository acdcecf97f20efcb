"""Faults 44 to 50: accounts that are disconnected, downgraded, deleted, or share a portal; keys that do not fit."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest
from sqlalchemy import func, select

from booking_sync.disconnecting import disconnect
from booking_sync.errors import ConfigurationError
from booking_sync.grants import GrantRefused
from booking_sync.states import IntegrationState
from booking_sync.store.encryption import Vault
from booking_sync.store.tables import mapping
from tests.flow import planting
from tests.flow.scene import WORKSPACE, Scene
from tests.oauth.portals_scene import ADA, FIRST, SECOND, PortalsScene

MINE = f"ws_1@{FIRST}"


def test_fault_045_a_plan_that_is_lost_pauses_and_deletes_nothing(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.calendar.add_workspace(WORKSPACE, "Acme Sales", plan="basic")
    scene.move(booking_id, 9)
    before = scene.hubspot.activities()
    assert "Acme Sales: paused (plan" in scene.run().note  # K1
    assert scene.hubspot.activities() == before
    scene.clock.advance(7 * 24 * 3600)
    scene.run()
    scene.calendar.add_workspace(WORKSPACE, "Acme Sales", plan="pro")
    scene.run()
    scene.everything_is_right()  # what changed meanwhile is passed on
    scene.assert_repeating_writes_nothing()


def test_fault_045_a_plan_that_is_lost_while_a_run_reads_costs_nothing(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.move(booking_id, 9)
    body = '{"error": {"code": "plan_required", "message": "The HubSpot integration needs the Pro plan."}}'
    scene.sandbox.calendar.switches.answer(402, body, path="/bookings")
    before = scene.hubspot.activities()
    assert "402 plan_required" in scene.run(may_be_red=True).note
    assert scene.hubspot.activities() == before
    scene.run()
    scene.everything_is_right()


@pytest.mark.parametrize("fate", ["deleted", "suspended"])
def test_fault_046_a_portal_that_is_gone_parks_its_integration_and_no_other(connected: PortalsScene, fate: str) -> None:
    connected.move("bk_1", 9)
    connected.calendar.book("ws_2", booking_id="bk_2_later")
    if fate == "deleted":
        connected.hubspot.uninstall_app(portal_id=FIRST)
        connected.switches.answer(404, path="/oauth/", portal_id=FIRST, count=99)
    else:
        connected.switches.answer(403, '{"category": "ACCOUNT_SUSPENDED"}', portal_id=FIRST, count=99)
    report = connected.run(may_be_red=True)
    assert report.is_red
    assert "Acme Sales: " in report.reason
    assert len(connected.shown_in(SECOND)) == 2
    assert len(connected.rows(select(mapping).where(mapping.c.integration_id == MINE))) == 1
    connected.switches.faults.clear()
    if fate == "deleted":
        assert connected.present("ws_1", FIRST).state is IntegrationState.NEEDS_RECONNECTING
        connected.grant_and_connect("ws_1", FIRST)
    connected.run_after_quiet_time()
    assert len(connected.shown_in(FIRST)) == 1
    connected.everything_is_right()


def test_fault_047_a_scope_that_is_taken_back_on_reconnecting_is_refused_and_named(connected: PortalsScene) -> None:
    connected.hubspot.uninstall_app(portal_id=FIRST)
    connected.run(may_be_red=True, booking_ids=("bk_1",))
    begun = connected.begin()
    answer = connected.consent(begun, FIRST)
    grant = connected.hubspot.apps.codes[answer["code"]].grant
    object.__setattr__(grant, "scopes", tuple(one for one in grant.scopes if one != "crm.objects.owners.read"))
    with pytest.raises(GrantRefused, match=r"crm\.objects\.owners\.read"):
        connected.finish(begun, answer)
    connected.move("bk_1", 9)
    connected.run(may_be_red=True)
    assert connected.present("ws_1", FIRST).state is not IntegrationState.CONNECTED  # nothing is sent with it
    connected.grant_and_connect("ws_1", FIRST)
    connected.run()
    connected.everything_is_right()


def test_fault_048_a_secret_key_that_does_not_fit_fails_closed_and_says_no_secret(
    connected: PortalsScene, caplog: pytest.LogCaptureFixture
) -> None:
    connected.move("bk_1", 9)
    wrong = connected.new_services()
    for owner in (wrong, wrong.tokens):
        object.__setattr__(owner, "vault", Vault(["another key altogether, long"]))
    before = len(connected.sandbox.hubspot.history)
    with caplog.at_level(logging.DEBUG), pytest.raises(ConfigurationError, match="does not fit") as refusal:
        connected.run(services=wrong)
    assert len(connected.sandbox.hubspot.history) == before
    secrets = [*connected.hubspot.portal(FIRST).grants.tokens, *connected.hubspot.portal(FIRST).grants.refresh_tokens]
    assert not any(secret in caplog.text + str(refusal.value) for secret in secrets)
    connected.run()
    connected.everything_is_right()


def test_fault_050_workspaces_that_share_a_portal_have_markers_of_their_own(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Acme Support")
    mine = scene.book("bk_mine")
    theirs = scene.calendar.book("ws_2", booking_id="bk_theirs")["id"]
    scene.run()
    keys = [scene.shown(one)["calendar_booking_key"] for one in (mine, theirs)]
    before = scene.activity(theirs)
    scene.move(mine, 9)
    scene.run()
    scene.calendar.cancel(mine)
    scene.run()
    assert len(set(keys)) == 2
    assert scene.activity(theirs) == before
    assert planting.found(scene, repair=True) == {}  # neither takes the other's for its own
    assert planting.found(scene, repair=True, workspaces=("ws_2",)) == {}
    assert scene.activity(theirs) == before


@pytest.mark.parametrize("path", ["contacts/batch/create", "meetings/batch/create", "contacts/batch/read"])
def test_fault_044_disconnecting_in_the_middle_of_a_run_lets_the_request_finish_and_sends_no_other(
    portals_on_both: PortalsScene, path: str
) -> None:
    portals = portals_on_both
    portals.grant_and_connect("ws_1", FIRST)
    portals.grant_and_connect("ws_2", SECOND)
    portals.clock.advance(60)
    for number in range(3):
        portals.book(f"bk_{number}")
    portals.calendar.book("ws_2")
    seen: list[str] = []
    person = threading.Thread(target=disconnect, args=(portals.new_services(), MINE), kwargs={"person": ADA})

    def hook(entry: Any, when: str) -> None:
        if entry.portal_id != FIRST:
            return
        if when == "before" and seen:
            seen.append(entry.path)
        elif when == "after" and path in entry.path and not seen:
            seen.append(entry.path)
            person.start()  # the tokens are revoked when HubSpot has time for it
            while portals.present("ws_1", FIRST).is_working:
                time.sleep(0.01)

    portals.hubspot.request_hook = hook
    report = portals.run()
    person.join()
    portals.hubspot.request_hook = None
    assert not report.is_red, report.note
    assert [one for one in seen[1:] if "/oauth/" not in one] == []  # no new call; the revocation is not the run's
    assert len(portals.shown_in(SECOND)) == 1
    mapped = portals.rows(select(func.count().label("n")).where(mapping.c.integration_id == MINE))[0]["n"]
    assert mapped == len(portals.shown_in(FIRST)) == (3 if "meetings" in path else 0)  # recorded, nothing lost
    portals.clock.advance(60)
    portals.grant_and_connect("ws_1", FIRST)
    portals.run_after_quiet_time()
    portals.everything_is_right()  # what was begun is finished, once
