"""Disconnect and Uninstall: at once, tokens given back and erased, history kept, and safe at every crash (K3, K4)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select, update

from booking_sync.boundary import Act, Moment, watched
from booking_sync.connect_app import ConnectRefused, connect_app
from booking_sync.disconnecting import NotConfirmed, disconnect, uninstall
from booking_sync.errors import IntegrationUnavailable, NeedsReconnecting
from booking_sync.states import AccessState, IntegrationState
from booking_sync.store.access_tables import portal_access
from booking_sync.store.database import writing
from booking_sync.store.tables import audit, lease, mapping
from tests.flow.scene import Scene
from tests.oauth.portals_scene import ADA, FIRST, SECOND, PortalsScene

REVOKE = "POST /oauth/2026-09/token/revoke"
UNINSTALL = "DELETE /appinstalls/2026-09/external-install"
MINE = f"ws_1@{FIRST}"


def access(portals: PortalsScene, portal_id: int = FIRST) -> dict[str, Any]:
    (row,) = portals.rows(select(portal_access).where(portal_access.c.portal_id == str(portal_id)))
    return row


def assert_nothing_is_left(portals: PortalsScene) -> None:
    """See that the tokens are gone on both sides, and what we know is not."""
    row = access(portals)
    assert (row["state"], row["access_token"], row["refresh_token"]) == (AccessState.ERASED, None, None)
    assert portals.hubspot.portal(FIRST).grants.refresh_tokens == {}
    assert len(portals.rows(select(mapping).where(mapping.c.integration_id == MINE))) == 1
    assert portals.present("ws_1", FIRST).state is IntegrationState.DISCONNECTED


def test_disconnect_revokes_erases_and_keeps_the_history(connected: PortalsScene) -> None:
    assert disconnect(connected.services, MINE, person=ADA)
    assert_nothing_is_left(connected)  # K3
    connected.move("bk_1", 9)
    connected.book("bk_3")
    calls = connected.calls_during(lambda: connected.run(booking_ids=("bk_1", "bk_3")))
    assert [entry for entry in calls if "/oauth/" in entry] == []
    assert len(connected.shown_in(FIRST)) == 1


def test_disconnecting_twice_changes_nothing_more(connected: PortalsScene) -> None:
    disconnect(connected.services, MINE, person=ADA)
    assert connected.calls_during(lambda: disconnect(connected.services, MINE, person=ADA)) == []


def test_the_other_integrations_go_on(connected: PortalsScene) -> None:
    disconnect(connected.services, MINE, person=ADA)
    connected.calendar.book("ws_2", booking_id="bk_4")
    report = connected.run()
    assert [part.name for part in report.integrations] == ["Globex Sales"]
    assert len(connected.shown_in(SECOND)) == 2


def test_disconnecting_while_hubspot_is_down_stops_at_once_and_revokes_later(connected: PortalsScene) -> None:
    connected.switches.fail_before(503, path="/oauth/")
    assert not disconnect(connected.services, MINE, person=ADA)
    assert access(connected)["state"] == AccessState.REVOKING
    with pytest.raises(NeedsReconnecting):
        connected.services.hubspot_of(str(FIRST)).portal()
    connected.run()
    assert_nothing_is_left(connected)


def test_a_secret_key_that_was_lost_does_not_keep_anybody_connected(connected: PortalsScene) -> None:
    connected.rows(select(portal_access))
    services = connected.new_services()
    from booking_sync.store.encryption import Vault  # noqa: PLC0415 - only here

    object.__setattr__(services.tokens, "vault", Vault(["another key altogether, long"]))
    assert disconnect(services, MINE, person=ADA)
    assert access(connected)["refresh_token"] is None


class Killed(BaseException):
    """Stands for the end of the process."""


def crash_points(act: Callable[[], object]) -> int:
    """Count the commits and requests of an act."""
    count = 0

    def note(_act: Act, _moment: Moment) -> None:
        nonlocal count
        count += 1

    with watched(note):
        act()
    return count


@pytest.mark.parametrize("deed", ["disconnect", "uninstall"])
def test_a_crash_anywhere_leaves_something_that_the_next_run_finishes(connected: PortalsScene, deed: str) -> None:
    def act() -> None:
        if deed == "disconnect":
            disconnect(connected.services, MINE, person=ADA)
        else:
            uninstall(connected.services, MINE, person=ADA, typed="uninstall")

    points = crash_points(act)
    assert points >= 8
    for point in range(points):
        connected.clock.advance(60)
        connected.grant_and_connect("ws_1", FIRST)
        reached = iter(range(points + 1))

        def die(_act: Act, _moment: Moment, reached: Any = reached, point: int = point) -> None:
            if next(reached) == point:
                raise Killed

        with suppress(Killed), watched(die):
            act()
        with writing(connected.services.engine) as connection:
            connection.execute(update(lease).values(holder=None))  # as a worker that is gone leaves it
        connected.run()
        state = connected.present("ws_1", FIRST).state
        if state is IntegrationState.CONNECTED:  # it died before anything was written down
            act()
        assert_nothing_is_left(connected)


def test_uninstall_takes_the_app_out_of_the_portal(connected: PortalsScene) -> None:
    calls = connected.calls_during(lambda: uninstall(connected.services, MINE, person=ADA, typed=" Uninstall "))
    assert calls == [UNINSTALL]  # K4
    assert_nothing_is_left(connected)
    assert connected.hubspot.portal(FIRST).grants.tokens.keys() == {connected.sandbox.hubspot.service_key}
    (row,) = connected.rows(select(audit).where(audit.c.object_type == "app"))
    assert (row["requested_by"], row["action"], row["outcome"]) == (ADA, "uninstall", "applied")  # W7


def test_uninstall_wants_the_word(connected: PortalsScene) -> None:
    with pytest.raises(NotConfirmed, match='Type "uninstall"'):
        uninstall(connected.services, MINE, person=ADA, typed="yes")
    assert connected.present("ws_1", FIRST).is_working


def test_uninstall_without_access_says_how_to_do_it_by_hand(connected: PortalsScene) -> None:
    disconnect(connected.services, MINE, person=ADA)
    with pytest.raises(NeedsReconnecting, match="Connected Apps"):
        uninstall(connected.services, MINE, person=ADA, typed="uninstall")


def test_an_uninstall_that_hubspot_refuses_still_gives_the_tokens_back(connected: PortalsScene) -> None:
    connected.switches.answer(400, '{"category": "VALIDATION_ERROR"}', path="/appinstalls/")
    with pytest.raises(IntegrationUnavailable, match="refuses to uninstall"):
        uninstall(connected.services, MINE, person=ADA, typed="uninstall")
    assert_nothing_is_left(connected)


def test_an_uninstall_without_an_answer_is_finished_by_the_next_run(connected: PortalsScene) -> None:
    connected.switches.commit_then_hang(path="/appinstalls/")
    assert not uninstall(connected.services, MINE, person=ADA, typed="uninstall")
    connected.run()
    assert_nothing_is_left(connected)
    (row,) = connected.rows(select(audit).where(audit.c.object_type == "app"))
    assert row["outcome"] == "adopted"


def test_an_expired_token_does_not_keep_the_app_from_being_uninstalled(connected: PortalsScene) -> None:
    connected.clock.advance(24 * 3_600)
    assert uninstall(connected.services, MINE, person=ADA, typed="uninstall")
    assert_nothing_is_left(connected)


def test_disconnecting_in_single_portal_mode_stops_and_stays_stopped(single: Scene) -> None:
    single.book("bk_1")
    single.run()
    assert disconnect(single.services, MINE, person=ADA)
    single.book("bk_2")
    for _ in range(2):
        single.run()
    assert single.activities("bk_2") == []  # K3


def test_connecting_again_in_single_portal_mode(single: Scene) -> None:
    single.book("bk_1")
    single.run()
    disconnect(single.services, MINE, person=ADA)
    single.move("bk_1", 9)
    single.clock.advance(60)
    with pytest.raises(ConnectRefused, match="belongs to portal 424242, not 868686"):
        connect_app(single.services, workspace_id="ws_1", portal_id=str(SECOND), person=ADA)
    connect_app(single.services, workspace_id="ws_1", portal_id=str(FIRST), person=ADA)
    assert single.writes_of(single.run) == []  # K5
    single.book("bk_2")
    single.run()
    assert len(single.activities("bk_2")) == 1
