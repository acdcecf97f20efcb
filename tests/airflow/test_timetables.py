# ruff: noqa: PLC0415 - Airflow is imported late: it reads its settings, which conftest makes, when it is
from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from booking_sync_airflow.identity import BACKFILL_DAG_ID, SYNC_DAG_ID

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag


def as_the_scheduler_sees_it(dag_bag: DagBag, dag_id: str) -> Any:
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.from_dict(DagSerialization.to_dict(dag_bag.dags[dag_id]))


def next_interval_for_the_scheduler(dag: Any) -> Any:
    return dag.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=dag._time_restriction)


def test_a_scheduled_run_covers_the_15_minutes_before_it(dag_bag: DagBag) -> None:  # W1
    info = next_interval_for_the_scheduler(as_the_scheduler_sees_it(dag_bag, SYNC_DAG_ID))

    assert info.data_interval.end - info.data_interval.start == timedelta(minutes=15)
    assert info.run_after == info.data_interval.end
    assert info.data_interval.start.minute % 15 == 0
    assert abs(datetime.now(UTC) - info.data_interval.end) <= timedelta(minutes=15)


def test_the_backfill_dag_starts_no_run_by_itself(dag_bag: DagBag) -> None:
    assert next_interval_for_the_scheduler(as_the_scheduler_sees_it(dag_bag, BACKFILL_DAG_ID)) is None


def test_a_backfill_of_three_days_gets_three_whole_days(dag_bag: DagBag) -> None:  # W1
    dag = as_the_scheduler_sees_it(dag_bag, BACKFILL_DAG_ID)

    infos = list(dag.iter_dagrun_infos_between(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)))

    days = [datetime(2026, 3, day, tzinfo=UTC) for day in (28, 29, 30)]
    assert [info.logical_date for info in infos] == days
    assert [(info.data_interval.start, info.data_interval.end) for info in infos] == [
        (day, day + timedelta(days=1)) for day in days
    ]
    assert dag.timetable.periodic


def test_a_gap_can_be_backfilled_on_the_15_minute_dag(dag_bag: DagBag) -> None:  # W1
    dag = as_the_scheduler_sees_it(dag_bag, SYNC_DAG_ID)
    start = datetime(2026, 3, 28, 10, tzinfo=UTC)

    infos = list(dag.iter_dagrun_infos_between(start, start + timedelta(minutes=44)))

    assert [info.data_interval.start - start for info in infos] == [timedelta(minutes=m) for m in (0, 15, 30)]


def test_without_our_plugin_the_backfill_dag_has_a_timetable_that_airflow_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.timetables.interval import CronDataIntervalTimetable

    from airflow import plugins_manager
    from booking_sync_airflow.timetable import backfill_timetable

    monkeypatch.setattr(plugins_manager, "get_timetables_plugins", dict)
    found = backfill_timetable()

    assert type(found) is CronDataIntervalTimetable
    assert found.serialize()["expression"] == "0 0 * * *"


@pytest.mark.parametrize("run_type", ["scheduled", "backfill", "manual"])
def test_only_a_scheduled_run_of_the_backfill_dag_is_nobodys(run_type: str) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from booking_sync_airflow.steps import refuse_nobodys_run

    dag_run: Any = SimpleNamespace(dag_id=BACKFILL_DAG_ID, run_type=SimpleNamespace(value=run_type))
    with pytest.raises(AirflowSkipException) if run_type == "scheduled" else nullcontext():
        refuse_nobodys_run(dag_run)
