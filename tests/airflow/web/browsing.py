"""A browser for the tests of our pages: it logs in, follows nothing by itself, and fills in forms as people do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

from fastapi.testclient import TestClient

if TYPE_CHECKING:
    from fastapi import FastAPI
    from httpx import Response

ORIGIN = "http://airflow.test"
PAGES = "/booking-sync"
FROM_OUR_PAGES = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
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
            self.http.cookies.set("_token", _airflow_token(user))

    def get(self, path: str) -> Response:
        return self.http.get(PAGES + path)

    def post(self, path: str, fields: dict[str, Any], *, page: str, headers: dict[str, str] | None = None) -> Response:
        """Send a form with the token that ``page`` holds."""
        token = _TOKEN.search(self.get(page).text)
        assert token is not None, f"{page} has no form"
        return self.post_raw(path, {"csrf_token": token[1], **fields}, headers)

    def post_raw(self, path: str, fields: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
        """Send exactly this."""
        return self.http.post(PAGES + path, data=fields, headers=FROM_OUR_PAGES if headers is None else headers)


def words(answer: Response) -> str:
    """Return what a page says, without its tags."""
    body = re.sub(r"<(style|script).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def _airflow_token(user: User) -> str:
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - after its settings are made
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 - same

    return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=user.name, role=user.role)))
