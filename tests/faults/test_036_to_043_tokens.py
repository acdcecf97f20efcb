"""Faults 36 to 43: tokens that end, rotate, are revoked, or belong to another portal, in whole runs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.errors import AccessRefused
from booking_sync.services import Services
from booking_sync.states import AccessState, IntegrationState
from booking_sync.store.access_tables import portal_access
from booking_sync.store.tables import mapping
from tests.faults.ways import dying_at
from tests.flow.scene import Scene
from tests.oauth.portals_scene import FIRST, SECOND, PortalsScene

HOUR = 3_600
TOKEN = "/oauth/2026-09/token"
REFRESHED = "tokens._refresh_alone.commit"


def book_both(portals: PortalsScene, suffix: str) -> None:
    portals.book(f"bk_1_{suffix}")
    portals.calendar.book("ws_2", booking_id=f"bk_2_{suffix}")


def tokens_asked_for(portals: PortalsScene, act: Any) -> int:
    return sum(TOKEN in call for call in portals.calls_during(act))


def ask(portals: PortalsScene, services: Services | None = None) -> str:
    """Send one request to the first portal, as every run does."""
    return (services or portals.services).hubspot_of(str(FIRST)).portal().id


def access(portals: PortalsScene) -> dict[str, Any]:
    (row,) = portals.rows(select(portal_access))
    return row


def counts(portals: PortalsScene) -> tuple[int, int]:
    return len(portals.shown_in(FIRST)), len(portals.shown_in(SECOND))


def test_fault_036_a_token_that_has_ended_is_refreshed_before_the_first_call(connected: PortalsScene) -> None:
    connected.clock.advance(HOUR)
    book_both(connected, "later")
    before = len(connected.sandbox.hubspot.history)
    connected.run()
    answered = [entry.status for entry in connected.sandbox.hubspot.history[before:]]
    assert 401 not in answered
    assert counts(connected) == (2, 2)


def test_fault_037_a_401_in_the_middle_of_a_run_is_answered_with_one_refresh(connected: PortalsScene) -> None:
    book_both(connected, "later")
    expired: list[int] = []

    def expire(entry: Any, phase: str) -> None:
        if phase == "before" and "/contacts/batch/create" in entry.path and not expired:
            expired.append(entry.number)
            connected.hubspot.expire_access_tokens(portal_id=FIRST)

    connected.hubspot.request_hook = expire
    assert tokens_asked_for(connected, connected.run) == 1
    assert expired
    assert counts(connected) == (2, 2)
    connected.hubspot.request_hook = None
    connected.assert_repeating_writes_nothing()


def test_fault_037_a_second_401_parks_the_integration_and_no_other(connected: PortalsScene) -> None:
    book_both(connected, "later")
    connected.switches.answer(401, '{"category": "INVALID_AUTHENTICATION"}', portal_id=FIRST, count=99)
    report = connected.run(may_be_red=True)
    assert "Acme Sales: HubSpot does not accept our access to portal 424242" in report.reason
    assert connected.present("ws_1", FIRST).state is IntegrationState.NEEDS_RECONNECTING
    assert counts(connected) == (1, 2)
    connected.switches.faults.clear()
    connected.grant_and_connect("ws_1", FIRST)
    connected.run_after_quiet_time()
    assert counts(connected) == (2, 2)


@pytest.mark.parametrize("rotates", [False, True])
def test_fault_039_a_worker_that_dies_before_the_new_token_is_committed_is_made_up_for_or_parked(
    connected: PortalsScene, *, rotates: bool
) -> None:
    connected.switches.rotate_refresh_tokens = rotates
    connected.clock.advance(HOUR)
    connected.book("bk_1_later")
    with dying_at(f"{REFRESHED}.before"):
        connected.services.hubspot_of(str(FIRST)).portal()
    connected.services = connected.new_services()
    report = connected.run(may_be_red=True)
    assert report.is_red is rotates
    assert counts(connected) == ((1 if rotates else 2), 1)
    if rotates:  # the old token is void: tried once, parked, and not hammered
        assert connected.present("ws_1", FIRST).state is IntegrationState.NEEDS_RECONNECTING
        assert tokens_asked_for(connected, connected.run) == 0
        connected.grant_and_connect("ws_1", FIRST)
        connected.run()
        assert counts(connected) == (2, 1)


def test_fault_040_a_refresh_token_that_is_not_taken_parks_once_and_asks_for_nothing_more(
    connected: PortalsScene,
) -> None:
    connected.hubspot.revoke_refresh_tokens(portal_id=FIRST)
    connected.clock.advance(HOUR)
    book_both(connected, "later")
    runs: list[Any] = []
    connected.calls_during(lambda: runs.append(connected.run(may_be_red=True)))
    assert "Grant access again on the Integrations page" in runs[0].reason
    for _ in range(3):
        connected.clock.advance(900)
        assert tokens_asked_for(connected, lambda: runs.append(connected.run())) <= 1  # the other portal's
    assert [run.is_red for run in runs] == [True, False, False, False]  # one alarm
    states = {row["portal_id"]: row["state"] for row in connected.rows(select(portal_access))}
    assert states == {str(FIRST): AccessState.BROKEN, str(SECOND): AccessState.USABLE}
    connected.grant_and_connect("ws_1", FIRST)
    connected.run()
    assert counts(connected) == (2, 2)


def test_fault_041_an_uninstall_in_hubspot_keeps_the_mapping(connected: PortalsScene) -> None:
    mapped_there = select(mapping).where(mapping.c.booking_id == "bk_1")
    before = connected.rows(mapped_there)
    connected.hubspot.uninstall_app(portal_id=FIRST)
    connected.move("bk_1", 9)
    book_both(connected, "later")
    assert connected.run(may_be_red=True).is_red
    assert connected.rows(mapped_there) == before
    assert counts(connected) == (1, 2)
    connected.grant_and_connect("ws_1", FIRST)
    connected.run()
    assert counts(connected) == (2, 2)  # moved, and not made twice
    connected.everything_is_right()


def test_fault_042_a_service_key_of_another_portal_is_not_written_to(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.hubspot.add_portal(515_151, "pat-of-another-portal")
    other = scene.new_services("pat-of-another-portal")
    scene.move(booking_id, 9)
    report = scene.run(services=other)
    assert "is connected to HubSpot portal 424242" in report.note  # K6
    assert [entry for entry in scene.sandbox.hubspot.history.writes() if entry.portal_id == 515_151] == []
    scene.run()
    scene.everything_is_right()


def test_fault_043_a_calendar_key_that_is_revoked_is_never_taken_for_no_bookings(scene: Scene) -> None:
    ids = [scene.book() for _ in range(3)]
    scene.run()
    key = scene.sandbox.calendar.api_key
    scene.calendar.revoke_key(key)
    with pytest.raises(AccessRefused, match=r"Calendar\.com: .* the key is not accepted"):
        scene.run()
    assert [len(scene.activities(one)) for one in ids] == [1, 1, 1]
    scene.calendar.add_key(key)
    scene.assert_repeating_writes_nothing()


def test_fault_043_a_calendar_key_that_is_revoked_in_the_middle_records_no_window(scene: Scene) -> None:
    known = scene.book()
    scene.run()
    late = scene.book()
    key = scene.sandbox.calendar.api_key

    def revoke(entry: Any, phase: str) -> None:
        if phase == "after" and entry.path.endswith("/v1/workspaces"):
            scene.calendar.revoke_key(key)

    scene.calendar.request_hook = revoke
    report = scene.run(may_be_red=True)
    assert "the key is not accepted" in report.reason
    assert [len(scene.activities(one)) for one in (known, late)] == [1, 0]
    scene.calendar.request_hook = None
    scene.calendar.add_key(key)
    scene.clock.advance(24 * HOUR)
    scene.run()
    scene.everything_is_right()


def test_fault_038_several_workers_at_once_fetch_one_new_token(portals_on_both: PortalsScene) -> None:
    portals = portals_on_both
    portals.switches.rotate_refresh_tokens = True
    portals.grant(FIRST)
    portals.clock.advance(HOUR)
    portals.switches.slow(0.5, path="/oauth/", count=9)
    workers = [portals.new_services() for _ in range(5)]
    together = threading.Barrier(5)

    def work(services: Services) -> str:
        together.wait()
        return ask(portals, services)

    def all_at_once() -> None:
        with ThreadPoolExecutor(5) as pool:
            assert list(pool.map(work, workers)) == [str(FIRST)] * 5

    assert tokens_asked_for(portals, all_at_once) == 1
    for services in workers:
        services.engine.dispose()


def test_fault_038_a_rotated_token_is_committed_before_it_is_used(portals: PortalsScene) -> None:
    portals.switches.rotate_refresh_tokens = True
    portals.grant(FIRST)
    seen: list[int] = []

    def note_what_is_recorded(entry: Any, when: str) -> None:
        if when == "before" and "/account-info/" in entry.path:
            seen.append(access(portals)["generation"])

    portals.clock.advance(HOUR)
    portals.hubspot.request_hook = note_what_is_recorded
    ask(portals)
    assert seen == [2]
    for _ in range(3):
        portals.clock.advance(HOUR)
        ask(portals)
    assert access(portals)["generation"] == 5
