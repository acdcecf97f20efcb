"""The tab Plan on a DAG run in a real Chromium, inside a real Airflow."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from booking_sandbox.sample_people import ACME
from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync_airflow.identity import PLAN_TAB, SYNC_DAG_ID
from tests.airflow.real.airflow import RealAirflow
from tests.airflow.real.window import Window

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

ABOVE_THE_TAB = 260
"""Pixels that Airflow takes above a tab of a run."""


def open_plan(seat: Window, dag_id: str, run_id: str) -> None:
    """Click on the tab, as Airflow shows it on a run."""
    seat.page.goto(f"{seat.place.url}/dags/{dag_id}/runs/{quote(run_id, safe='')}")
    seat.page.get_by_role("link", name="Plan", exact=True).click()
    seat.frame.get_by_role("heading", name="Plan").first.wait_for()
    assert seat.page.url.split("?")[0].endswith(f"/{PLAN_TAB}")  # questions about refused plans lead there


def change_some(sandbox: Sandbox, booking_ids: list[str]) -> None:
    """Move the first booking, cancel the second, rename the third."""
    calendar = sandbox.calendar.state
    moved, cancelled, renamed = booking_ids
    calendar.reschedule_in_place(moved, utc_now() + timedelta(days=2))
    calendar.cancel(cancelled)
    calendar.edit(renamed, event_name="A better name", location={"kind": "physical", "value": "Room 1"})


def test_a_person_sees_what_a_run_would_do_filters_it_and_takes_it_along(
    seat: Window, real_airflow: RealAirflow, sandbox: Sandbox
) -> None:
    calendar, start = sandbox.calendar.state, utc_now() + timedelta(days=1)
    booked = [calendar.book(ACME.id, start_at=start, end_at=start + timedelta(minutes=30))["id"] for _ in range(4)]
    real_airflow.api.unpause(SYNC_DAG_ID)
    real = real_airflow.finished_run(SYNC_DAG_ID, {"booking_ids": booked})
    change_some(sandbox, booked[:3])
    dry = real_airflow.finished_run(SYNC_DAG_ID, {"booking_ids": booked, "dry_run": True})

    open_plan(seat, SYNC_DAG_ID, dry["dag_run_id"])
    seat.sees("Dry run: this is what a real run would do.")
    seat.look("plan-recreate", above=ABOVE_THE_TAB)
    groups = {
        "Cancel 1": "[Canceled]",
        "Unchanged 1": "The activity in HubSpot shows it already",
        "Update 1": "A better name",
    }
    for group, words in groups.items():
        seat.follow(group)
        seat.sees(words)
        seat.look(f"plan-{group.split()[0].lower()}", above=ABOVE_THE_TAB)
    seat.frame.get_by_label("Booking, activity or reason").fill("no such booking")
    seat.press("Filter")
    seat.sees("Nothing fits the filter.")
    seat.look("plan-nothing-fits", above=ABOVE_THE_TAB)
    seat.follow("Show all")
    seat.sees("A better name")
    with seat.page.expect_download() as download:
        seat.frame.get_by_role("link", name="Export as CSV").click()
    assert download.value.path().read_text().startswith('"integration","group","state"')

    open_plan(seat, SYNC_DAG_ID, real["dag_run_id"])
    seat.sees("What this run did to HubSpot")
    seat.look("plan-done", above=ABOVE_THE_TAB)
    seat.follow(booked[0])
    seat.frame.get_by_role("heading", name=f"Booking {booked[0]}").wait_for()
