"""Runs over many portals: each with its own tokens, and one that is broken never holds up the others (W6, K4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync import task_extract
from booking_sync.extract import extract as extract_bookings
from booking_sync.pausing import pause, resume
from booking_sync.request import RunRequest
from booking_sync.states import IntegrationState
from booking_sync.store.tables import integration_run
from booking_sync.task_apply import apply_create
from booking_sync.task_close_run import close_run
from booking_sync.task_diff import diff
from booking_sync.task_extract import extract
from booking_sync.task_open_run import open_run
from booking_sync.window import MANUAL
from tests.flow.scene import Scene
from tests.oauth.portals_scene import ADA, FIRST, SECOND, THIRD, PortalsScene


def two_connected(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portals.grant_and_connect("ws_2", SECOND)
    portals.clock.advance(60)


def book_both(portals: PortalsScene, suffix: str = "") -> None:
    portals.book(f"bk_1{suffix}")
    portals.calendar.book("ws_2", booking_id=f"bk_2{suffix}")


def test_each_workspace_goes_to_its_own_portal(portals: PortalsScene) -> None:
    two_connected(portals)
    book_both(portals)
    report = portals.run()
    assert [part.name for part in report.integrations] == ["Acme Sales", "Globex Sales"]
    for portal_id, booking_id in ((FIRST, "bk_1"), (SECOND, "bk_2")):
        (shown,) = portals.hubspot.activities(portal_id=portal_id)
        assert shown["properties"]["calendar_booking_id"] == booking_id
    portals.assert_repeating_writes_nothing()


def test_the_calls_of_each_integration_are_counted_for_it(portals: PortalsScene) -> None:
    two_connected(portals)
    book_both(portals)
    report = portals.run()
    for part, portal_id in zip(report.integrations, (FIRST, SECOND), strict=True):
        served = [entry for entry in portals.sandbox.hubspot.history.of_portal(portal_id) if "batch" in entry.path]
        assert 0 < len(served) <= part.hubspot_calls


def test_a_portal_that_is_uninstalled_alarms_once_and_holds_up_nothing(portals: PortalsScene) -> None:
    two_connected(portals)
    portals.hubspot.uninstall_app(portal_id=FIRST)
    book_both(portals)
    report = portals.run(may_be_red=True)
    assert report.is_red
    assert "Acme Sales: HubSpot does not accept our access to portal 424242 any more" in report.reason  # K4
    assert len(portals.shown_in(SECOND)) == 1  # W6
    assert portals.present("ws_1", FIRST).state is IntegrationState.NEEDS_RECONNECTING
    portals.book("bk_3")
    later = []
    calls = portals.calls_during(lambda: later.append(portals.run()))
    assert not later[0].is_red  # said once
    assert any("Grant access again" in notice for notice in later[0].notices)
    assert [entry for entry in calls if "/oauth/" in entry] == []
    portals.grant_and_connect("ws_1", FIRST)
    portals.run()
    assert len(portals.shown_in(FIRST)) == 2  # nothing is lost


def test_access_that_broke_outside_of_a_run_is_said_by_the_next_one(portals: PortalsScene) -> None:
    two_connected(portals)
    portals.hubspot.uninstall_app(portal_id=FIRST)
    tokens = portals.services.tokens
    assert tokens is not None
    tokens.break_access(str(FIRST), "seen by the page")
    report = portals.run(may_be_red=True)
    assert "seen by the page" in report.reason
    assert not portals.run().is_red


def test_a_pause_stops_and_a_resume_passes_on_what_changed_meanwhile(portals: PortalsScene) -> None:
    two_connected(portals)
    pause(portals.services, f"ws_1@{FIRST}", person=ADA, reason="we clean up the CRM")
    book_both(portals)
    report = portals.run()
    assert "Acme Sales: nothing is passed on (paused by ada: we clean up the CRM)" in report.notices
    assert [portals.shown_in(FIRST), len(portals.shown_in(SECOND))] == [[], 1]
    portals.clock.advance(24 * 3_600)
    resume(portals.services, f"ws_1@{FIRST}", person=ADA)
    portals.run()
    assert len(portals.shown_in(FIRST)) == 1
    portals.everything_is_right()


def test_neither_the_plan_nor_a_reconnect_ends_a_persons_pause(portals: PortalsScene) -> None:
    two_connected(portals)
    pause(portals.services, f"ws_1@{FIRST}", person=ADA)
    portals.calendar.add_workspace("ws_1", "Acme Sales", plan="basic")
    portals.run()
    portals.calendar.add_workspace("ws_1", "Acme Sales", plan="pro")
    portals.hubspot.uninstall_app(portal_id=FIRST)
    portals.grant_and_connect("ws_1", FIRST)
    portals.book()
    portals.run()
    assert portals.shown_in(FIRST) == []
    resume(portals.services, f"ws_1@{FIRST}", person=ADA)
    portals.run()
    assert len(portals.shown_in(FIRST)) == 1


def test_a_pause_in_the_middle_of_a_run_stops_it_after_the_request(portals: PortalsScene) -> None:
    two_connected(portals)
    book_both(portals)
    stop_after(portals, "contacts/batch/create", lambda: pause(portals.new_services(), f"ws_1@{FIRST}", person=ADA))
    report = portals.run()
    assert not report.is_red, report.note
    assert portals.shown_in(FIRST) == []
    assert len(portals.shown_in(SECOND)) == 1
    portals.hubspot.request_hook = None
    resume(portals.services, f"ws_1@{FIRST}", person=ADA)
    portals.run()
    portals.everything_is_right()


def stop_after(portals: PortalsScene, path: str, act: object) -> None:
    """Act while HubSpot works on the first request to a path of the first portal."""
    done: list[bool] = []

    def hook(entry: object, when: str) -> None:
        if when == "after" and path in entry.path and entry.portal_id == FIRST and not done:  # type: ignore[attr-defined]  # an entry of the history
            done.append(True)
            act()  # type: ignore[operator]  # a function

    portals.hubspot.request_hook = hook


def test_a_lost_plan_pauses_and_goes_on_when_it_is_back(portals: PortalsScene) -> None:
    two_connected(portals)
    portals.calendar.add_workspace("ws_1", "Acme Sales", plan="free")
    book_both(portals)
    report = portals.run()
    assert "Acme Sales: paused (plan: free" in report.note  # K1
    assert len(portals.shown_in(SECOND)) == 1
    portals.calendar.add_workspace("ws_1", "Acme Sales", plan="enterprise")
    portals.run()
    assert len(portals.shown_in(FIRST)) == 1


def test_a_workspace_that_cannot_be_read_any_more_alarms_once(portals: PortalsScene) -> None:
    two_connected(portals)
    del portals.calendar.workspaces["ws_1"]
    assert "Acme Sales: the Calendar.com key" in portals.run(may_be_red=True).reason
    assert not portals.run().is_red


def test_nobody_is_connected_by_a_key_alone(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.book()
    report = portals.run()
    assert report.integrations == ()
    assert portals.rows(select(integration_run)) == []


def test_a_pause_holds_in_single_portal_mode_too(single: Scene) -> None:
    single.book("bk_1")
    single.run()
    pause(single.services, f"ws_1@{FIRST}", person=ADA)
    single.book("bk_2")
    single.run()
    assert single.activities("bk_2") == []
    resume(single.services, f"ws_1@{FIRST}", person=ADA)
    single.run()
    single.everything_is_right()


def test_a_slow_portal_does_not_hold_up_the_others(portals: PortalsScene) -> None:
    """Three portals in one task: two answer at once, while the first takes its time."""
    portals.calendar.add_workspace("ws_3", "Initech Sales")
    for workspace_id, portal_id in (("ws_1", FIRST), ("ws_2", SECOND), ("ws_3", THIRD)):
        portals.grant_and_connect(workspace_id, portal_id)
        portals.calendar.book(workspace_id, at=portals.clock.now)
    portals.clock.advance(60)
    finished: list[int] = []
    portals.switches.slow(3.0, path="/contacts/batch/read", portal_id=FIRST)

    def note(entry: Any, when: str) -> None:
        if when == "after" and "meetings/batch/create" in entry.path:
            finished.append(entry.portal_id)

    portals.hubspot.request_hook = note
    opened = open_run(portals.services, portals.trigger(MANUAL), RunRequest())
    for step in (extract, diff, apply_create):
        step(portals.services, opened.run_id, None)
    report = close_run(portals.services, opened.run_id)
    portals.check(report)
    assert [part.counts["create"] for part in report.integrations] == [1, 1, 1]
    assert finished[-1] == FIRST  # W6: one after another, it would be the first
    served = {one: len(portals.sandbox.hubspot.history.of_portal(one)) for one in (FIRST, SECOND, THIRD)}
    for part, portal_id in zip(report.integrations, served, strict=True):
        assert 3 <= part.hubspot_calls <= served[portal_id]


def test_one_portal_with_much_to_do_leaves_the_rest_to_the_next_run(portals: PortalsScene) -> None:
    one_by_one = replace(portals.services.settings, requests_in_flight=1)  # else both batches are begun in time
    portals.services = replace(portals.services, settings=one_by_one)
    two_connected(portals)
    for number in range(150):
        portals.book(f"bk_{number:03}")
    portals.calendar.book("ws_2")

    def take_time(entry: Any, when: str) -> None:
        if when == "after" and entry.portal_id == FIRST and "meetings/batch/create" in entry.path:
            portals.clock.advance(601)

    portals.hubspot.request_hook = take_time
    report = portals.run()
    assert len(portals.shown_in(FIRST)) == 100
    assert report.integrations[0].counts["kept"] == 50
    assert "other HubSpot portals wait" in report.note
    portals.hubspot.request_hook = None
    portals.run()
    assert len(portals.shown_in(FIRST)) == 150


def test_a_mistake_of_ours_in_one_thread_stops_only_that_one(
    portals: PortalsScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_connected(portals)
    book_both(portals)

    def breaks(work: Any, *args: Any) -> Any:
        if work.integration.portal_id == str(FIRST):
            raise ZeroDivisionError
        return extract_bookings(work, *args)

    monkeypatch.setattr(task_extract, "extract_bookings", breaks)
    portals.clock.advance(60)
    opened = open_run(portals.services, portals.trigger(MANUAL), RunRequest())
    for step in (extract, diff, apply_create):
        step(portals.services, opened.run_id, None)
    report = close_run(portals.services, opened.run_id)
    assert "Acme Sales: extract ended with ZeroDivisionError" in report.reason
    assert len(portals.shown_in(SECOND)) == 1  # W6


def test_a_pause_while_bookings_are_still_read_is_no_failure_and_loses_nothing(portals: PortalsScene) -> None:
    two_connected(portals)
    book_both(portals)
    portals.switches.commit_then_hang(path="meetings/batch/create", portal_id=FIRST)
    portals.run()
    portals.book("bk_3")
    portals.clock.advance(1_000)  # what was not answered is looked up first, and that is when the pause comes
    stop_after(portals, "batch/read", lambda: pause(portals.new_services(), f"ws_1@{FIRST}", person=ADA))
    assert not portals.run().is_red
    portals.hubspot.request_hook = None
    resume(portals.services, f"ws_1@{FIRST}", person=ADA)
    portals.run()
    portals.everything_is_right()


def test_a_workspace_of_a_service_key_needs_access_when_there_is_an_oauth_client(portals: PortalsScene) -> None:
    portals.book("bk_1")
    with_key = Scene.new_services(portals)
    portals.run(services=with_key)
    with_key.engine.dispose()
    assert "Nobody has granted access to HubSpot portal 424242" in portals.run(may_be_red=True).reason
    assert not portals.run().is_red  # said once
    portals.book("bk_2")
    portals.grant_and_connect("ws_1", FIRST)
    portals.run()
    portals.everything_is_right()
    assert len(portals.shown_in(FIRST)) == 2
