"""Refusing something until a person approves it, and the approval: for that very thing, once (W5)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.errors import InvalidRequest
from booking_sync.guard import GuardNotice, Refusal
from booking_sync.states import RefusedKind, RefusedState
from booking_sync.store import refused_plans, runs
from booking_sync.store.refused_plans import RefusedPlan
from booking_sync.utc_minute import utc_minute
from booking_sync.window import OPERATOR_TRIGGERED, RunTrigger
from booking_sync.work import Work

SYNC_DAG_ID = "calendar_hubspot_sync"
"""Where the plan of any run can be approved: what waits is looked at by each."""

OF_THE_SYNC = frozenset({RefusedKind.PLAN, RefusedKind.SOURCE})
OF_THE_AUDIT = frozenset({RefusedKind.REPAIR})


@dataclass(frozen=True, slots=True)
class Refused:
    """What is refused: its checksum, why, the figures that show it, how many changes, and the form that approves it."""

    kind: RefusedKind
    checksum: str
    refusals: Sequence[Refusal]
    figures: Mapping[str, int]
    size: int
    conf: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Approval:
    """What became of the approval that a run brings: the plan that it let through, or why it let none through."""

    plan: RefusedPlan | None
    notice: GuardNotice


def refuse(work: Work, connection: Connection, refused: Refused, at: datetime) -> GuardNotice:
    """Write a refusal down, and return the sentence that says why, what waits, and how to approve it."""
    reasons = [refusal.sentence for refusal in refused.refusals]
    dag_id = SYNC_DAG_ID if refused.kind is RefusedKind.PLAN else work.run.dag_id
    recorded = refused_plans.record_refusal(
        connection,
        work.run.id,
        work.integration.id,
        refused.kind,
        refused.checksum,
        reasons=reasons,
        figures=refused.figures,
        size=refused.size,
        dag_id=dag_id,
        request=refused.conf,
        at=at,
    )
    is_news = recorded.run_id == work.run.id
    command = f"airflow dags trigger {dag_id} -c '{json.dumps(refused.conf)}'"
    sentence = (
        f"plan {refused.checksum} is {'' if is_news else 'still '}refused: {'; '.join(reasons)}. "
        f"{rejection_sentence(recorded)}Nothing of its {refused.size} changes is written. "
        f"To let exactly this through, once: Browse, Required Actions, Approve; or {command}"
    )
    return GuardNotice(sentence, is_news)


def use_approval(work: Work, connection: Connection, kind: RefusedKind, checksum: str, at: datetime) -> Approval | None:
    """Use an approval of this integration's plan: the one that the run brings, or one that a person has granted.

    None where there is neither.
    """
    asked = work.run.request.get("approve_plan")
    plan = _plan_of(work, connection, kind, asked) if asked else None
    if plan is None:
        granted = None if work.run.is_dry_run else _plan_of(work, connection, kind, checksum)
        plan = granted if granted and granted.state is RefusedState.GRANTED else None
    if plan is None:
        return None
    is_used_here = plan.used_by_run_id == work.run.id  # an earlier try of the same task has come so far
    if not is_used_here and not (plan.is_held_back and plan.checksum == checksum):
        sentence = f"plan {plan.checksum} is not what waits any more, so its approval let nothing through"
        return Approval(None, GuardNotice(sentence, is_news=True))
    is_granted = plan.state is RefusedState.GRANTED
    who = plan.approved_by if plan.approved_by and (is_granted or is_used_here) else work.run.requested_by
    if not is_used_here:
        since = plan.approved_at if is_granted and plan.approved_at else at
        refused_plans.approve(connection, plan.id, approved_by=who, run_id=work.run.id, at=since)
    sentence = f"plan {plan.checksum} was approved by {who}, and its {plan.size} changes were let through"
    return Approval(plan, GuardNotice(sentence, is_news=False))


def _plan_of(work: Work, connection: Connection, kind: RefusedKind, checksum: str) -> RefusedPlan | None:
    """Return the newest plan of this integration and kind with that checksum."""
    plans = refused_plans.plans_with_checksum(connection, checksum)
    return next((one for one in plans if (one.integration_id, one.kind) == (work.integration.id, kind)), None)


def in_the_name_of_the_approver(connection: Connection, trigger: RunTrigger, checksum: str | None) -> RunTrigger:
    """Say that a run which Airflow started upon an approval was asked for by the person who approved."""
    if checksum is None or trigger.run_type != OPERATOR_TRIGGERED:
        return trigger
    plans = refused_plans.plans_with_checksum(connection, checksum)
    granted = next((one for one in plans if one.state is RefusedState.GRANTED and one.approved_by), None)
    return replace(trigger, requested_by=str(granted.approved_by)) if granted else trigger


def rejection_sentence(plan: RefusedPlan) -> str:
    """Return who rejected a plan and when, ending in a space; nothing where nobody did."""
    if plan.state is not RefusedState.REJECTED or plan.rejected_at is None:
        return ""
    return f"Rejected by {plan.rejected_by} at {utc_minute(plan.rejected_at)}. "


def tell(work: Work, connection: Connection, notices: Sequence[GuardNotice]) -> None:
    """Leave what the guard says for the end of the run."""
    sentence = "; ".join(notice.sentence for notice in notices)
    told = GuardNotice(sentence, any(notice.is_news for notice in notices)) if notices else None
    runs.set_guard(connection, work.run.id, work.integration.id, told)


def check_approval(
    connection: Connection,
    run_id: str,
    checksum: str,
    integration_ids: Collection[str],
    kinds: Collection[RefusedKind] = OF_THE_SYNC,
) -> None:
    """See that an approval names something that waits in one of the run's integrations, before anything is done.

    Raises:
        InvalidRequest: it does not; the message says what became of the plan, and what waits instead.
    """
    plans = refused_plans.plans_with_checksum(connection, checksum)
    fitting = [plan for plan in plans if plan.kind in kinds]
    if any(plan.used_by_run_id == run_id for plan in fitting):
        return
    if any(plan.is_held_back and plan.integration_id in integration_ids for plan in fitting):
        return
    waiting = [one for one in refused_plans.held_back_plans(connection) if one.kind in kinds]
    others = [f"{plan.checksum} ({plan.size} changes)" for plan in waiting]
    instead = f"What waits: {', '.join(others)}." if others else "Nothing waits."
    raise InvalidRequest(f"approve_plan: {_why_not(checksum, plans, fitting)} {instead}")


def _why_not(checksum: str, plans: Sequence[RefusedPlan], fitting: Sequence[RefusedPlan]) -> str:
    if not plans:
        return f"no plan with the checksum {checksum} was ever refused."
    if not fitting:
        return f"plan {checksum} is a {plans[0].kind}, which another DAG carries out."
    if any(plan.is_held_back for plan in fitting):
        return f"plan {checksum} belongs to an integration that this run does not cover."
    newest = fitting[0]
    if newest.state is RefusedState.APPROVED and newest.approved_at is not None:
        when = utc_minute(newest.approved_at)
        return f"plan {checksum} was approved by {newest.approved_by} at {when} already; an approval counts once."
    return f"plan {checksum} has changed since it was refused, so it cannot be approved any more."
