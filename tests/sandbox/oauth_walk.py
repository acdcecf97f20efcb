"""What an app and a person's browser send during a consent, without interpretation."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from booking_sandbox.server import HubSpotHandle

CALLBACK = "http://127.0.0.1:28080/booking-sync/oauth/callback"
SCOPES = "oauth crm.objects.contacts.read crm.objects.contacts.write crm.objects.owners.read"
EU_PORTAL = 868_686
TOKEN = "/oauth/2026-09/token"


def page(hubspot: HubSpotHandle, **changes: str) -> requests.Response:
    """Open the consent page. A change to nothing leaves the parameter out."""
    query = {"client_id": hubspot.app.client_id, "redirect_uri": CALLBACK, "scope": SCOPES, "state": "s1", **changes}
    kept = {name: value for name, value in query.items() if value}
    return requests.get(hubspot.authorize_url, params=kept, timeout=10)


def decide(hubspot: HubSpotHandle, shown: requests.Response, **form: Any) -> requests.Response:
    found = re.search(r'name="consent" value="(\w+)"', shown.text)
    body = {"consent": found.group(1) if found else "none", "portal": EU_PORTAL, "decision": "grant", **form}
    return requests.post(hubspot.authorize_url, data=body, timeout=10, allow_redirects=False)


def came_back(answer: requests.Response) -> dict[str, str]:
    """The parameters with which the browser is sent to the app."""
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{CALLBACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def code(hubspot: HubSpotHandle, **changes: str) -> str:
    return came_back(decide(hubspot, page(hubspot, **changes)))["code"]


def ask(hubspot: HubSpotHandle, path: str = TOKEN, **form: str) -> requests.Response:
    known = {"client_id": hubspot.app.client_id, "client_secret": hubspot.app.client_secret}
    return requests.post(hubspot.url + path, data={**known, **form}, timeout=10)


def exchange(hubspot: HubSpotHandle, value: str, **form: str) -> requests.Response:
    return ask(hubspot, grant_type="authorization_code", code=value, **{"redirect_uri": CALLBACK, **form})


def refresh(hubspot: HubSpotHandle, value: str, **form: str) -> requests.Response:
    return ask(hubspot, grant_type="refresh_token", refresh_token=value, **form)


def bearer(hubspot: HubSpotHandle, token: str, path: str, method: str = "GET") -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, hubspot.url + path, headers=headers, timeout=10)
