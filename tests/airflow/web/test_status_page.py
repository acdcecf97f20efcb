"""The page Booking sync: what it says to whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync.states import RunState
from booking_sync.store.database import writing
from booking_sync.store.tables import run as run_table
from tests.airflow.web.browsing import VIEWER, Browser, User, words
from tests.airflow.web.runs import run

pytestmark = pytest.mark.airflow


def book(sandbox: Sandbox, workspace_id: str, **fields: object) -> str:
    start = utc_now() + timedelta(days=1)
    made: str = sandbox.calendar.state.book(workspace_id, start_at=start, end_at=start + timedelta(hours=1), **fields)[
        "id"
    ]
    return made


def test_an_empty_page_says_what_is_missing(browser: Callable[[User], Browser]) -> None:
    said = words(browser(VIEWER).get("/status"))

    assert "Everything that runs have read is in HubSpot." in said
    assert "None yet: unpause the DAG calendar_hubspot_audit" in said


def test_the_page_tells_what_reached_hubspot_and_what_did_not_and_what_helps(
    browser: Callable[[User], Browser], sandbox: Sandbox, acme: str
) -> None:
    fine = book(sandbox, acme)
    run("manual__1", booking_ids=[fine])
    sandbox.hubspot.switches.required_properties["meetings"] = ["hs_meeting_location"]
    refused = book(sandbox, acme, location=None)
    run("manual__2", booking_ids=[refused])

    answer = browser(VIEWER).get("/status")

    said = words(answer)
    assert "Half of the changes arrived, last day within 1 min" in said
    assert f"{refused} Acme, create" in said
    assert "needs a look" in said
    assert f"/booking-sync/bookings/{refused}?integration=ws_acme%40424242" in answer.text
    assert "needs attention" in said
    assert "1 read, 1 created" in said
    assert '<rect class="create"' in answer.text
    assert 'style="' not in answer.text  # the policy forbids it
    assert fine not in said


def test_only_of_a_run_that_is_over_it_is_said_that_nothing_had_changed(
    browser: Callable[[User], Browser], acme: str, mapping: Engine
) -> None:
    run(workspaces=[acme])
    over = words(browser(VIEWER).get("/status"))
    with writing(mapping) as connection:
        connection.execute(update(run_table).values(state=RunState.OPEN, closed_at=None))
    under_way = words(browser(VIEWER).get("/status"))

    assert "nothing had changed" in over
    assert "under way" in under_way
    assert "nothing had changed" not in under_way
