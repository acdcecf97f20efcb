"""The page Booking sync in a real Chromium, inside a real Airflow: what became of a booking."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync_airflow.identity import SYNC_DAG_ID
from tests.airflow.real.airflow import RealAirflow
from tests.airflow.real.window import Window

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]


def open_status(seat: Window) -> None:
    """Use Airflow's navigation."""
    seat.page.goto(seat.place.url)
    seat.page.get_by_role("link", name="Booking sync").click()
    seat.frame.get_by_role("heading", name="Booking sync").wait_for()


def find(seat: Window, sought: str) -> None:
    seat.frame.get_by_role("textbox").fill(sought)
    seat.press("Find")


def pass_on(airflow: RealAirflow, sandbox: Sandbox) -> str:
    """Book a meeting, move it, cancel it, with a run after each; return its id."""
    calendar, start = sandbox.calendar.state, utc_now() + timedelta(days=1)
    ada = {"id": "in_1", "name": "Ada Lovelace", "email": "ada@example.com"}
    booking_id: str = calendar.book("ws_acme", start_at=start, end_at=start + timedelta(minutes=30), invitees=[ada])[
        "id"
    ]
    airflow.api.unpause(SYNC_DAG_ID)
    airflow.finished_run(SYNC_DAG_ID, {"booking_ids": [booking_id]})
    calendar.reschedule_in_place(booking_id, start + timedelta(hours=3))
    airflow.finished_run(SYNC_DAG_ID, {"booking_ids": [booking_id]})
    calendar.cancel(booking_id)
    return booking_id


def test_a_person_answers_what_became_of_a_booking_and_what_comes_next(
    seat: Window, real_airflow: RealAirflow, sandbox: Sandbox
) -> None:
    booking_id = pass_on(real_airflow, sandbox)
    open_status(seat)
    find(seat, "ada@example.com")
    seat.frame.get_by_role("heading", name=f"Booking {booking_id}").wait_for()
    seat.sees("It would mark the activity as cancelled.")
    seat.sees("make a new activity, then archive the old one")
    seat.look("booking")
    find_nothing(seat)
    steer(seat, real_airflow, sandbox)


def steer(seat: Window, airflow: RealAirflow, sandbox: Sandbox) -> None:
    """Find what HubSpot refuses, ignore it, take it up again, mend the cause and retry."""
    sandbox.hubspot.switches.required_properties["meetings"] = ["hs_internal_meeting_notes"]
    start = utc_now() + timedelta(days=2)
    refused = sandbox.calendar.state.book("ws_acme", start_at=start, end_at=start + timedelta(minutes=30))["id"]
    airflow.finished_run(SYNC_DAG_ID, {"booking_ids": [refused]})
    open_status(seat)
    seat.sees("What reached HubSpot, last week")
    for answer in ("Runs that need attention, last day", "HubSpot refuses it", "What it will do", "try what waits"):
        seat.sees(answer)
    seat.sees(refused)
    seat.look("status")
    seat.follow(f"Ignore {refused}")
    seat.sees("It is safe to retry at any time.")
    seat.frame.get_by_label("Reason").fill("A test booking")
    seat.look("ignoring")
    seat.press("Ignore this version")
    seat.sees("Ignored until the booking changes.")
    open_status(seat)
    seat.sees("Ignored until they change")
    seat.look("status-ignored")
    seat.follow(refused)
    seat.press("Take up again")
    seat.sees("Taken up again")
    sandbox.hubspot.switches.required_properties.clear()
    before = len(sandbox.hubspot.state.activities())
    seat.press("Retry")
    seat.sees("A run has been started")
    airflow.processes.wait_until(
        "the booking to be passed on",
        lambda: len(sandbox.hubspot.state.activities()) > before,
        timeout_seconds=120,
    )


def find_nothing(seat: Window) -> None:
    seat.follow("Booking sync")
    find(seat, "bk_nobody")
    seat.sees("Nothing is recorded of")
    seat.look("no-booking")
