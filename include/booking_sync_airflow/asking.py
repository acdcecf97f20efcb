"""Having people asked about refused plans: a run of the approval DAG for each, so that nothing else waits (W5)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from booking_sync_airflow.identity import APPROVAL_DAG_ID
from booking_sync_airflow.run_starting import start_run

if TYPE_CHECKING:
    from booking_sync.services import Services
    from booking_sync.store.refused_plans import RefusedPlan

log = logging.getLogger(__name__)


def ask_people(services: Services) -> None:
    """Start a run for every plan that waits and that nobody has been asked about, and withdraw idle questions.

    A question is withdrawn by beginning its run again: that finds that the plan does not wait any more, and ends.
    """
    from booking_sync import questions  # noqa: PLC0415 - DAG files and plugins must not pay for it

    found = questions.open_questions(services)
    for plan in found.idle:
        if start_run(APPROVAL_DAG_ID, question_run_id(plan), _conf(plan), is_restart=True):
            questions.note_withdrawn(services, plan.id)
            log.info("Plan %s is %s: nobody is asked about it any more.", plan.checksum, plan.state)
    for plan in found.new:
        if start_run(APPROVAL_DAG_ID, question_run_id(plan), _conf(plan)):
            questions.note_asked(services, plan.id)
            log.info("Plan %s waits for an answer under Browse, Required Actions.", plan.checksum)


def question_run_id(plan: RefusedPlan) -> str:
    """Return the id of the run that asks about a plan: the same whenever it is asked for."""
    return f"refused__{plan.refused_at:%Y-%m-%dT%H:%M:%S}__{plan.checksum}__{plan.id}"


def _conf(plan: RefusedPlan) -> dict[str, object]:
    return {"plan": plan.id}
