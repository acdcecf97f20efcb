"""The button *HubSpot records* on an apply task: every change of that task, each with its record in HubSpot."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

GROUPS = {"apply_create": "create", "apply_recreate": "recreate", "apply_cancel": "cancel"}
"""Apply task and the group of the tab *Plan* that lists its changes."""


class RecordsLink(BaseOperatorLink):
    """Leads to the run's plan at the task's own group: a task writes many records, and HubSpot has no list of them.

    The worker makes the address when the task ends, and Airflow keeps it as an XCom.
    """

    name = "HubSpot records"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the address of the page."""
        from airflow.configuration import conf  # noqa: PLC0415 - DAG files and plugins must not pay for it

        del operator
        base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
        group = GROUPS[ti_key.task_id.rpartition(".")[2]]
        asked = urlencode({"dag_id": ti_key.dag_id, "run_id": ti_key.run_id, "group": group})
        return f"{base}/booking-sync/plan?{asked}"
