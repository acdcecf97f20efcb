"""Which calls are made, and which scopes they take; no other scope is asked for. The documented table is the list."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from booking_sandbox.hubspot_app import OPERATIONS
from booking_sync.audit import run_audit
from booking_sync.disconnecting import disconnect, uninstall
from booking_sync.errors import BookingSyncError
from booking_sync.request import AuditRequest
from booking_sync.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES
from tests.docs.pages import ROOT, plain, table
from tests.flow.scene import Scene
from tests.oauth.portals_scene import ADA, FIRST, SECOND, PortalsScene

SECURITY = ROOT / "docs" / "security.md"
OWNER = {"id": "us_grace", "name": "Grace Hopper", "email": "grace@acme.example"}
ANSWERS = [{"question_id": "q_1", "question": "Company?", "answer": "Acme"}]


def documented() -> dict[str, tuple[str, ...]]:
    """Return the calls of the table, each with the scopes of which it takes one."""
    rows = table(SECURITY, "scopes")
    return {plain(row["Call"]): tuple(re.findall(r"`([\w.]+)`", row["Takes"])) for row in rows}


def template(method: str, path: str) -> str:
    """Return a call without ids, names and the API's version."""
    path = re.sub(r"/20\d\d-\d\d(?=/|$)", "/{version}", path)
    path = re.sub(r"/\d+(?=/|$)", "/{id}", path)
    path = re.sub(r"(/crm/properties/\{version\}/\w+)/(?!groups|batch)\w+$", r"\1/{name}", path)
    return f"{method} {path}"


def sandbox_scopes(call: str) -> tuple[str, ...]:
    """Return what the sandbox, which is written from HubSpot's specification, wants for a call."""
    method, _, path = call.partition(" ")
    for pattern, operations in OPERATIONS.items():
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern), path)
        if found and method in operations:
            operation = operations[method]
            return (*operation.scopes(found.groupdict()), *operation.other_side_scopes(found.groupdict()))
    return ()


def live(scene: Scene) -> None:
    """Do whatever makes a call: every kind of change, what people added, questions, lost answers, an audit."""
    scene.allow_floods()
    scene.book("bk_1", invitees=["ada@example.com"], answers=ANSWERS, host=OWNER)
    scene.book("bk_2", invitees=["bob@example.com"])
    scene.book("bk_3", invitees=["cy@example.com"])
    scene.run()
    company = scene.hubspot.add_record("companies")
    scene.hubspot.associate("meetings", scene.activity("bk_1")["id"], "companies", company)
    scene.clock.advance(60)
    scene.move("bk_1", 20)
    scene.calendar.cancel("bk_2")
    scene.calendar.edit("bk_3", event_name="Another name")
    bob = scene.hubspot.contact_by_email("bob@example.com")
    assert bob is not None
    scene.hubspot.merge_contacts(scene.hubspot.add_contact(email="robert@example.com"), bob["id"])
    scene.run()
    scene.calendar.edit("bk_3", invitees=["cy@example.com", "dee@example.com"])
    scene.calendar.uncancel("bk_2")
    scene.run()
    scene.switches.unique_properties_on_meetings = "refused"
    scene.book("bk_4", invitees=["ada@example.com"])
    scene.switches.commit_then_hang(path="/meetings/batch/create")
    scene.run(may_be_red=True)
    scene.run_after_quiet_time(may_be_red=True)
    run_audit(scene.services, scene.trigger("manual"), AuditRequest(repair=True))


def calls_of(scene: Scene) -> set[str]:
    return {template(entry.method, entry.path) for entry in scene.sandbox.hubspot.history}


def whole_life(portals: PortalsScene) -> set[str]:
    portals.grant_and_connect("ws_1", FIRST)
    portals.clock.advance(60)
    live(portals)
    portals.clock.advance(1_800)
    portals.run(may_be_red=True)
    portals.grant_and_connect("ws_2", SECOND)
    with suppress(BookingSyncError):
        uninstall(portals.services, f"ws_2@{SECOND}", person=ADA, typed="uninstall")
    disconnect(portals.services, f"ws_1@{FIRST}", person=ADA)
    return {call for call in calls_of(portals) if "/oauth/authorize" not in call}


def test_no_call_is_made_that_is_not_listed(portals: PortalsScene) -> None:
    made = whole_life(portals)
    assert made - set(documented()) == set()
    assert len(made) > 20


def test_what_is_listed_and_was_not_made_is_in_the_clients() -> None:
    """Paths that are put together, of batches and associations, are made in the life above."""
    code = "\n".join(path.read_text() for path in (ROOT / "include/booking_sync/clients").glob("hubspot*.py"))
    spelled = re.sub(r"\{(version|object_type|name|contact_id|from_type|to_type)\}", "*", code)
    for call in documented():
        path = re.sub(r"\{\w+\}", "*", call.partition(" ")[2])
        generic = re.sub(r"(?<=\*/)(contacts|meetings|companies|deals|tickets)", "*", path)
        generic = re.sub(r"(?<=\*/\*/)(contacts|meetings|companies|deals|tickets)", "*", generic)
        generic = re.sub(r"batch/(create|update|archive|read)$", "batch/*", generic) if "/objects/" in path else generic
        assert any(f'"{one}"' in spelled.replace("{operation}", "*") for one in (path, generic)), call


def test_each_call_takes_the_scopes_that_are_listed() -> None:
    """As HubSpot's specification has them, from which the sandbox is written; the token endpoints take none."""
    for call, scopes in documented().items():
        if "/oauth/" not in call:
            wanted = {*sandbox_scopes(call)}
            assert wanted, call
            assert {*scopes} - {"crm.schemas.meetings.read"} == wanted, call


def test_no_scope_is_asked_for_that_no_call_takes() -> None:
    taken = {scope for scopes in documented().values() for scope in scopes}
    assert taken == {*REQUIRED_SCOPES, *OPTIONAL_SCOPES}


def test_the_required_scopes_are_enough(portals: PortalsScene) -> None:
    begun = portals.begin()
    portals.finish(begun, portals.consent(begun, FIRST, optional_scope=[]))
    portals.connect("ws_1", FIRST)
    portals.clock.advance(60)
    portals.book("bk_1", invitees=["ada@example.com"], answers=ANSWERS)
    assert not portals.run().is_red
    portals.move("bk_1", 20)
    assert not portals.run().is_red
    assert len(portals.shown_in(FIRST)) == 1


@pytest.mark.parametrize("scope", sorted({*REQUIRED_SCOPES} - {"oauth", "crm.schemas.contacts.read"}))
def test_without_one_of_them_nothing_can_be_passed_on(portals: PortalsScene, scope: str) -> None:
    """``oauth`` is what makes a grant; ``crm.schemas.contacts.read`` is one of two that HubSpot names for a call."""
    portals.grant(FIRST)
    portals.switches.missing_scopes |= {scope, "crm.schemas.meetings.write"}
    with suppress(BookingSyncError):
        portals.connect("ws_1", FIRST)
        portals.clock.advance(60)
        portals.book("bk_1", invitees=["ada@example.com"], answers=ANSWERS)
        assert portals.run(may_be_red=True).is_red
    assert portals.shown_in(FIRST) == []
