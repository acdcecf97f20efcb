"""A browser for the tests of our pages: it logs in, follows nothing by itself, and fills in forms as people do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from fastapi.testclient import TestClient

from tests.sandbox.oauth_walk import decide

if TYPE_CHECKING:
    from fastapi import FastAPI
    from httpx import Response

    from booking_sandbox.server import Sandbox

ORIGIN = "http://airflow.test"
PAGES = "/booking-sync"
FRAME = f"{ORIGIN}/plugin/integrations{PAGES}"
CALLBACK = f"{ORIGIN}{PAGES}/oauth/callback"
FROM_OUR_PAGES = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
_SEEN = re.compile(r'name="seen" value="([^"]+)"')
_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')


@dataclass(frozen=True)
class User:
    """Somebody whom the simple auth manager knows, or nobody (an empty role)."""

    name: str
    role: str


ADMIN, OPERATOR, VIEWER, NOBODY = User("ann", "admin"), User("otto", "op"), User("vera", "viewer"), User("", "")


class Browser:
    """One person's browser."""

    def __init__(self, api_server: FastAPI, user: User) -> None:
        self.http = TestClient(api_server, base_url=ORIGIN, follow_redirects=False, raise_server_exceptions=False)
        if user.role:
            self.http.cookies.set("_token", _airflow_token(user), domain="airflow.test")

    def get(self, path: str) -> Response:
        return self.http.get(PAGES + path)

    def post(
        self, path: str, fields: dict[str, Any], *, page: str = "/integrations", headers: dict[str, str] | None = None
    ) -> Response:
        """Send a form with what ``page`` hides in it: the token, and which settings were seen."""
        text = self.get(page).text
        token, seen = _TOKEN.search(text), _SEEN.search(text)
        assert token is not None, f"{page} has no form"
        hidden = {"csrf_token": token[1]} | ({"seen": seen[1]} if seen else {})
        return self.post_raw(path, {**hidden, **fields}, headers)

    def post_raw(self, path: str, fields: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
        """Send exactly this."""
        return self.http.post(PAGES + path, data=fields, headers=FROM_OUR_PAGES if headers is None else headers)

    def follow(self, answer: Response) -> Response:
        """Go where an answer sends the browser; where that is inside Airflow's frame, to what the frame shows."""
        assert answer.status_code == 303, answer.text
        return self.http.get(answer.headers["location"].replace(FRAME, ORIGIN + PAGES))

    def begin(self, workspace_id: str = "") -> str:
        """Press GRANT HUBSPOT ACCESS; return the address of HubSpot's consent page."""
        answer = self.post("/oauth/start", {"workspace_id": workspace_id})
        assert answer.status_code == 303, words(answer)
        return str(answer.headers["location"])

    def come_back(self, address: str) -> Response:
        """Be sent back by HubSpot to this address."""
        assert address.startswith(f"{CALLBACK}?")
        return self.http.get(address.removeprefix(ORIGIN), headers={"sec-fetch-site": "cross-site"})

    def connect(self, sandbox: Sandbox, workspace_id: str, portal_id: int) -> Response:
        """Go the whole way: GRANT HUBSPOT ACCESS, HubSpot's page, Connect App."""
        self.come_back(consent(sandbox, self.begin(workspace_id), portal_id))
        fields = {"workspace_id": workspace_id, "portal_id": str(portal_id)}
        return self.post("/connect", fields, page=f"/connect?portal={portal_id}")


def consent(sandbox: Sandbox, authorize_url: str, portal_id: int, **decision: Any) -> str:
    """Decide on HubSpot's consent page; return the address to which it sends the browser."""
    shown = requests.get(authorize_url, timeout=10)
    answer = decide(sandbox.hubspot, shown, portal=portal_id, **decision)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def words(answer: Response) -> str:
    """Return what a page says, without its tags."""
    body = re.sub(r"<(style|script).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def path_of(answer: Response) -> str:
    """Return where an answer sends the browser, below our root; inside Airflow's frame, what the frame shows."""
    parts = urlsplit(answer.headers["location"].replace(FRAME, ORIGIN + PAGES))
    return parts.path.removeprefix(PAGES) + (f"?{parts.query}" if parts.query else "")


def _airflow_token(user: User) -> str:
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - after its settings are made
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 - after its settings are made

    return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=user.name, role=user.role)))
