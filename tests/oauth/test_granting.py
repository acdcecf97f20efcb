"""GRANT HUBSPOT ACCESS: the whole way, and every way in which it comes to nothing."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from booking_sync.disconnecting import disconnect
from booking_sync.errors import AccessRefused, ConfigurationError, OutcomeUnknown
from booking_sync.grants import BegunGrant, GrantRefused, begin_grant, finish_grant
from booking_sync.scopes import OPTIONAL_SCOPES
from booking_sync.states import AccessState, GrantRefusal
from booking_sync.store.access_tables import consent, portal_access
from tests.flow.scene import Scene
from tests.oauth.portals_scene import ADA, CALLBACK, FIRST, SECOND, PortalsScene


def refusal(portals: PortalsScene, begun: BegunGrant, answer: dict[str, str], person: str = ADA) -> GrantRefused:
    """Come back to our page and be refused."""
    with pytest.raises(GrantRefused) as caught:
        portals.finish(begun, answer, person)
    return caught.value


def test_granting_access_records_the_portal_and_its_tokens(portals: PortalsScene) -> None:
    granted = portals.grant(SECOND, workspace_id="ws_1")
    assert (granted.portal.id, granted.portal.name, granted.workspace_id) == (str(SECOND), "Globex Europe", "ws_1")
    assert granted.missing_optional == ()
    (row,) = portals.rows(select(portal_access))
    assert (row["portal_id"], row["state"], row["granted_by"]) == (str(SECOND), AccessState.USABLE, ADA)
    assert row["expires_at"] == portals.clock.now + timedelta(seconds=1_800)


def test_the_link_asks_for_what_it_needs_and_keeps_its_secrets(portals: PortalsScene) -> None:
    begun = portals.begin()
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.authorize_url).query).items()}
    assert query["redirect_uri"] == CALLBACK
    assert {"oauth", "crm.objects.owners.read"} <= set(query["scope"].split())
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) >= 43  # 256 bits in base64
    assert portals.sandbox.hubspot.app.client_secret not in begun.authorize_url
    (row,) = portals.rows(select(consent))
    stored = " ".join(map(str, row.values()))
    assert query["state"] not in stored
    assert begun.browser_secret not in stored
    assert begun.browser_secret not in repr(begun)


@pytest.mark.parametrize(("uses_pkce", "mode"), [(True, "required"), (True, "ignored"), (False, "ignored")])
def test_consent_works_with_and_without_pkce(portals: PortalsScene, uses_pkce: bool, mode: str) -> None:  # noqa: FBT001 - a parameter of the test
    portals.switches.pkce = mode  # type: ignore[assignment]  # one of its values
    portals.uses_pkce = uses_pkce
    portals.services = portals.new_services()
    assert portals.grant(FIRST).portal.id == str(FIRST)


def test_an_unknown_state_is_refused(portals: PortalsScene) -> None:
    begun = portals.begin()
    said = refusal(portals, begun, {"code": "x", "state": "never given out"})
    assert said.kind is GrantRefusal.UNKNOWN_STATE
    assert "begin again with GRANT HUBSPOT ACCESS" in str(said)
    assert refusal(portals, begun, {"code": "x"}).kind is GrantRefusal.UNKNOWN_STATE


def test_a_state_is_good_for_one_use(portals: PortalsScene) -> None:
    begun = portals.begin()
    answer = portals.consent(begun, FIRST)
    portals.finish(begun, answer)
    assert refusal(portals, begun, answer).kind is GrantRefusal.REPLAYED_STATE


@pytest.mark.parametrize("thief", ["another person", "another browser", "no cookie"])
def test_a_state_is_bound_to_the_person_and_the_browser(portals: PortalsScene, thief: str) -> None:
    begun = portals.begin()
    answer = portals.consent(begun, FIRST)
    secret = {"another browser": "of another browser", "no cookie": None}.get(thief, begun.browser_secret)
    person = "mallory" if thief == "another person" else ADA
    with pytest.raises(GrantRefused) as caught:
        finish_grant(portals.services, person=person, browser_secret=secret, answer=answer)
    assert caught.value.kind is GrantRefusal.FOREIGN_STATE
    assert portals.rows(select(portal_access)) == []
    assert refusal(portals, begun, answer).kind is GrantRefusal.REPLAYED_STATE  # it is known to others now


def test_a_state_is_good_for_ten_minutes(portals: PortalsScene) -> None:
    late, in_time = portals.begin(), portals.begin()
    portals.switches.code_seconds = 3_600
    answers = [portals.consent(one, FIRST) for one in (late, in_time)]
    portals.clock.advance(599)
    portals.finish(in_time, answers[1])
    portals.clock.advance(1)
    assert refusal(portals, late, answers[0]).kind is GrantRefusal.EXPIRED_STATE


def test_a_denied_consent_changes_nothing(portals: PortalsScene) -> None:
    begun = portals.begin()
    answer = portals.consent(begun, FIRST, decision="deny")
    assert answer["error"] == "access_denied"
    assert refusal(portals, begun, answer).kind is GrantRefusal.DENIED
    assert portals.rows(select(portal_access)) == []


def test_what_an_address_bar_says_is_not_repeated(portals: PortalsScene) -> None:
    begun = portals.begin()
    state = parse_qs(urlsplit(begun.authorize_url).query)["state"][0]
    said = refusal(portals, begun, {"error": "<b>call us</b> on 555", "state": state})
    assert "call us" not in str(said)


def test_a_code_that_hubspot_does_not_take_is_refused(portals: PortalsScene) -> None:
    begun = portals.begin()
    answer = portals.consent(begun, FIRST)
    assert refusal(portals, begun, {**answer, "code": "guessed"}).kind is GrantRefusal.CODE_REFUSED
    assert portals.rows(select(portal_access)) == []


def test_the_wrong_portal_is_refused_and_its_token_given_back(portals: PortalsScene) -> None:
    begun = portals.begin(expected_portal_id=str(FIRST))
    said = refusal(portals, begun, portals.consent(begun, SECOND))
    assert said.kind is GrantRefusal.WRONG_PORTAL  # K6
    assert f"granted to portal {SECOND}" in str(said)
    assert portals.rows(select(portal_access)) == []
    assert portals.hubspot.portal(SECOND).grants.refresh_tokens == {}


def test_the_token_of_a_portal_that_is_in_use_is_not_given_back(portals: PortalsScene) -> None:
    portals.grant(SECOND)
    begun = portals.begin(expected_portal_id=str(FIRST))
    refusal(portals, begun, portals.consent(begun, SECOND))
    assert portals.calls_during(lambda: portals.services.hubspot_of(str(SECOND)).portal()) != []


def test_a_missing_scope_is_refused_and_named(portals: PortalsScene) -> None:
    begun = portals.begin()
    answer = portals.consent(begun, FIRST)
    code = portals.hubspot.apps.codes[answer["code"]]
    scopes = tuple(one for one in code.grant.scopes if one != "crm.objects.owners.read")
    object.__setattr__(code.grant, "scopes", scopes)
    said = refusal(portals, begun, answer)
    assert said.kind is GrantRefusal.MISSING_SCOPE
    assert "crm.objects.owners.read" in str(said)
    assert portals.rows(select(portal_access)) == []


def test_optional_scopes_that_were_not_given_are_told(portals: PortalsScene) -> None:
    begun = portals.begin()
    answer = portals.consent(begun, FIRST, optional_scope=["crm.schemas.meetings.read"])
    assert set(portals.finish(begun, answer).missing_optional) == set(OPTIONAL_SCOPES) - {"crm.schemas.meetings.read"}


def test_a_wrong_client_secret_is_said_and_not_shown(portals: PortalsScene) -> None:
    begun = portals.begin()
    answer = portals.consent(begun, FIRST)
    portals.sandbox.hubspot.app.client_secret = "rotated"
    with pytest.raises(AccessRefused, match="client id or secret in the connection hubspot_default"):
        portals.finish(begun, answer)


def test_an_exchange_without_an_answer_is_not_repeated(portals: PortalsScene) -> None:
    begun = portals.begin()
    answer = portals.consent(begun, FIRST)
    portals.switches.commit_then_hang(path="/oauth/", writes_only=False)
    with pytest.raises(OutcomeUnknown):
        portals.finish(begun, answer)
    assert len(portals.sandbox.hubspot.history.matching("/oauth/2026-09/token")) == 1


def test_granting_again_takes_the_place_of_what_was_there(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.hubspot.uninstall_app(portal_id=FIRST)
    portals.grant(FIRST)
    assert portals.services.hubspot_of(str(FIRST)).portal().id == str(FIRST)
    assert len(portals.rows(select(portal_access))) == 1


def test_a_service_key_has_no_consent(single: Scene) -> None:
    with pytest.raises(ConfigurationError, match="holds no OAuth client"):
        begin_grant(single.services, person=ADA, redirect_uri=CALLBACK)


def test_nothing_secret_travels_in_an_address(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    assert all(entry.query == {} for entry in portals.sandbox.hubspot.history.matching("/oauth/2026-09"))


def test_granting_again_first_gives_back_what_is_still_to_be_given_back(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    portals.switches.fail_before(503, path="/oauth/")
    assert not disconnect(portals.services, f"ws_1@{FIRST}", person=ADA)
    old = set(portals.hubspot.portal(FIRST).grants.refresh_tokens)
    portals.grant(FIRST)
    assert len(old) == 1
    assert not old & set(portals.hubspot.portal(FIRST).grants.refresh_tokens)
