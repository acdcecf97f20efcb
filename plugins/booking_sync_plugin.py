"""Registers with Airflow what it cannot find by itself: the timetable of the backfill DAG, run notes, our pages."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from booking_sync_airflow.identity import PLAN_TAB
from booking_sync_airflow.run_note import RunNoteListener
from booking_sync_airflow.timetable import DailyOnRequestTimetable


class BookingSyncPlugin(AirflowPlugin):
    """Loaded by every Airflow process, so nothing heavy is imported here."""

    name = "booking_sync"
    timetables: list[Any] = [DailyOnRequestTimetable]  # noqa: RUF012 - declared so by Airflow
    listeners: list[Any] = [RunNoteListener()]  # noqa: RUF012 - declared so by Airflow
    external_views: list[Any] = [  # noqa: RUF012 - declared so by Airflow
        {
            "name": "Integrations",
            "href": "booking-sync/integrations",
            "url_route": "integrations",
            "destination": "nav",
            "nav_top_level": True,
            "icon": "booking-sync/static/icon.svg",
            "icon_dark_mode": "booking-sync/static/icon-dark.svg",
        },
        {
            "name": "Booking sync",
            "href": "booking-sync/status",
            "url_route": "booking-sync",
            "destination": "nav",
            "nav_top_level": True,
            "icon": "booking-sync/static/status.svg",
            "icon_dark_mode": "booking-sync/static/status-dark.svg",
        },
        {
            "name": "Plan",
            "href": "booking-sync/plan?dag_id={DAG_ID}&run_id={RUN_ID}",
            "url_route": PLAN_TAB.rpartition("/")[2],
            "destination": "dag_run",
            "icon": "booking-sync/static/plan.svg",
            "icon_dark_mode": "booking-sync/static/plan-dark.svg",
        },
    ]

    @property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]  # a list to Airflow, made when it is asked for
        """Our pages; only the API server asks for this."""
        from booking_sync_airflow.web.application import make_application  # noqa: PLC0415 - no other process needs it

        return [{"name": "Booking sync", "app": make_application(), "url_prefix": "/booking-sync"}]
