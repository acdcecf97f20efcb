"""How a DAG run is translated for the core, and what comes back as its note."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pendulum
import pytest
from airflow.sdk.api.datamodels._generated import DagRun

from booking_sync.window import RunTrigger, Window
from booking_sync_airflow.run_note import note_with
from booking_sync_airflow.run_trigger import run_trigger

TEN = datetime(2026, 3, 28, 10, tzinfo=UTC)
ELEVEN = datetime(2026, 3, 28, 11, tzinfo=UTC)


def dag_run(**changes: Any) -> DagRun:
    fields: dict[str, Any] = {
        "dag_id": "calendar_hubspot_sync",
        "run_id": "scheduled__2026-03-28T11:00:00+00:00",
        "run_type": "scheduled",
        "state": "running",
        "logical_date": TEN,
        "data_interval_start": TEN,
        "data_interval_end": ELEVEN,
        "run_after": ELEVEN,
        "start_date": ELEVEN,
        "end_date": None,
        "partition_key": None,
        "consumed_asset_events": [],
    }
    return DagRun.model_validate(fields | changes)


def test_a_scheduled_run_has_its_interval_and_nobody_who_asked() -> None:
    assert run_trigger(dag_run()) == RunTrigger(
        dag_id="calendar_hubspot_sync",
        dag_run_id="scheduled__2026-03-28T11:00:00+00:00",
        run_type="scheduled",
        requested_by="scheduled",
        interval=Window(TEN, ELEVEN),
    )


def test_the_interval_is_in_utc_whatever_the_zone_of_the_schedule() -> None:
    berlin = pendulum.instance(TEN).in_timezone("Europe/Berlin")

    interval = run_trigger(dag_run(data_interval_start=berlin)).interval

    assert interval is not None
    assert (interval.start, interval.start.tzinfo) == (TEN, UTC)


@pytest.mark.parametrize(("start", "end"), [(None, None), (TEN, TEN), (ELEVEN, TEN)])
def test_a_run_without_a_true_interval_has_none(start: datetime | None, end: datetime | None) -> None:
    trigger = run_trigger(dag_run(run_type="manual", data_interval_start=start, data_interval_end=end))

    assert trigger.interval is None


def test_a_reprocessed_run_is_a_backfill_although_its_id_says_scheduled() -> None:
    trigger = run_trigger(dag_run(run_type="backfill", triggering_user_name="ada"))

    assert (trigger.run_type, trigger.requested_by) == ("backfill", "ada")


def test_a_cleared_run_is_another_run() -> None:
    ids = {run_trigger(dag_run(clear_number=number)).dag_run_id for number in (0, 1, 2)}

    assert len(ids) == 3


def test_what_a_person_wrote_stays_below_our_note() -> None:
    first = note_with("created 3", "Ada: please look at this")
    second = note_with("created 0", first)

    assert second == "**Booking sync** created 0\n\n---\n\nAda: please look at this"


def test_our_note_replaces_our_note() -> None:
    assert note_with("created 0", note_with("created 3", None)) == "**Booking sync** created 0"


def test_a_note_never_outgrows_airflows_column_and_what_a_person_wrote_stays_whole() -> None:
    long = "\n".join(f"- rejected bk_{n}: start_at: is missing" for n in range(200))
    alone = note_with(long, None)
    assert len(alone) <= 1000
    assert alone.endswith("the log of close_run has the rest")
    theirs = "Ada: please look at this. " * 20
    both = note_with(long, theirs)
    assert len(both) <= 1000
    assert both.endswith(theirs)
    assert note_with(long, "x" * 990) == "x" * 990
