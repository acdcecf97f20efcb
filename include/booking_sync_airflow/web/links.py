"""Where HubSpot shows a record, and Airflow a run."""

from __future__ import annotations

from urllib.parse import quote

from booking_sync.store.integrations import PortalRecord
from booking_sync.store.stories import RunName
from booking_sync_airflow.airflow_address import airflow_url
from booking_sync_airflow.identity import AUDIT_DAG_ID, BACKFILL_DAG_ID

_ACTIVITY_TYPE = "0-47"
"""HubSpot docs, object type ids: meetings."""


def activity_url(portal: PortalRecord, activity_id: str | None) -> str | None:
    """Return the address of an activity, or None where there is none or the portal's own address is not known."""
    if not activity_id or not portal.ui_domain:
        return None
    account = quote(portal.id, safe="")
    return f"https://{portal.ui_domain}/contacts/{account}/record/{_ACTIVITY_TYPE}/{quote(activity_id, safe='')}"


def run_url(dag_id: str, dag_run_id: str) -> str:
    """Return where Airflow shows a run; a run that was cleared carries the number of that behind its id."""
    run_id = dag_run_id.partition("#")[0]
    return f"{airflow_url()}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def run_words(run: RunName) -> str:
    """Name a run: what kind it was, and who asked for it."""
    if run.dag_id == AUDIT_DAG_ID:
        kind = "audit"
    elif run.dag_id == BACKFILL_DAG_ID or run.run_type == "backfill":
        kind = "backfill"
    else:
        kind = f"{run.run_type} run"
    dry = "dry " if run.is_dry_run else ""
    asked = f" by {run.requested_by}" if run.requested_by not in ("", run.run_type) else ""
    return f"{dry}{kind}{asked}"
