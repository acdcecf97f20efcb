"""Connect App: each check with its refusal, and what connecting means for what is passed on (K1, K2, K5, K6)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from booking_sync.connect_app import ConnectRefused
from booking_sync.disconnecting import disconnect
from booking_sync.errors import OutcomeUnknown
from booking_sync.states import ConnectRefusal, IntegrationState
from booking_sync.store.database import writing
from booking_sync.store.integration_events import events_of
from booking_sync.store.tables import audit, integration, mapping
from tests.oauth.portals_scene import ADA, FIRST, SECOND, PortalsScene


def refusal(portals: PortalsScene, workspace_id: str, portal_id: int, **how: str) -> ConnectRefused:
    """Press Connect App and be refused; nothing may be connected by that."""
    before = portals.rows(select(integration))
    with pytest.raises(ConnectRefused) as caught:
        portals.connect(workspace_id, portal_id, **how)
    assert portals.rows(select(integration)) == before
    return caught.value


def test_connecting_provisions_the_portal_and_says_who_asked(portals: PortalsScene) -> None:
    made = portals.grant_and_connect("ws_1", SECOND)
    assert (made.state, made.portal_id, made.connected_at) == (
        IntegrationState.CONNECTED,
        str(SECOND),
        portals.clock.now,
    )
    properties = portals.hubspot.portal(SECOND).properties["meetings"]
    assert properties["calendar_booking_key"].has_unique_value
    rows = portals.rows(select(audit.c.requested_by, audit.c.outcome).where(audit.c.object_type == "property"))
    assert {(row["requested_by"], row["outcome"]) for row in rows} == {(ADA, "applied")}  # W7


def test_a_workspace_below_pro_is_refused_before_hubspot_is_asked(portals: PortalsScene) -> None:
    portals.calendar.add_workspace("ws_1", "Acme Sales", plan="basic")
    portals.grant(FIRST)
    said: list[ConnectRefused] = []
    assert portals.calls_during(lambda: said.append(refusal(portals, "ws_1", FIRST))) == []
    assert said[0].kind is ConnectRefusal.PLAN  # K1
    assert "Upgrade it" in str(said[0])


def test_a_workspace_that_the_key_cannot_read_is_refused(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    assert refusal(portals, "ws_typo", FIRST).kind is ConnectRefusal.UNREADABLE_WORKSPACE


def test_without_access_there_is_nothing_to_connect_to(portals: PortalsScene) -> None:
    assert refusal(portals, "ws_1", FIRST).kind is ConnectRefusal.NO_ACCESS


def test_a_portal_that_was_uninstalled_since_is_refused(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.hubspot.uninstall_app(portal_id=FIRST)
    assert refusal(portals, "ws_1", FIRST).kind is ConnectRefusal.NO_ACCESS
    assert refusal(portals, "ws_1", FIRST).kind is ConnectRefusal.NO_ACCESS


def test_a_scope_that_hubspot_misses_is_named(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.switches.missing_scopes |= {"crm.schemas.contacts.write", "crm.schemas.meetings.write"}
    said = refusal(portals, "ws_1", FIRST)
    assert said.kind is ConnectRefusal.MISSING_SCOPE
    assert "crm.schemas.contacts.write" in str(said)


def test_a_portal_belongs_to_one_workspace(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    said = refusal(portals, "ws_2", FIRST)
    assert said.kind is ConnectRefusal.PORTAL_TAKEN
    assert "connected to the workspace Acme Sales" in str(said)
    disconnect(portals.services, f"ws_1@{FIRST}", person=ADA)
    portals.grant_and_connect("ws_2", FIRST)  # it is free now


def test_a_property_of_another_type_is_refused_and_can_be_mended(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    client = portals.services.hubspot_of(str(FIRST))
    group = {"name": "calendar_com", "label": "x"}
    client.create_property_group("meetings", *group.values())
    body = {
        "name": "calendar_event_name",
        "label": "x",
        "type": "number",
        "fieldType": "number",
        "groupName": "calendar_com",
    }
    client._calls.write("/crm/properties/{version}/meetings", body)
    said = refusal(portals, "ws_1", FIRST)
    assert said.kind is ConnectRefusal.NOT_PROVISIONED
    assert "calendar_event_name has type number" in str(said)


def test_hubspot_being_down_connects_nothing(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.switches.fail_before(503, path="/crm/properties/", count=50, writes_only=False)
    with pytest.raises(OutcomeUnknown):
        portals.connect("ws_1", FIRST)
    assert portals.rows(select(integration)) == []


def test_only_what_changes_after_connecting_is_passed_on(portals: PortalsScene) -> None:
    before = portals.book("bk_before")
    portals.clock.advance(60)
    portals.grant_and_connect("ws_1", FIRST)
    portals.clock.advance(60)
    portals.book("bk_after")
    portals.run()
    assert [len(portals.activities(one)) for one in (before, "bk_after")] == [0, 1]  # K5
    portals.run(window_start=portals.clock.now.replace(hour=0), window_end=None)
    assert len(portals.activities(before)) == 1  # an explicit window passes it on


def test_what_changed_while_disconnected_is_not_passed_on_by_itself(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portals.clock.advance(60)
    booking_id = portals.book()
    portals.run()
    disconnect(portals.services, f"ws_1@{FIRST}", person=ADA)
    portals.clock.advance(3_600)
    portals.move(booking_id, 9)
    portals.book("bk_meanwhile")
    portals.clock.advance(3_600)
    portals.grant_and_connect("ws_1", FIRST)
    assert portals.writes_of(portals.run) == []  # K5
    portals.clock.advance(60)
    portals.move(booking_id, 10)
    portals.run()
    portals.everything_is_right(except_for=["bk_meanwhile"])


def test_what_changed_while_access_was_broken_is_passed_on(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portals.clock.advance(60)
    portals.run()
    portals.hubspot.uninstall_app(portal_id=FIRST)
    portals.book("bk_meanwhile")
    portals.run(may_be_red=True)
    portals.clock.advance(3_600)
    portals.book("bk_later")
    portals.grant_and_connect("ws_1", FIRST)
    portals.run()
    portals.everything_is_right()


def test_another_portal_is_refused_unless_asked_for_by_name(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portals.clock.advance(60)
    booking_id = portals.book()
    portals.run()
    portals.grant(SECOND)
    for typed in ("", "Globex", str(FIRST)):
        said = refusal(portals, "ws_1", SECOND, confirmed_portal=typed)
        assert said.kind is ConnectRefusal.OTHER_PORTAL  # K6
        assert '"Globex Europe"' in str(said)
    portals.connect("ws_1", SECOND, confirmed_portal=" globex europe ")
    assert portals.present("ws_1", FIRST).state is IntegrationState.DISCONNECTED
    portals.clock.advance(60)
    old = portals.shown_in(FIRST)
    portals.move(booking_id, 9)
    portals.run()
    assert portals.shown_in(FIRST) == old
    assert len(portals.shown_in(SECOND)) == 1
    ids = {(row["integration_id"], row["activity_id"]) for row in portals.rows(select(mapping))}
    assert {one for one, _ in ids} == {f"ws_1@{FIRST}", f"ws_1@{SECOND}"}
    deleted = [e for e in portals.sandbox.hubspot.history.of_portal(SECOND) if "archive" in e.path]
    assert deleted == []  # the old portal's ids are never used in the new one


def test_a_disconnected_portal_is_still_another_portal(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    disconnect(portals.services, f"ws_1@{FIRST}", person=ADA)
    portals.grant(SECOND)
    assert refusal(portals, "ws_1", SECOND).kind is ConnectRefusal.OTHER_PORTAL
    portals.connect("ws_1", SECOND, confirmed_portal=str(SECOND))


def test_the_history_tells_who_did_what(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    disconnect(portals.services, f"ws_1@{FIRST}", person="grace")
    portals.grant_and_connect("ws_1", FIRST)
    with writing(portals.services.engine) as connection:
        told = [(one.event.value, one.person) for one in events_of(connection, f"ws_1@{FIRST}", 10)]
    assert told == [("reconnected", ADA), ("revoked", ""), ("disconnected", "grace"), ("connected", ADA)]
