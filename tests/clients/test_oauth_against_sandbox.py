"""The client of HubSpot's OAuth endpoints against the sandbox, with a person who decides on the consent page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from booking_sandbox.hubspot_switches import Pkce
from booking_sandbox.server import HubSpotHandle, Sandbox
from booking_sync.clients.bearer import FixedBearer
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.clients.hubspot_oauth import BadGrant, HubSpotOAuth, OAuthApp
from booking_sync.errors import AccessRefused, MissingScope, OutcomeUnknown
from booking_sync.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES
from tests.sandbox.oauth_walk import CALLBACK, EU_PORTAL, came_back, decide

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def hubspot(running: Sandbox) -> HubSpotHandle:
    running.hubspot.service.reset()
    running.hubspot.state.register_redirect_uri(CALLBACK)
    return running.hubspot


def client(hubspot: HubSpotHandle, secret: str | None = None) -> HubSpotOAuth:
    """A client that does not really sleep."""
    app = OAuthApp(hubspot.app.client_id, secret or hubspot.app.client_secret, hubspot.authorize_url)
    return HubSpotOAuth.from_connection(hubspot.url, app, api_version="2026-09", sleep=lambda _: None)


@pytest.fixture
def oauth(hubspot: HubSpotHandle) -> HubSpotOAuth:
    return client(hubspot)


def consent(hubspot: HubSpotHandle, oauth: HubSpotOAuth, challenge: str | None = CHALLENGE, **form: object) -> str:
    """Let a person follow our link and decide; the answer is the code."""
    link = oauth.authorize_url(
        redirect_uri=CALLBACK,
        scopes=REQUIRED_SCOPES,
        optional_scopes=OPTIONAL_SCOPES,
        state="a state&more=1",
        code_challenge=challenge,
    )
    shown = requests.get(link, timeout=10)
    assert shown.status_code == 200
    back = came_back(decide(hubspot, shown, **form))
    assert back["state"] == "a state&more=1"
    return back["code"]


@pytest.mark.parametrize("pkce", ["supported", "ignored", "required"])
def test_our_link_and_our_exchange_lead_to_the_chosen_portal(
    hubspot: HubSpotHandle, oauth: HubSpotOAuth, pkce: Pkce
) -> None:
    hubspot.switches.pkce = pkce
    code = consent(hubspot, oauth, optional_scope=list(OPTIONAL_SCOPES))
    given = oauth.exchange(code, redirect_uri=CALLBACK, code_verifier=VERIFIER)
    assert (given.portal_id, given.life_seconds) == (str(EU_PORTAL), 1800)
    assert given.scopes == (*REQUIRED_SCOPES, *OPTIONAL_SCOPES)
    portal = HubSpotClient.from_connection(hubspot.url, given.access_token).portal()
    assert (portal.id, portal.name, portal.ui_domain) == (str(EU_PORTAL), "Globex Europe", "app-eu1.hubspot.com")


def test_a_code_is_not_taken_twice_nor_with_another_verifier(hubspot: HubSpotHandle, oauth: HubSpotOAuth) -> None:
    code = consent(hubspot, oauth)
    oauth.exchange(code, redirect_uri=CALLBACK, code_verifier=VERIFIER)
    with pytest.raises(BadGrant):
        oauth.exchange(code, redirect_uri=CALLBACK, code_verifier=VERIFIER)
    with pytest.raises(BadGrant):
        oauth.exchange(consent(hubspot, oauth), redirect_uri=CALLBACK, code_verifier="another")


@pytest.mark.parametrize("rotates", [True, False])
def test_a_refresh_keeps_whatever_refresh_token_comes_back(
    hubspot: HubSpotHandle, oauth: HubSpotOAuth, *, rotates: bool
) -> None:
    hubspot.switches.rotate_refresh_tokens = rotates
    first = hubspot.state.install_app(portal_id=EU_PORTAL)["refresh_token"]
    second = oauth.refresh(first)
    assert (second.refresh_token != first) is rotates
    assert oauth.refresh(second.refresh_token).portal_id == str(EU_PORTAL)


def test_what_ends_a_refresh_token_is_a_bad_grant(hubspot: HubSpotHandle, oauth: HubSpotOAuth) -> None:
    revoked = hubspot.state.install_app()["refresh_token"]
    oauth.revoke(revoked)
    oauth.revoke(revoked)
    with pytest.raises(BadGrant):
        oauth.refresh(revoked)
    uninstalled = hubspot.state.install_app()["refresh_token"]
    hubspot.state.uninstall_app()
    with pytest.raises(BadGrant):
        oauth.refresh(uninstalled)


def test_a_wrong_client_is_no_bad_grant(hubspot: HubSpotHandle) -> None:
    tokens = hubspot.state.install_app()
    with pytest.raises(AccessRefused):
        client(hubspot, "wrong").refresh(tokens["refresh_token"])


def test_a_token_is_looked_at(hubspot: HubSpotHandle, oauth: HubSpotOAuth) -> None:
    tokens = hubspot.state.install_app(portal_id=EU_PORTAL, scopes=["oauth"])
    info = oauth.introspect(tokens["access_token"])
    assert (info.is_active, info.portal_id, info.scopes) == (True, str(EU_PORTAL), ("oauth",))
    hubspot.state.uninstall_app(portal_id=EU_PORTAL)
    assert not oauth.introspect(tokens["access_token"]).is_active


def test_a_scope_that_the_token_lacks_is_named(hubspot: HubSpotHandle) -> None:
    token = hubspot.state.install_app(scopes=["oauth"])["access_token"]
    with pytest.raises(MissingScope) as caught:
        HubSpotClient.from_connection(hubspot.url, FixedBearer(token)).owners()
    assert caught.value.scopes == ("crm.objects.owners.read",)


def test_a_limit_puts_a_refresh_off(hubspot: HubSpotHandle, oauth: HubSpotOAuth) -> None:
    token = hubspot.state.install_app()["refresh_token"]
    hubspot.switches.rate_limited(path="/oauth/")
    hubspot.switches.drop_before(path="/oauth/")
    assert oauth.refresh(token).refresh_token == token


@pytest.mark.parametrize("fault", ["commit_then_hang", "commit_then_status", "late_landing", "drop_then_land"])
def test_an_exchange_without_an_answer_is_not_repeated(hubspot: HubSpotHandle, oauth: HubSpotOAuth, fault: str) -> None:
    code = consent(hubspot, oauth)
    seconds = {"seconds": 30} if fault in {"late_landing", "drop_then_land"} else {}
    getattr(hubspot.switches, fault)(path="/oauth/", writes_only=False, **seconds)
    with pytest.raises(OutcomeUnknown):
        oauth.exchange(code, redirect_uri=CALLBACK, code_verifier=VERIFIER)
    assert len(hubspot.history.matching("/oauth/")) == 1


def test_the_address_of_a_consent_holds_no_secret(hubspot: HubSpotHandle, oauth: HubSpotOAuth) -> None:
    link = oauth.authorize_url(
        redirect_uri=CALLBACK, scopes=REQUIRED_SCOPES, optional_scopes=(), state="s", code_challenge=CHALLENGE
    )
    assert hubspot.app.client_secret not in link
    assert VERIFIER not in link
    assert set(parse_qs(urlsplit(link).query)) == {
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
    }
