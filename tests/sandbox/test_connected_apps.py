"""HubSpot's "Connected apps" page, as the reference page walks through it (K4)."""

from __future__ import annotations

import re

import requests

from booking_sandbox.server import Sandbox
from tests.sandbox.oauth_walk import EU_PORTAL, bearer


def test_the_path_leads_from_the_marketplace_icon_to_the_uninstalled_app(sandbox: Sandbox) -> None:  # K4
    hubspot, browser = sandbox.hubspot, requests.Session()
    token = hubspot.state.install_app(portal_id=EU_PORTAL)["access_token"]
    home = browser.get(f"{hubspot.root_url}/?portal={EU_PORTAL}", timeout=5).text
    assert 'aria-label="Marketplace"' in home
    listed = browser.get(hubspot.root_url + link(home, "Connected apps"), timeout=5).text
    assert "Actions" in listed
    question = browser.get(hubspot.root_url + link(listed, "Uninstall"), timeout=5).text
    form = {"app": hubspot.app.client_id}
    action = hubspot.root_url + re.findall(r'action="([^"]+)"', question)[0]
    assert browser.post(action, data={**form, "confirmation": "delete"}, timeout=5).status_code == 422
    assert bearer(hubspot, token, "/account-info/2026-09/details").status_code == 200
    done = browser.post(action, data={**form, "confirmation": "uninstall"}, timeout=5)
    assert "No app is connected" in done.text
    assert bearer(hubspot, token, "/account-info/2026-09/details").status_code == 401


def link(page: str, text: str) -> str:
    return re.findall(rf'href="([^"]+)">{text}<', page)[0].replace("&amp;", "&")


def test_hubspots_own_addresses_of_records_lead_to_them(sandbox: Sandbox) -> None:
    state = sandbox.hubspot.state
    contact_id = state.add_contact(portal_id=EU_PORTAL, email="a@x.com", firstname="Ann")
    activity_id = state.add_activity(
        portal_id=EU_PORTAL, contact_ids=[contact_id], hs_timestamp="2026-11-22T09:00:00Z", hs_meeting_title="Intro"
    )
    root = f"{sandbox.hubspot.root_url}/contacts/{EU_PORTAL}"
    assert "Ann" in requests.get(f"{root}/record/0-1/{contact_id}", timeout=5).text
    activities = requests.get(f"{root}/record/0-47/{activity_id}", timeout=5)
    assert f'<tr id="{activity_id}">' in activities.text
    assert "a@x.com" in requests.get(f"{root}/objects/0-1", timeout=5).text
