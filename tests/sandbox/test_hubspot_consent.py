"""The consent page of the sandboxed HubSpot: which links it takes, and what a decision sends back."""

from __future__ import annotations

import pytest

from booking_sandbox.server import HubSpotHandle, Sandbox
from tests.sandbox.oauth_walk import CALLBACK, SCOPES, came_back, code, decide, exchange, page


@pytest.fixture
def hubspot(sandbox: Sandbox) -> HubSpotHandle:
    sandbox.hubspot.state.register_redirect_uri(CALLBACK)
    return sandbox.hubspot


def test_the_page_names_app_scopes_and_accounts_and_cannot_be_framed(hubspot: HubSpotHandle) -> None:
    shown = page(hubspot, optional_scope="crm.schemas.meetings.write")
    for text in ("Connect Calendar to HubSpot", "crm.objects.owners.read", "crm.schemas.meetings.write", "868686"):
        assert text in shown.text
    assert shown.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in shown.headers["Content-Security-Policy"]


def test_a_grant_returns_a_code_and_the_state(hubspot: HubSpotHandle) -> None:
    answer = came_back(decide(hubspot, page(hubspot, state="a&b=c")))
    assert (answer["state"], sorted(answer)) == ("a&b=c", ["code", "state"])


def test_a_cancel_returns_access_denied_and_no_code(hubspot: HubSpotHandle) -> None:
    answer = came_back(decide(hubspot, page(hubspot), decision="cancel"))
    assert (answer["error"], answer["state"]) == ("access_denied", "s1")
    assert "code" not in answer


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "someone-else"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK.replace("http:", "https:")},
        {"redirect_uri": ""},
        {"scope": SCOPES.replace("oauth ", "")},
        {"scope": SCOPES + " automation"},
        {"optional_scope": "files"},
        {"code_challenge": "a" * 43},
        {"code_challenge": "a" * 43, "code_challenge_method": "plain"},
        {"code_challenge": "short", "code_challenge_method": "S256"},
        {"nonsense": "1"},
    ],
)
def test_a_wrong_link_is_told_to_the_person_and_sent_nowhere(hubspot: HubSpotHandle, changes: dict[str, str]) -> None:
    shown = page(hubspot, **changes)
    assert shown.status_code == 400
    assert 'name="consent"' not in shown.text
    assert shown.history == []


def test_a_page_is_good_for_one_decision(hubspot: HubSpotHandle) -> None:
    shown = page(hubspot)
    came_back(decide(hubspot, shown))
    assert decide(hubspot, shown).status_code == 400


def test_no_consent_without_an_account_or_with_fields_that_the_page_does_not_have(hubspot: HubSpotHandle) -> None:
    shown = page(hubspot)
    assert decide(hubspot, shown, portal=1).status_code == 400
    assert decide(hubspot, shown, scopes="oauth").status_code == 400
    assert came_back(decide(hubspot, shown))["code"]


def test_an_optional_scope_is_granted_where_it_is_ticked(hubspot: HubSpotHandle) -> None:
    wish = {"optional_scope": "crm.schemas.contacts.write crm.schemas.meetings.write"}
    back = came_back(decide(hubspot, page(hubspot, **wish), optional_scope="crm.schemas.meetings.write"))
    assert exchange(hubspot, back["code"]).json()["scopes"] == [*SCOPES.split(), "crm.schemas.meetings.write"]


def test_a_scope_that_no_account_has_is_left_out_or_refused(hubspot: HubSpotHandle) -> None:
    hubspot.switches.unavailable_scopes = {"crm.schemas.meetings.write"}
    wished = "crm.schemas.meetings.write"
    back = came_back(decide(hubspot, page(hubspot, optional_scope=wished), optional_scope=wished))
    assert wished not in exchange(hubspot, back["code"]).json()["scopes"]
    assert page(hubspot, scope=f"{SCOPES} {wished}").status_code == 400


def test_pkce_can_be_required(hubspot: HubSpotHandle) -> None:
    hubspot.switches.pkce = "required"
    assert page(hubspot).status_code == 400
    assert code(hubspot, code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method="S256")
