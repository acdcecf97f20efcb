"""Retry, Ignore and Take up again: what they do, what they say, and who did it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, delete, update

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync.states import RefusedState
from booking_sync.store.database import writing
from booking_sync.store.tables import refused_plan
from booking_sync_airflow.identity import SYNC_DAG_ID
from tests.airflow.dag_runs import runs_of
from tests.airflow.web.browsing import OPERATOR, VIEWER, Browser, User, words
from tests.airflow.web.conftest import FIRST
from tests.airflow.web.runs import run
from tests.flow.test_plan_guard import MANY

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

pytestmark = pytest.mark.airflow

INTEGRATION = f"ws_acme@{FIRST}"


@pytest.fixture
def refused(acme: str, sandbox: Sandbox) -> Iterator[str]:
    """A booking that HubSpot refuses."""
    sandbox.hubspot.switches.required_properties["meetings"] = ["hs_meeting_location"]
    start = utc_now() + timedelta(days=1)
    end = start + timedelta(minutes=30)
    made: str = sandbox.calendar.state.book(acme, start_at=start, end_at=end, location=None)["id"]
    assert run(booking_ids=[made]).is_red
    yield made
    sandbox.hubspot.switches.required_properties.clear()


@pytest.fixture
def started(dag_bag: DagBag, metadata_database: None) -> Iterator[Callable[[], list[dict[str, Any]]]]:  # noqa: ARG001 - where they are stored
    """Let Airflow know the DAGs, at rest; gives what the runs were asked for that were started."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager  # noqa: PLC0415 - after its settings are made
    from airflow.dag_processing.dagbag import sync_bag_to_db  # noqa: PLC0415 - after its settings are made
    from airflow.models.dagrun import DagRun  # noqa: PLC0415 - after its settings are made
    from airflow.utils.session import create_session  # noqa: PLC0415 - after its settings are made

    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(dag_bag, "dags-folder", None)

    def forget_runs() -> None:
        with create_session(scoped=False) as session:
            session.execute(delete(DagRun).where(DagRun.dag_id == SYNC_DAG_ID))

    forget_runs()  # those of other tests, which share Airflow's database
    yield lambda: [{**(one.conf or {}), "by": one.triggering_user_name} for one in runs_of(SYNC_DAG_ID)]
    forget_runs()


def page_of(booking_id: str) -> str:
    return f"/bookings/{booking_id}?integration={quote(INTEGRATION)}"


def fields(booking_id: str, **more: str) -> dict[str, str]:
    return {"integration_id": INTEGRATION, "booking_id": booking_id, **more}


def test_retry_starts_a_run_for_that_booking_and_its_story_says_who_asked(
    browser: Callable[[User], Browser], refused: str, started: Callable[[], list[dict[str, Any]]]
) -> None:
    operator = browser(OPERATOR)

    shown = words(operator.get(page_of(refused)))
    after = operator.follow(operator.post("/retry", fields(refused), page=page_of(refused)))

    assert "It is safe to retry at any time." in shown
    assert started() == [{"workspaces": ["ws_acme"], "booking_ids": [refused], "by": "otto"}]
    assert "A run is waiting, because the DAG calendar_hubspot_sync is paused" in words(after)
    assert "otto had it tried again" in words(after)


def test_retry_all_starts_one_run_for_the_workspaces_in_which_something_waits(
    browser: Callable[[User], Browser], refused: str, started: Callable[[], list[dict[str, Any]]]
) -> None:
    operator = browser(OPERATOR)

    answer = operator.post("/retry-all", {}, page="/status")

    assert refused
    assert answer.status_code == 303
    assert started() == [{"workspaces": ["ws_acme"], "by": "otto"}]


def test_nothing_is_started_where_nothing_waits_or_nothing_is_passed_on(
    browser: Callable[[User], Browser], acme: str, started: Callable[[], list[dict[str, Any]]]
) -> None:
    operator = browser(OPERATOR)
    nothing = operator.post("/retry-all", {}, page="/status")
    operator.post(f"/integrations/{acme}/pause", {}, page=f"/integrations/{acme}")
    paused = operator.post("/retry", fields("bk_1"), page=page_of("bk_1"))

    assert (nothing.status_code, paused.status_code) == (409, 409)
    assert "No run would come to it: the integration is paused by otto." in words(paused)
    assert started() == []


def test_what_is_ignored_is_listed_with_who_and_why_until_it_is_taken_up(
    browser: Callable[[User], Browser], refused: str
) -> None:
    operator, viewer = browser(OPERATOR), browser(VIEWER)

    ignored = operator.follow(operator.post("/ignore", fields(refused, reason="Test <b>"), page=page_of(refused)))
    again = operator.post("/ignore", fields(refused, reason="Once more"), page=page_of(refused))
    listed = viewer.get("/status")
    taken_up = operator.follow(operator.post("/take-up", fields(refused), page=page_of(refused)))

    assert "Ignored until the booking changes." in words(ignored)
    assert "to leave this booking as it is: “Test <b>”." in words(ignored)
    assert "<b>" not in ignored.text
    assert again.status_code == 409
    assert "Ignored until they change" in words(listed)
    assert "otto Test <b>" in words(listed)
    assert "Nothing waits, apart from what is ignored." in words(listed)
    assert "otto said to take it up again" in words(taken_up)
    assert "Has to wait somebody wants it to be looked at again" in words(taken_up)


def test_a_viewer_is_offered_nothing(browser: Callable[[User], Browser], refused: str) -> None:
    pages = browser(VIEWER).get(page_of(refused)).text + browser(VIEWER).get("/status").text

    assert [action for action in ("/retry", "/ignore", "/take-up", "/retry-all") if f'{action}"' in pages] == []


def test_what_waits_for_approval_leads_to_the_question_and_offers_no_retry(
    browser: Callable[[User], Browser], acme: str, sandbox: Sandbox, mapping: Engine
) -> None:
    start = utc_now() + timedelta(days=1)
    times = {"start_at": start, "end_at": start + timedelta(minutes=30)}
    booked = [str(sandbox.calendar.state.book(acme, **times)["id"]) for _ in range(MANY)]
    run("manual__1", booking_ids=booked)
    for booking_id in booked:
        sandbox.calendar.state.cancel(booking_id)
    assert run("manual__2", booking_ids=booked).is_red
    sandbox.hubspot.switches.required_properties["meetings"] = ["hs_internal_meeting_notes"]
    late = str(sandbox.calendar.state.book(acme, **times)["id"])
    assert run("manual__3", booking_ids=[late]).is_red
    sandbox.hubspot.switches.required_properties.clear()

    status, one = (browser(OPERATOR).get(path) for path in ("/status", page_of(booked[0])))

    for page in (status, one):
        assert 'href="http://airflow.test/required_actions?response_received=false"' in page.text
        assert f'name="booking_id" value="{booked[0]}"' not in page.text
        assert f"{page_of(booked[0])}#ignore" not in page.text
    assert status.text.index(late) < min(map(status.text.index, booked))  # what a person can mend comes first
    assert "1 refused plan waits for a person: approve or reject it" in words(status)
    assert "Something waits See why" in words(browser(OPERATOR).get(f"/integrations/{acme}"))
    assert "In HubSpot, a change waits" in words(one)

    with writing(mapping) as connection:
        connection.execute(update(refused_plan).values(state=RefusedState.REJECTED))
    after = browser(OPERATOR).get("/status")

    assert "What belongs to a rejected plan is not written until that plan changes." in words(after)
    assert "required_actions" not in after.text
