"""Tells other DAGs that a sync has finished: an asset event of ``close_run``, for green runs that were no dry run.

A task with a plain outlet tells of every success. So the outlet is an alias, and the asset is added to it when there is
something to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from airflow.sdk import Context

    from booking_sync.report import RunReport
    from booking_sync.window import Window

FINISHED_URI = "x-booking-sync://finished"
"""Address of the asset, and its name: Airflow matches both, and who waits for it writes ``Asset("…")``.

Schemes that begin with ``x-`` are left alone by Airflow and by every provider.
"""

FINISHED_ALIAS = AssetAlias("booking_sync_finished")
COUNTS = ("read", "create", "recreate", "cancel", "update", "adopted", "rejected", "kept")


def tell_finished(context: Context, run_id: str, report: RunReport, covered: Window | None) -> None:
    """Leave the event with the task, for Airflow to send when it succeeds; ``covered`` is what the run has read."""
    if report.is_dry_run:
        return
    extra: dict[str, Any] = {
        "dag_id": context["dag_run"].dag_id,
        "dag_run_id": context["dag_run"].run_id,
        "run_id": run_id,
        "window_start": covered.start.isoformat() if covered else None,
        "window_end": covered.end.isoformat() if covered else None,
        "counts": {name: report.counts[name] for name in COUNTS},
    }
    context["outlet_events"][FINISHED_ALIAS].add(Asset(FINISHED_URI), extra=extra)
