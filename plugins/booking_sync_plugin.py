"""Registers with Airflow what it cannot find by itself: the timetable of the backfill DAG and the notes on runs."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from booking_sync_airflow.run_note import RunNoteListener
from booking_sync_airflow.timetable import DailyOnRequestTimetable


class BookingSyncPlugin(AirflowPlugin):
    """Loaded by every Airflow process, so nothing heavy is imported here."""

    name = "booking_sync"
    timetables: list[Any] = [DailyOnRequestTimetable]  # noqa: RUF012 - declared so by Airflow
    listeners: list[Any] = [RunNoteListener()]  # noqa: RUF012 - declared so by Airflow
