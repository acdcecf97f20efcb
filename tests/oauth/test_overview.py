"""What the page is given: a card for each workspace, in every state."""

from __future__ import annotations

from booking_sync.disconnecting import disconnect
from booking_sync.overview import Card, CardState, Health, Overview, overview
from booking_sync.owner_coverage import owner_coverage
from booking_sync.pausing import pause
from booking_sync.states import AccessState
from tests.flow.scene import Scene
from tests.oauth.portals_scene import ADA, FIRST, SECOND, PortalsScene

MINE = f"ws_1@{FIRST}"


def read(scene: Scene) -> Overview:
    return overview(scene.services, list(scene.services.calendar.workspaces()))


def card(scene: Scene, workspace_id: str = "ws_1") -> Card:
    return next(one for one in read(scene).cards if one.workspace_id == workspace_id)


def test_a_workspace_goes_through_its_states(portals: PortalsScene) -> None:
    assert (card(portals).state, card(portals).portal) == (CardState.NOT_CONNECTED, None)
    portals.grant(FIRST)
    assert [one.id for one in read(portals).free_portals] == [str(FIRST)]
    portals.connect("ws_1", FIRST)
    assert read(portals).free_portals == ()
    assert (card(portals).state, card(portals).health) == (CardState.CONNECTED, Health.WAITING)
    portals.clock.advance(60)
    portals.book()
    portals.run()
    shown = card(portals)
    assert (shown.health, shown.counts_of_day["create"], shown.counts_of_day["kept"]) == (Health.HEALTHY, 1, 0)
    assert shown.last_run is not None
    assert shown.last_run.dag_run_id == "run 1"
    pause(portals.services, MINE, person=ADA, reason="holidays")
    assert (card(portals).state, card(portals).why) == (CardState.PAUSED, "paused by ada: holidays")
    disconnect(portals.services, MINE, person=ADA)
    shown = card(portals)
    assert (shown.state, shown.why, shown.health) == (CardState.DISCONNECTED, "disconnected by ada", Health.IDLE)
    assert shown.portal is not None
    assert shown.portal.access is AccessState.ERASED


def test_a_dead_portal_says_what_to_do(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portals.clock.advance(60)
    portals.hubspot.uninstall_app(portal_id=FIRST)
    portals.book()
    portals.run(may_be_red=True)
    shown = card(portals)
    assert shown.state is CardState.NEEDS_RECONNECTING
    assert "Grant access again" in (shown.why or "")


def test_what_is_kept_asks_for_attention_and_a_failed_run_for_more(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portals.clock.advance(60)
    portals.switches.required_properties["meetings"] = ["hs_meeting_location"]
    portals.book(location=None)
    portals.run(may_be_red=True)
    assert card(portals).health is Health.ATTENTION
    portals.sandbox.calendar.switches.fail(500, path="/ws_1/", count=100)
    portals.run(may_be_red=True)
    portals.sandbox.calendar.switches.faults.clear()
    assert card(portals).health is Health.FAILING


def test_a_workspace_below_pro_says_that_it_cannot_be_connected(portals: PortalsScene) -> None:
    portals.calendar.add_workspace("ws_2", "Globex Sales", plan="basic")
    shown = card(portals, "ws_2")
    assert shown.cannot_connect == "plan: basic does not include the HubSpot integration; it needs Pro or above"  # K1


def test_the_page_is_there_while_calendar_com_is_not(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    shown = overview(portals.services, [], problem="Calendar.com does not answer")
    assert [(one.workspace_name, one.why) for one in shown.cards] == [("Acme Sales", None)]


def test_scopes_are_shown_with_what_is_missing(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portal = card(portals).portal
    assert portal is not None
    assert "crm.objects.owners.read" in portal.scopes
    assert (portal.missing_scopes, portal.missing_optional, portal.granted_by) == ((), (), ADA)


def test_the_newest_portal_of_a_workspace_is_shown(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portals.grant(SECOND)
    portals.connect("ws_1", SECOND, confirmed_portal="Globex Europe")
    assert [one.integration_id for one in read(portals).cards] == [f"ws_1@{SECOND}", None]


def test_hosts_without_an_owner_are_named(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portals.hubspot.add_owner(email="Ada@Example.com", portal_id=FIRST)
    portals.book(host={"id": "u_1", "name": "Ada", "email": "ada@example.com"})
    portals.book(host={"id": "u_2", "name": "Grace", "email": "grace@example.com"})
    portals.clock.advance(60)
    coverage = owner_coverage(portals.services, MINE)
    assert (coverage.matched, coverage.hosts) == (1, 2)  # A1, C4
    assert coverage.without_owner == ("Grace (grace@example.com)",)
    assert coverage.is_whole
    assert "grace" not in repr(coverage)


def test_single_portal_mode_has_cards_too(single: Scene) -> None:
    single.book()
    single.run()
    shown = card(single)
    assert (shown.state, shown.health) == (CardState.CONNECTED, Health.HEALTHY)
    assert shown.portal is not None
    assert shown.portal.access is None
    assert not read(single).is_oauth


def test_the_budget_is_what_hubspot_says_of_it(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portals.clock.advance(60)
    portals.book()
    portals.run()
    last = card(portals).last_run
    assert last is not None
    assert last.budget.keys() == {"burst_limit", "burst_remaining", "burst_milliseconds"}  # an app has no daily limit
    assert 0 < last.budget["burst_remaining"] < last.budget["burst_limit"]


def test_the_budget_of_a_service_key_has_a_day(single: Scene) -> None:
    single.book()
    single.run()
    last = card(single).last_run
    assert last is not None
    assert 0 < last.budget["daily_remaining"] < last.budget["daily_limit"]
