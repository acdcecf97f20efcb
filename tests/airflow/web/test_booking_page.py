"""The page of one booking, and how people come to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from tests.airflow.web.browsing import OPERATOR, VIEWER, Browser, User, path_of, words
from tests.airflow.web.conftest import FIRST
from tests.airflow.web.runs import run

pytestmark = pytest.mark.airflow

INTEGRATION = f"ws_acme@{FIRST}"
ADA = {"id": "in_1", "name": "Ada Lovelace", "email": "ada@example.com"}


@pytest.fixture
def booking_id(acme: str, sandbox: Sandbox) -> str:
    """A booking of Ada's that a run has passed on."""
    start = utc_now() + timedelta(days=1)
    end = start + timedelta(minutes=30)
    made: str = sandbox.calendar.state.book(acme, start_at=start, end_at=end, invitees=[ADA])["id"]
    assert not run(booking_ids=[made]).is_red
    return made


def page_of(booking_id: str) -> str:
    return f"/bookings/{quote(booking_id, safe='')}?integration={quote(INTEGRATION)}"


def test_the_page_tells_what_became_of_a_booking_without_personal_data(
    browser: Callable[[User], Browser], sandbox: Sandbox, booking_id: str
) -> None:
    (activity,) = sandbox.hubspot.state.activities(portal_id=FIRST)

    answer = browser(VIEWER).get(page_of(booking_id))

    said = words(answer)
    assert "In HubSpot" in said
    assert f"record/0-47/{activity['id']}" in answer.text
    assert f"New contact {activity['contact_ids'][0]}: HubSpot had none with this address." in said
    assert "Version 1: make an activity" in said
    assert "manual run by ann" in said
    assert "/dags/calendar_hubspot_sync/runs/manual__1" in answer.text
    assert "Lovelace" not in said
    assert "ada@" not in said


def test_what_a_run_now_would_do_is_asked_for_after_the_page_is_shown(
    browser: Callable[[User], Browser], sandbox: Sandbox, booking_id: str
) -> None:
    viewer = browser(VIEWER)
    before = len(list(sandbox.calendar.history))
    shown = viewer.get(page_of(booking_id))
    asked_for_the_page = len(list(sandbox.calendar.history)) - before
    part = f"/outlook?integration={quote(INTEGRATION)}&booking={quote(booking_id)}"

    unchanged = words(viewer.get(part))
    sandbox.calendar.state.cancel(booking_id)
    canceled = words(viewer.get(part))
    sandbox.calendar.switches.answer(401, count=10)
    unanswered = viewer.get(part)

    assert asked_for_the_page == 0
    assert f'data-load="/booking-sync{part.replace("&", "&amp;").replace("@", "%40")}"' in shown.text
    assert "Nothing: HubSpot shows it as it is." in unchanged
    assert "It would mark the activity as cancelled." in canceled
    assert "(rule X1)" in canceled
    assert unanswered.status_code == 200
    assert "Calendar.com could not be asked." in words(unanswered)


def test_a_search_leads_to_the_page_by_booking_activity_and_address(
    browser: Callable[[User], Browser], sandbox: Sandbox, booking_id: str
) -> None:
    (activity,) = sandbox.hubspot.state.activities(portal_id=FIRST)
    operator = browser(OPERATOR)

    answers = [
        operator.post("/bookings", {"sought": sought}, page="/status")
        for sought in (f" {booking_id} ", activity["id"], "Ada@example.com")
    ]

    assert [path_of(answer) for answer in answers] == [page_of(booking_id).replace("@", "%40")] * 3


def test_a_viewer_may_not_look_for_addresses_and_nobody_puts_one_into_an_address(
    browser: Callable[[User], Browser], booking_id: str
) -> None:
    refused = browser(VIEWER).post("/bookings", {"sought": "ada@example.com"}, page="/status")
    unknown = browser(OPERATOR).post("/bookings", {"sought": "eve@example.com"}, page="/status")

    assert booking_id
    assert refused.status_code == 403
    assert "needs the permissions of an operator" in words(refused)
    assert unknown.status_code == 200
    assert "eve@" not in unknown.text


def test_a_booking_of_which_nothing_is_recorded_can_still_be_asked_about(
    browser: Callable[[User], Browser], sandbox: Sandbox, acme: str
) -> None:
    start = utc_now() + timedelta(days=1)
    fresh = sandbox.calendar.state.book(acme, start_at=start, end_at=start + timedelta(minutes=30))["id"]
    viewer = browser(VIEWER)

    offered = viewer.post("/bookings", {"sought": fresh}, page="/status")
    shown = viewer.get(page_of(fresh))
    part = viewer.get(f"/outlook?integration={quote(INTEGRATION)}&booking={fresh}")

    assert f"Nothing is recorded of {fresh} ." in words(offered)
    assert page_of(fresh).replace("@", "%40") in offered.text
    assert "Nothing is recorded of this booking" in words(shown)
    assert "It would make an activity." in words(part)


def test_ids_are_shown_as_they_are_and_never_as_markup(browser: Callable[[User], Browser], acme: str) -> None:
    odd = "bk/1?<script>&#x27;"

    answer = browser(VIEWER).get(page_of(odd))

    assert acme
    assert answer.status_code == 200
    assert "<script>&#x27" not in answer.text
    assert "bk/1?&lt;script&gt;" in answer.text
    assert browser(VIEWER).get("/bookings/x?integration=ws_none%401").status_code == 404
