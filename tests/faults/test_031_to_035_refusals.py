"""Faults 31 to 35: what HubSpot does not allow, does not have, or does not offer any more."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.errors import ConfigurationError
from booking_sync.settings import Settings
from booking_sync.store.tables import integration
from tests.clients.conftest import Bench
from tests.clients.scripted_server import ScriptedServer, answers
from tests.faults.ways import ACCOUNT, ARCHIVE, CREATE, assert_made_once, statuses
from tests.flow.scene import Scene


@pytest.mark.parametrize("scope", ["crm.objects.contacts.write", "crm.objects.contacts.read"])
def test_fault_031_a_missing_scope_is_named_and_asked_for_once(scene: Scene, scope: str) -> None:
    booking_id = scene.book()
    scene.run()
    scene.calendar.edit(booking_id, event_name="Renamed")
    scene.book()
    scene.switches.missing_scopes |= {scope, scope.replace("contacts", "meetings")}
    before = len(scene.sandbox.hubspot.history)
    report = scene.run(may_be_red=True)
    assert scope in report.reason
    refused = Counter(entry.path for entry in scene.sandbox.hubspot.history[before:] if entry.status == 403)
    assert set(refused.values()) == {1}
    assert scene.rows(select(integration.c.state)) == [{"state": "connected"}]
    scene.switches.missing_scopes.clear()
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("is_gone", [True, False])
def test_fault_032_an_old_activity_that_hubspot_does_not_know_is_read_back(scene: Scene, *, is_gone: bool) -> None:
    booking_id = scene.book()
    scene.run()
    scene.move(booking_id, 9)
    scene.has_exact_audit = not is_gone  # then our archive has nothing to do
    old = scene.activity(booking_id)["id"]

    def delete_in_the_same_moment(entry: Any, phase: str) -> None:
        if is_gone and phase == "before" and ARCHIVE in entry.path:
            scene.hubspot.delete_activity(old)

    scene.hubspot.request_hook = delete_in_the_same_moment
    scene.switches.answer(404, json.dumps({"category": "OBJECT_NOT_FOUND"}), path=ARCHIVE)
    report = scene.run()
    scene.hubspot.request_hook = None
    assert report.counts["recreate" if is_gone else "kept"] == 1
    written = scene.writes_of(scene.run_after_quiet_time)
    assert len(written) == (0 if is_gone else 1)
    assert len(scene.activities(booking_id)) == 1
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_034_nothing_depends_on_the_services_clock(server: ScriptedServer, bench: Bench) -> None:
    wrong = {"Date": "Thu, 01 Jan 1970 00:00:00 GMT", "Age": "-5"}
    server.will(
        answers(429, None, {**wrong, "Retry-After": "3"}), answers(200, {"fine": True}, wrong), answers(200, {})
    )
    http = bench.http()
    assert http.read("GET", "/x") == {"fine": True}
    assert 3 <= bench.pauses[0] < 4
    assert http.read("GET", "/x") == {}  # this answer has no Date at all


@pytest.mark.parametrize("status", [404, 410])
def test_fault_035_a_version_that_hubspot_does_not_serve_any_more_is_said_at_once(scene: Scene, status: int) -> None:
    scene.run()
    booking_id = scene.book()
    scene.switches.answer(status, path=ACCOUNT, count=100)
    before = len(scene.sandbox.hubspot.history)
    with pytest.raises(
        ConfigurationError, match=r"does not serve API version 2026-09\b.* BOOKING_SYNC_HUBSPOT_API_VERSION"
    ):
        scene.run()
    assert len(scene.sandbox.hubspot.history) == before + 1
    assert statuses(scene, CREATE) == []
    scene.switches.faults.clear()
    scene.run()
    assert_made_once(scene, booking_id)


def test_fault_035_the_version_is_a_setting(scene: Scene) -> None:
    assert Settings.from_environment({"BOOKING_SYNC_HUBSPOT_API_VERSION": "2026-03"}).hubspot_api_version == "2026-03"
    scene.book()
    scene.run()
    assert {entry.path.split("/")[3] for entry in scene.sandbox.hubspot.history.matching("/crm/objects/")} == {
        "2026-09"
    }
