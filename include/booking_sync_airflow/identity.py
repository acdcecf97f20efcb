"""The names that DAG files, tasks, the plugin and the demo share. Imports nothing, so it costs nothing anywhere."""

from __future__ import annotations

SYNC_DAG_ID = "calendar_hubspot_sync"
BACKFILL_DAG_ID = "calendar_hubspot_backfill"
AUDIT_DAG_ID = "calendar_hubspot_audit"
APPROVAL_DAG_ID = "calendar_hubspot_approval"
WATCH_DAG_ID = "calendar_hubspot_watch"
RECONCILIATION_DAG_IDS = frozenset({SYNC_DAG_ID, BACKFILL_DAG_ID})
OUR_DAG_IDS = RECONCILIATION_DAG_IDS | {AUDIT_DAG_ID, APPROVAL_DAG_ID, WATCH_DAG_ID}

PLAN_TAB = "plugin/booking-plan"
"""Where Airflow shows the tab *Plan*, below the address of a run."""

REQUIRED_ACTIONS = "required_actions?response_received=false"
"""Where Airflow lists what people are asked, below its own address."""

NOTE_KEY = "note"
"""XCom key under which a task leaves the text that the plugin puts on the run as its note."""
RUN_ID_KEY = "run_id"
"""XCom key under which ``open_run`` leaves the id of our own run row."""
