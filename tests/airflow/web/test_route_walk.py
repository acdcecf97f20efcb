"""Every route of the app, as the app itself lists them, for everybody who could ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from fastapi.routing import APIRoute

from booking_sync_airflow.web.application import make_application
from tests.airflow.web.browsing import ADMIN, FROM_OUR_PAGES, NOBODY, OPERATOR, ORIGIN, VIEWER, Browser, User

if TYPE_CHECKING:
    from httpx import Response

pytestmark = pytest.mark.airflow

LEAST_ROLE = {
    ("GET", "/health"): NOBODY,
    ("GET", "/integrations"): VIEWER,
    ("GET", "/integrations/{workspace_id}"): VIEWER,
    ("GET", "/integrations/{workspace_id}/owners"): VIEWER,
    ("GET", "/integrations/{workspace_id}/settings"): VIEWER,
    ("GET", "/integrations/{workspace_id}/uninstall"): VIEWER,
    ("GET", "/plan"): VIEWER,
    ("GET", "/plan.csv"): VIEWER,
    ("GET", "/static/{name}"): VIEWER,
    ("GET", "/status"): VIEWER,
    ("GET", "/bookings/{booking_id:path}"): VIEWER,
    ("GET", "/outlook"): VIEWER,
    ("GET", "/backfills"): VIEWER,
    ("POST", "/bookings"): VIEWER,
    ("POST", "/retry"): OPERATOR,
    ("POST", "/retry-all"): OPERATOR,
    ("POST", "/ignore"): OPERATOR,
    ("POST", "/take-up"): OPERATOR,
    ("POST", "/integrations/{workspace_id}/run"): OPERATOR,
    ("POST", "/integrations/{workspace_id}/pause"): OPERATOR,
    ("POST", "/integrations/{workspace_id}/resume"): OPERATOR,
    ("POST", "/integrations/{workspace_id}/settings"): ADMIN,
    ("POST", "/integrations/{workspace_id}/disconnect"): ADMIN,
    ("POST", "/integrations/{workspace_id}/uninstall"): ADMIN,
    ("POST", "/oauth/start"): ADMIN,
    ("GET", "/oauth/callback"): ADMIN,
    ("GET", "/connect"): ADMIN,
    ("POST", "/connect"): ADMIN,
    ("GET", "/erase"): ADMIN,
    ("POST", "/erase"): ADMIN,
}
"""Who may use a route at least; a route that is missing here fails the walk."""

ORDER = (NOBODY, VIEWER, OPERATOR, ADMIN)
FOREIGN = {
    "another site": {"origin": "https://evil.test", "sec-fetch-site": "cross-site"},
    "another port": {"origin": "http://airflow.test:8000", "sec-fetch-site": "same-site"},
    "an old browser elsewhere": {"origin": "https://evil.test"},
    "a sandboxed frame": {"origin": "null"},
    "a forged header": {"origin": "https://evil.test", "sec-fetch-site": "same-origin"},
    "nowhere": {},
}


def routes() -> list[tuple[str, str]]:
    """Return method and path of every route; anything that is not a plain one may not be there at all."""
    found = make_application().routes
    assert all(isinstance(route, APIRoute) for route in found)
    return [(method, route.path) for route in found if isinstance(route, APIRoute) for method in sorted(route.methods)]


def asked(browser: Browser, method: str, path: str, workspace_id: str) -> Response:
    url = path.replace(":path", "").format(workspace_id=workspace_id, name="pages.css", booking_id="bk_1")
    return browser.get(url) if method == "GET" else browser.post_raw(url, {}, FROM_OUR_PAGES)


def verdict(answer: Response) -> str:
    """Say in a word how a request ended."""
    if answer.status_code == 401:
        return "log in"
    if answer.status_code != 403:
        return "let in"
    return "let in, without a form of ours" if "out of date" in answer.text else "not permitted"


def expected(user: User, method: str, path: str) -> str:
    if user is NOBODY and LEAST_ROLE[method, path] is not NOBODY:
        return "log in"
    if ORDER.index(user) < ORDER.index(LEAST_ROLE[method, path]):
        return "not permitted"
    return "let in" if method == "GET" else "let in, without a form of ours"


def test_the_table_names_exactly_the_routes_of_the_app() -> None:
    assert set(routes()) == set(LEAST_ROLE)


@pytest.mark.parametrize("user", ORDER, ids=lambda user: user.role or "anonymous")
def test_a_route_lets_in_who_may_use_it_and_nobody_else(
    browser: Callable[[User], Browser], acme: str, user: User
) -> None:
    mine = browser(user)

    answers = {route: asked(mine, *route, acme) for route in routes()}

    assert {route: verdict(answer) for route, answer in answers.items()} == {
        route: expected(user, *route) for route in routes()
    }
    assert [route for route, answer in answers.items() if answer.status_code >= 500] == []
    if user is NOBODY:
        assert [route for route, answer in answers.items() if "Acme" in answer.text] == []


@pytest.mark.parametrize("where", FOREIGN)
def test_a_form_of_another_site_is_refused_even_with_the_right_token(
    browser: Callable[[User], Browser], acme: str, where: str
) -> None:
    mine = browser(ADMIN)
    writing = [path.format(workspace_id=acme) for method, path in routes() if method == "POST"]

    answers = {
        path: mine.post(path, {}, page=f"/integrations/{acme}/settings", headers=FOREIGN[where]) for path in writing
    }

    assert len(answers) == len(writing) > 0
    assert {answer.status_code for answer in answers.values()} == {403}
    assert all("did not come from a page of this Airflow" in answer.text for answer in answers.values())


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/static/../application.py", "/nothing"])
def test_there_is_nothing_else(browser: Callable[[User], Browser], path: str) -> None:
    assert browser(ADMIN).get(path).status_code == 404


def test_a_form_is_good_for_the_person_and_the_browser_that_got_it_only(
    browser: Callable[[User], Browser], acme: str
) -> None:
    page = f"/integrations/{acme}/settings"
    mine, elsewhere, other = browser(ADMIN), browser(ADMIN), browser(User("eve", "admin"))
    elsewhere.get(page)
    stolen = mine.get(page).text.split('name="csrf_token" value="')[1].split('"')[0]
    other.http.cookies.set("booking_sync_session", mine.http.cookies["booking_sync_session"], domain="airflow.test")

    answers = [browser.post_raw(page, {"csrf_token": stolen}) for browser in (elsewhere, other)]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_every_answer_forbids_framing_by_others_caching_and_foreign_content(
    browser: Callable[[User], Browser],
) -> None:
    for user, path in [(VIEWER, "/integrations"), (NOBODY, "/integrations"), (ADMIN, "/nothing")]:
        headers = browser(user).get(path).headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'self'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_the_session_cookie_is_for_our_pages_and_not_for_scripts(browser: Callable[[User], Browser]) -> None:
    cookie = browser(VIEWER).get("/integrations").headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "Path=/booking-sync" in cookie
    assert "SameSite=lax" in cookie
    assert ORIGIN.startswith("http:")
    assert "Secure" not in cookie
