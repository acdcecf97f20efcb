"""A DAG of somebody else, which waits for a finished sync; the real Airflow of the tests reads it beside ours."""

from __future__ import annotations

from airflow.sdk import DAG, Asset, get_current_context, task

SYNC_FINISHED = Asset("x-booking-sync://finished")

with DAG("waits_for_the_sync", schedule=[SYNC_FINISHED]) as dag:

    @task
    def take() -> list[dict[str, object]]:
        """Return what the events say; Airflow may start one run for several."""
        return [dict(event.extra) for event in get_current_context()["triggering_asset_events"][SYNC_FINISHED]]

    take()
