"""The token endpoints of the sandboxed HubSpot, and what their tokens open."""

from __future__ import annotations

import pytest
import requests

from booking_sandbox.server import HubSpotHandle, Sandbox
from tests.flow.clock import SceneClock
from tests.sandbox.oauth_walk import (
    CALLBACK,
    EU_PORTAL,
    SCOPES,
    TOKEN,
    ask,
    bearer,
    code,
    exchange,
    refresh,
)

DETAILS = "/account-info/2026-09/details"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
"""The example of RFC 7636."""


@pytest.fixture
def hubspot(sandbox: Sandbox) -> HubSpotHandle:
    sandbox.hubspot.state.register_redirect_uri(CALLBACK)
    return sandbox.hubspot


def problem(answer: requests.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert body.keys() >= {"error", "error_description", "status", "message", "correlationId"}
    return answer.status_code, body["error"], body["status"]


def test_a_code_becomes_tokens_of_the_account_that_was_chosen(hubspot: HubSpotHandle) -> None:
    body = exchange(hubspot, code(hubspot)).json()
    assert (body["hub_id"], body["expires_in"], body["token_type"]) == (EU_PORTAL, 1800, "bearer")
    assert body["scopes"] == SCOPES.split()
    assert len(body["access_token"]) >= 300
    details = bearer(hubspot, body["access_token"], DETAILS).json()
    assert (details["portalId"], details["uiDomain"]) == (EU_PORTAL, "app-eu1.hubspot.com")
    assert (details["timeZone"], details["dataHostingLocation"]) == ("Europe/Dublin", "eu1")


def test_a_code_works_once_and_not_for_long(hubspot: HubSpotHandle, clock: SceneClock) -> None:
    spent = code(hubspot)
    assert exchange(hubspot, spent).status_code == 200
    assert problem(exchange(hubspot, spent)) == (400, "invalid_grant", "BAD_AUTH_CODE")
    late = code(hubspot)
    clock.advance(60)
    assert problem(exchange(hubspot, late)) == (400, "invalid_grant", "BAD_AUTH_CODE")


def test_a_code_is_bound_to_its_redirect_uri_and_spent_by_a_wrong_one(hubspot: HubSpotHandle) -> None:
    value = code(hubspot)
    wrong = exchange(hubspot, value, redirect_uri=CALLBACK + "?x=1")
    assert problem(wrong) == (400, "invalid_grant", "BAD_REDIRECT_URI")
    assert problem(exchange(hubspot, value))[2] == "BAD_AUTH_CODE"


def test_the_client_must_be_who_it_says(hubspot: HubSpotHandle) -> None:
    value = code(hubspot)
    assert problem(exchange(hubspot, value, client_secret="wrong")) == (401, "invalid_client", "BAD_CLIENT_SECRET")
    assert problem(exchange(hubspot, value, client_id="wrong")) == (401, "invalid_client", "BAD_CLIENT_ID")
    assert exchange(hubspot, value).status_code == 200


def test_parameters_belong_in_a_form_encoded_body(hubspot: HubSpotHandle) -> None:
    app = hubspot.app
    form = {"grant_type": "refresh_token", "client_id": app.client_id, "client_secret": app.client_secret}
    url = hubspot.url + TOKEN
    assert problem(requests.post(url, params=form, timeout=10))[:2] == (400, "invalid_request")
    assert problem(requests.post(url, json=form, timeout=10))[:2] == (400, "invalid_request")
    assert problem(ask(hubspot, nonsense="1", grant_type="refresh_token"))[:2] == (400, "invalid_request")
    assert problem(ask(hubspot, grant_type="refresh_token"))[:2] == (400, "invalid_request")
    assert problem(ask(hubspot, grant_type="password"))[:2] == (400, "unsupported_grant_type")
    assert requests.post(f"{hubspot.url}/oauth/v1/token", data=form, timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("pkce", "verifier", "status"),
    [
        ("supported", VERIFIER, 200),
        ("supported", "wrong", 400),
        ("supported", "", 400),
        ("required", "wrong", 400),
        ("ignored", "wrong", 200),
        ("ignored", "", 200),
    ],
)
def test_a_code_challenge_is_checked_where_pkce_is_supported(
    hubspot: HubSpotHandle, pkce: str, verifier: str, status: int
) -> None:
    hubspot.switches.pkce = pkce  # type: ignore[assignment]  # one of the three
    form = {"code_verifier": verifier} if verifier else {}
    assert exchange(hubspot, code(hubspot, **CHALLENGE), **form).status_code == status


def test_an_access_token_expires_and_a_refresh_gives_another(hubspot: HubSpotHandle, clock: SceneClock) -> None:
    first = exchange(hubspot, code(hubspot)).json()
    clock.advance(1800)
    refused = bearer(hubspot, first["access_token"], DETAILS)
    assert (refused.status_code, refused.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    second = refresh(hubspot, first["refresh_token"]).json()
    assert second["refresh_token"] == first["refresh_token"]
    assert (second["hub_id"], bearer(hubspot, second["access_token"], DETAILS).status_code) == (EU_PORTAL, 200)


def test_refresh_tokens_can_rotate(hubspot: HubSpotHandle) -> None:
    hubspot.switches.rotate_refresh_tokens = True
    first = exchange(hubspot, code(hubspot)).json()
    second = refresh(hubspot, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert problem(refresh(hubspot, first["refresh_token"])) == (400, "invalid_grant", "BAD_REFRESH_TOKEN")
    assert refresh(hubspot, second["refresh_token"]).status_code == 200
    assert bearer(hubspot, first["access_token"], DETAILS).status_code == 200


def test_a_revoked_refresh_token_leaves_access_tokens_and_the_installation(hubspot: HubSpotHandle) -> None:
    tokens = exchange(hubspot, code(hubspot)).json()
    for _ in range(2):
        assert ask(hubspot, f"{TOKEN}/revoke", token=tokens["refresh_token"]).status_code == 204
    assert problem(refresh(hubspot, tokens["refresh_token"])) == (400, "invalid_grant", "BAD_REFRESH_TOKEN")
    assert bearer(hubspot, tokens["access_token"], DETAILS).status_code == 200
    assert list(hubspot.state.portal(EU_PORTAL).grants.installed) == [hubspot.app.client_id]
    assert ask(hubspot, f"{TOKEN}/revoke", token=tokens["access_token"]).status_code == 204
    assert bearer(hubspot, tokens["access_token"], DETAILS).status_code == 401


def test_introspection_tells_whose_token_it_is_while_it_lives(hubspot: HubSpotHandle, clock: SceneClock) -> None:
    tokens = exchange(hubspot, code(hubspot)).json()
    clock.advance(30)
    about = ask(hubspot, f"{TOKEN}/introspect", token=tokens["access_token"]).json()
    assert (about["active"], about["hub_id"], about["expires_in"]) == (True, EU_PORTAL, 1770)
    assert (about["hub_domain"], about["user"]) == ("globex.example", "admin@globex.example")
    assert ask(hubspot, f"{TOKEN}/introspect", token=tokens["refresh_token"]).json()["token_use"] == "refresh_token"
    clock.advance(1770)
    assert ask(hubspot, f"{TOKEN}/introspect", token=tokens["access_token"]).json() == {"active": False}
    assert ask(hubspot, f"{TOKEN}/introspect", token="unknown").json() == {"active": False}


def test_an_uninstall_ends_every_token_of_that_account_only(sandbox: Sandbox, hubspot: HubSpotHandle) -> None:
    tokens, elsewhere = exchange(hubspot, code(hubspot)).json(), hubspot.state.install_app()
    path = "/appinstalls/2026-09/external-install"
    assert bearer(hubspot, tokens["access_token"], path, "DELETE").status_code == 204
    refused = bearer(hubspot, tokens["access_token"], DETAILS)
    assert (refused.status_code, refused.json()["category"]) == (401, "INVALID_AUTHENTICATION")
    assert problem(refresh(hubspot, tokens["refresh_token"]))[2] == "BAD_REFRESH_TOKEN"
    assert bearer(hubspot, elsewhere["access_token"], DETAILS).json()["portalId"] == 424_242
    assert bearer(hubspot, sandbox.hubspot.service_key, path, "DELETE").status_code == 403


def test_a_scope_that_was_not_granted_is_named(hubspot: HubSpotHandle) -> None:
    token = hubspot.state.install_app(scopes=["oauth", "crm.objects.contacts.read"])["access_token"]
    refused = bearer(hubspot, token, "/crm/owners/2026-09")
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.owners.read"]
    assert bearer(hubspot, token, "/crm/objects/2026-09/contacts").status_code == 200


def test_an_app_has_its_own_limit_and_is_not_told_of_days(hubspot: HubSpotHandle) -> None:
    token = hubspot.state.install_app()["access_token"]
    hubspot.switches.requests_per_window, hubspot.switches.requests_per_day = 2, 1
    answers = [bearer(hubspot, token, DETAILS) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert "X-HubSpot-RateLimit-Daily" not in answers[0].headers
    assert bearer(hubspot, hubspot.service_key, DETAILS).status_code == 200
    assert bearer(hubspot, hubspot.service_key, DETAILS).json()["policyName"] == "DAILY"


def test_faults_strike_the_token_endpoints_too(hubspot: HubSpotHandle, clock: SceneClock) -> None:
    switches = hubspot.switches
    switches.rotate_refresh_tokens = True
    value = exchange(hubspot, code(hubspot)).json()["refresh_token"]
    switches.rate_limited(path="/oauth/")
    assert refresh(hubspot, value).json()["policyName"] == "TEN_SECONDLY_ROLLING"
    switches.drop_before(path="/oauth/")
    with pytest.raises(requests.ConnectionError):
        refresh(hubspot, value)
    switches.late_landing(30, path="/oauth/", writes_only=False)
    assert refresh(hubspot, value).status_code == 504
    clock.advance(31)
    assert problem(refresh(hubspot, value))[2] == "BAD_REFRESH_TOKEN"  # its successor came to nobody


def test_a_refresh_can_be_done_and_its_answer_lost(hubspot: HubSpotHandle) -> None:
    hubspot.switches.rotate_refresh_tokens = True
    value = exchange(hubspot, code(hubspot)).json()["refresh_token"]
    hubspot.switches.commit_then_hang(path="/oauth/", writes_only=False)
    with pytest.raises(requests.ConnectionError):
        refresh(hubspot, value)
    assert problem(refresh(hubspot, value))[2] == "BAD_REFRESH_TOKEN"


def test_the_history_keeps_no_secret_and_knows_the_portal(hubspot: HubSpotHandle) -> None:
    tokens = exchange(hubspot, code(hubspot)).json()
    refresh(hubspot, tokens["refresh_token"])
    kept = hubspot.history.of_portal(EU_PORTAL)
    assert [one.body["grant_type"] for one in kept] == ["authorization_code", "refresh_token"]
    secrets = (tokens["access_token"], tokens["refresh_token"], hubspot.app.client_secret)
    assert not any(secret in str(kept) for secret in secrets)
    assert hubspot.history.writes() == []


def test_portals_share_no_record_and_no_id(hubspot: HubSpotHandle) -> None:
    ids = [hubspot.state.add_contact(portal_id=one, email="a@x.com") for one in hubspot.state.portals]
    token = hubspot.state.install_app(portal_id=EU_PORTAL)["access_token"]
    codes = [bearer(hubspot, token, f"/crm/objects/2026-09/contacts/{one}").status_code for one in ids]
    assert (len(set(ids)), codes) == (3, [404, 200, 404])
    assert len(hubspot.history.of_portal(EU_PORTAL)) == 3
