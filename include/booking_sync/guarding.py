"""Holding a plan back that the guard refuses, and letting it through once when a person approves it (W5).

What is refused waits as kept changes, each with its booking, so nothing is lost: every run looks at them again, beside
its own plan. The checksum covers what waits and nothing else, so it stays the same while nothing of that changes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.errors import InvalidRequest
from booking_sync.guard import GuardNotice, PlanFigures, Refusal, refuse_plan
from booking_sync.plan import checksum_of
from booking_sync.states import ChangeState, Operation, RefusedKind, RefusedState, Step
from booking_sync.store import refused_plans, runs
from booking_sync.store.refused_plans import PlannedEffect, RefusedPlan
from booking_sync.work import Work


@dataclass(frozen=True, slots=True)
class Approval:
    """What became of the approval that a run brings: the plan that it let through, or why it let none through."""

    plan: RefusedPlan | None
    notice: GuardNotice


def guard_plan(work: Work, connection: Connection, at: datetime, before: Sequence[GuardNotice] = ()) -> None:
    """Hold back what may not be carried out of the plan that the run has just written down; ``before`` was said before.

    What waits since an earlier run and what is new are looked at together; where that is too much, the new part goes
    on if it is harmless by itself.
    """
    state = ChangeState.PREVIEWED if work.run.is_dry_run else ChangeState.PLANNED
    planned = refused_plans.planned_effects(connection, work.run.id, work.integration.id, state)
    waiting = [one for one in planned if one.refused_at is not None]
    fresh = [one for one in planned if one.refused_at is None and one.approval_id is None]
    approval = use_approval(work, connection, RefusedKind.PLAN, checksum_of(waiting), at)
    if approval is not None and approval.plan is not None:
        refused_plans.let_through(connection, [one.id for one in waiting], approval_id=approval.plan.id)
        waiting = []
    held, refusals = _judge(work, connection, waiting, fresh)
    notices = [*before, *([approval.notice] if approval else [])]
    if work.run.is_dry_run:
        notices += [GuardNotice(f"would be refused: {_reasons(refusals)}", is_news=False)] if held else []
    else:
        refused_plans.let_through(connection, [one.id for one in waiting if one not in held], approval_id=None)
        refused_plans.hold(connection, [one.id for one in held], at=at)
        notices += settle_refusal(work, connection, RefusedKind.PLAN, held, refusals, at)
    tell(work, connection, notices)


def settle_refusal(
    work: Work,
    connection: Connection,
    kind: RefusedKind,
    held: Sequence[PlannedEffect],
    refusals: Sequence[Refusal],
    at: datetime,
) -> list[GuardNotice]:
    """Write down which plan is refused now, or that none is, and say so."""
    if not held:
        refused_plans.overtake(connection, work.integration.id, kind)
        return []
    checksum = checksum_of(held)
    is_news = refused_plans.record_refusal(
        connection,
        work.run.id,
        work.integration.id,
        kind,
        checksum,
        reasons=[refusal.sentence for refusal in refusals],
        figures=asdict(figures_of(work, connection, held)),
        size=len(held),
        at=at,
    )
    sentence = (
        f"plan {checksum} is {'' if is_news else 'still '}refused: {_reasons(refusals)}. Its {len(held)} changes wait, "
        f"and nothing of them is written. To let exactly this plan through, once: {how_to_approve(work, checksum)}"
    )
    return [GuardNotice(sentence, is_news)]


def use_approval(work: Work, connection: Connection, kind: RefusedKind, checksum: str, at: datetime) -> Approval | None:
    """Use the approval that the run brings, if it is meant for this integration; it counts for that very plan, once."""
    asked = work.run.request.get("approve_plan")
    plans = refused_plans.plans_with_checksum(connection, asked) if asked else []
    plan = next((one for one in plans if (one.integration_id, one.kind) == (work.integration.id, kind)), None)
    if plan is None:
        return None
    is_used_here = plan.used_by_run_id == work.run.id  # an earlier try of the same task has come so far
    if not is_used_here and (plan.state is not RefusedState.WAITING or plan.checksum != checksum):
        sentence = f"plan {asked} is not what waits any more, so its approval let nothing through"
        return Approval(None, GuardNotice(sentence, is_news=True))
    if not is_used_here:
        who = work.run.requested_by
        refused_plans.approve(connection, plan.id, approved_by=who, run_id=work.run.id, at=at)
    sentence = f"plan {asked} was approved by {work.run.requested_by}, and its {plan.size} changes were let through"
    return Approval(plan, GuardNotice(sentence, is_news=False))


def tell(work: Work, connection: Connection, notices: Sequence[GuardNotice]) -> None:
    """Leave what the guard says for the end of the run."""
    sentence = "; ".join(notice.sentence for notice in notices)
    told = GuardNotice(sentence, any(notice.is_news for notice in notices)) if notices else None
    runs.set_guard(connection, work.run.id, work.integration.id, told)


def check_approval(connection: Connection, run_id: str, checksum: str, integration_ids: Collection[str]) -> None:
    """See that an approval names a plan that waits in one of the run's integrations, before anything is done.

    Raises:
        InvalidRequest: it does not; the message says what became of the plan, and what waits instead.
    """
    plans = refused_plans.plans_with_checksum(connection, checksum)
    waiting = [plan for plan in plans if plan.state is RefusedState.WAITING]
    is_meant = any(plan.integration_id in integration_ids for plan in waiting)
    if is_meant or any(plan.used_by_run_id == run_id for plan in plans):
        return
    others = [f"{plan.checksum} ({plan.size} changes)" for plan in refused_plans.waiting_plans(connection)]
    instead = f"Refused plans that wait: {', '.join(others)}." if others else "No refused plan waits."
    raise InvalidRequest(f"approve_plan: {_why_not(checksum, plans, waiting)} {instead}")


def _why_not(checksum: str, plans: Sequence[RefusedPlan], waiting: Sequence[RefusedPlan]) -> str:
    if not plans:
        return f"no plan with the checksum {checksum} was ever refused."
    if waiting:
        return f"plan {checksum} belongs to an integration that this run does not cover."
    newest = plans[0]
    if newest.state is RefusedState.APPROVED and newest.approved_at is not None:
        when = f"{newest.approved_at:%Y-%m-%d %H:%M} UTC"
        return f"plan {checksum} was approved by {newest.approved_by} at {when} already; an approval counts once."
    return f"plan {checksum} has changed since it was refused, so it cannot be approved any more."


def how_to_approve(work: Work, checksum: str) -> str:
    """Return the command that approves a plan."""
    conf: dict[str, object] = {"approve_plan": checksum}
    return f"airflow dags trigger {work.run.dag_id} -c '{json.dumps(conf)}'"


def figures_of(work: Work, connection: Connection, effects: Sequence[PlannedEffect]) -> PlanFigures:
    """Count what changes do, and what the mapping holds."""
    live, mapped = refused_plans.count_mapped(connection, work.integration.id)
    is_first_step = [one for one in effects if one.step is not Step.ARCHIVE]
    return PlanFigures(
        live=live,
        mapped=mapped,
        archives=len(effects) - len(is_first_step),
        recreates=sum(one.operation is Operation.RECREATE for one in is_first_step),
        cancels=sum(one.operation is Operation.CANCEL for one in effects),
        creates=sum(one.operation is Operation.CREATE for one in effects),
    )


def refusals_of(work: Work, connection: Connection, effects: Sequence[PlannedEffect]) -> tuple[Refusal, ...]:
    """Ask the guard about changes."""
    return refuse_plan(figures_of(work, connection, effects), work.services.settings.guard_limits)


def _judge(
    work: Work, connection: Connection, waiting: Sequence[PlannedEffect], fresh: Sequence[PlannedEffect]
) -> tuple[list[PlannedEffect], tuple[Refusal, ...]]:
    """Return what is to be held back, and why."""
    together = refusals_of(work, connection, [*waiting, *fresh])
    if not together:
        return [], ()
    is_fresh_harmless = bool(waiting) and not refusals_of(work, connection, fresh)
    held = [*waiting] if is_fresh_harmless else [*waiting, *fresh]
    return held, refusals_of(work, connection, held) or together


def _reasons(refusals: Sequence[Refusal]) -> str:
    return "; ".join(refusal.sentence for refusal in refusals)
