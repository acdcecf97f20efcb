"""The demo's browser on the pages of the sandboxed HubSpot."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from booking_sandbox.server import HubSpotHandle, Sandbox
from booking_sync_airflow.demo.browser import Browser
from booking_sync_airflow.demo.processes import DemoError

EU_PORTAL = 868_686


@pytest.fixture
def hubspot() -> Iterator[HubSpotHandle]:
    with Sandbox() as sandbox:
        yield sandbox.hubspot


def consent_url(hubspot: HubSpotHandle) -> str:
    """A consent that returns to a page of the same server, so that there is something to see."""
    back = f"{hubspot.root_url}/activities"
    hubspot.state.register_redirect_uri(back)
    asked = {"client_id": hubspot.app.client_id, "redirect_uri": back, "scope": "oauth", "state": "s"}
    return f"{hubspot.authorize_url}?{urlencode({**asked, 'optional_scope': 'crm.objects.owners.read'})}"


def test_a_consent_is_given_with_what_is_ticked_and_the_account_that_was_chosen(hubspot: HubSpotHandle) -> None:
    page = Browser().open(consent_url(hubspot)).press("Grant access", portal=str(EU_PORTAL))
    assert page.url.startswith(f"{hubspot.root_url}/activities?code=")
    (code,) = hubspot.state.apps.codes.values()
    assert (code.portal_id, code.grant.scopes) == (EU_PORTAL, ("oauth", "crm.objects.owners.read"))


def test_links_and_the_right_one_of_many_forms_are_found(hubspot: HubSpotHandle) -> None:
    hubspot.state.install_app(portal_id=EU_PORTAL)
    page = Browser().open(f"{hubspot.root_url}/?portal={EU_PORTAL}").follow("Connected apps").follow("Uninstall")
    page.press("Uninstall", about=hubspot.app.client_id, confirmation="uninstall")
    assert hubspot.state.portal(EU_PORTAL).grants.installed == {}


def test_what_is_not_there_is_named(hubspot: HubSpotHandle) -> None:
    page = Browser().open(consent_url(hubspot))
    with pytest.raises(DemoError, match="no button “GRANT”"):
        page.press("GRANT")
    with pytest.raises(DemoError, match="no button “Grant access”"):
        page.press("Grant access", about="something else")
    with pytest.raises(DemoError, match="no link “Home”"):
        page.follow("Home")
    with pytest.raises(DemoError, match="answered 400"):
        Browser().open(hubspot.authorize_url)
