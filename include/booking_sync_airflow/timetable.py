"""The timetable of the backfill DAG: daily data intervals for whoever asks, and no runs of its own."""

from __future__ import annotations

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable

EVERY_MIDNIGHT = "0 0 * * *"


class DailyOnRequestTimetable(CronDataIntervalTimetable):
    """Days in UTC, handed out to backfills only.

    Airflow refuses a backfill of a DAG without a schedule, and a DAG with one starts runs by itself. Both ask the same
    question, but a backfill always asks with ``catchup`` (it walks over the past), and the scheduler with the DAG's own
    setting, which is off. The plugin registers this class: Airflow stores a DAG only with a timetable that it knows.
    """

    def __init__(self) -> None:
        super().__init__(EVERY_MIDNIGHT, timezone="UTC")
        self.description = "Daily intervals, for backfills only"

    @property
    def summary(self) -> str:
        """What the UI shows as the schedule."""
        return "daily, on request"

    @classmethod
    def deserialize(cls, data: dict[str, object]) -> DailyOnRequestTimetable:
        """Make one again: there is nothing to store."""
        del data
        return cls()

    def serialize(self) -> dict[str, object]:
        """Store nothing: all instances are alike."""
        return {}

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Give the next day to a backfill, and nothing to the scheduler."""
        if not restriction.catchup:
            return None
        return super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )


def backfill_timetable() -> CronDataIntervalTimetable:
    """Return the timetable for the backfill DAG that this Airflow can store.

    Where our plugin is not in Airflow's plugins folder, that is Airflow's own daily one: a DAG file whose
    timetable is not registered would break ``airflow dags test`` for every DAG beside it. The scheduler then
    starts runs once the DAG is unpaused; they end without doing anything (``steps.refuse_nobodys_run``).
    """
    from airflow.plugins_manager import get_timetables_plugins  # noqa: PLC0415 - loads all plugins

    name = f"{DailyOnRequestTimetable.__module__}.{DailyOnRequestTimetable.__qualname__}"
    if name in get_timetables_plugins():
        return DailyOnRequestTimetable()
    return CronDataIntervalTimetable(EVERY_MIDNIGHT, timezone="UTC")
