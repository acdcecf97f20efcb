"""The progress of a backfill, from Airflow's own tables and our figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete

from booking_sync.services import utc_now
from booking_sync.store.database import writing
from booking_sync.store.tables import run
from booking_sync_airflow.identity import BACKFILL_DAG_ID
from tests.airflow.web.browsing import VIEWER, Browser, User, words

pytestmark = pytest.mark.airflow

FIRST_DAY = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def backfill(metadata_database: None, mapping: Engine) -> Iterator[Callable[..., None]]:  # noqa: ARG001 - where it is stored
    """Store a backfill of ten days that began two hours ago; four windows are over, one failed, one is at work."""
    from airflow.models.backfill import Backfill, BackfillDagRun, ReprocessBehavior  # noqa: PLC0415 - after its settings are made
    from airflow.models.dagrun import DagRun  # noqa: PLC0415 - after its settings are made
    from airflow.utils.session import create_session  # noqa: PLC0415 - after its settings are made
    from airflow.utils.types import DagRunType  # noqa: PLC0415 - after its settings are made

    states = ["success"] * 4 + ["failed", "running"] + ["queued"] * 4

    def store(*, is_paused: bool = False) -> None:
        with create_session(scoped=False) as session:
            one = Backfill(
                dag_id=BACKFILL_DAG_ID,
                from_date=FIRST_DAY,
                to_date=FIRST_DAY + timedelta(days=9),
                is_paused=is_paused,
                reprocess_behavior=ReprocessBehavior.NONE,
                triggering_user_name="otto",
                created_at=utc_now() - timedelta(hours=2),
            )
            session.add(one)
            session.flush()
            for number, state in enumerate(states):
                day = FIRST_DAY + timedelta(days=number)
                window = DagRun(
                    dag_id=BACKFILL_DAG_ID,
                    run_id=f"backfill__{number}",
                    logical_date=day,
                    run_type=DagRunType.BACKFILL_JOB,
                    run_after=day,
                )
                window.state = state
                session.add(window)
                session.flush()
                session.add(
                    BackfillDagRun(backfill_id=one.id, dag_run_id=window.id, sort_ordinal=number + 1, logical_date=day)
                )
        common = {"dag_id": BACKFILL_DAG_ID, "run_type": "backfill", "requested_by": "otto", "request": {}}
        ended = {"state": "recorded", "opened_at": utc_now(), "is_dry_run": False, "findings": {}}
        with writing(mapping) as connection:
            for number in range(4):
                counts = {"read": 30, "create": 20, "unchanged": 10}
                row = {"id": str(number), "dag_run_id": f"backfill__{number}", "counts": counts}
                connection.execute(run.insert(), {**common, **ended, **row})

    yield store
    with create_session(scoped=False) as session:
        for table in (BackfillDagRun, Backfill):
            session.execute(delete(table))
        session.execute(delete(DagRun).where(DagRun.dag_id == BACKFILL_DAG_ID))


def test_the_page_says_how_far_a_backfill_has_come_and_when_it_may_end(
    browser: Callable[[User], Browser], backfill: Callable[..., None]
) -> None:
    backfill()

    page = browser(VIEWER).get("/status")
    part = browser(VIEWER).get("/backfills")

    for said in (words(page), words(part)):
        assert "2026-10-01 to 2026-10-10 under way" in said
        assert "5 of 10, 1 at work, 1 failed" in said
        assert "Bookings read 120" in said
        assert "Passed on 80" in said
        assert "2.5 runs an hour 60 bookings an hour" in said
        assert "about 2 h 0 min" in said
    assert 'data-load="/booking-sync/backfills" data-refresh="10"' in page.text
    assert "<html" not in part.text


def test_nobody_can_say_when_a_paused_backfill_ends(
    browser: Callable[[User], Browser], backfill: Callable[..., None]
) -> None:
    backfill(is_paused=True)

    said = words(browser(VIEWER).get("/backfills"))

    assert "paused" in said
    assert "not known while it is paused" in said


def test_without_a_backfill_the_page_says_where_to_start_one(browser: Callable[[User], Browser]) -> None:
    assert "Start one on the DAG calendar_hubspot_backfill : Trigger, then Backfill." in words(
        browser(VIEWER).get("/backfills")
    )
