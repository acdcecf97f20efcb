"""Holding a plan back that the guard refuses, and letting it through when a person approves it (W5).

What is refused waits as kept changes, each with its booking, so nothing is lost: every run looks at them again, beside
its own plan. The checksum covers what waits and nothing else, so it stays the same while nothing of that changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.approval import Refused, refuse, tell, use_approval
from booking_sync.guard import GuardNotice, PlanFigures, Refusal, refuse_plan
from booking_sync.plan import checksum_of
from booking_sync.states import Operation, RefusedKind, Step
from booking_sync.store import refused_plans
from booking_sync.store.refused_plans import PlannedEffect
from booking_sync.work import Work


def guard_plan(work: Work, connection: Connection, at: datetime, before: Sequence[GuardNotice] = ()) -> None:
    """Hold back what may not be carried out of the plan that the run has just written down; ``before`` was said before.

    What waits since an earlier run and what is new are looked at together; where that is too much, the new part goes
    on if it is harmless by itself.
    """
    look = refused_plans.previewed_effects if work.run.is_dry_run else refused_plans.planned_effects
    planned = look(connection, work.run.id, work.integration.id)
    waiting = [one for one in planned if one.refused_at is not None]
    fresh = [one for one in planned if one.refused_at is None and one.approval_id is None]
    approval = use_approval(work, connection, RefusedKind.PLAN, checksum_of(waiting), at)
    if approval is not None and approval.plan is not None:
        refused_plans.let_through(connection, [one.id for one in waiting], approval_id=approval.plan.id)
        waiting = []
    held, refusals = _judge(work, connection, waiting, fresh)
    notices = [*before, *([approval.notice] if approval else [])]
    if work.run.is_dry_run:
        sentence = f"would be refused: {'; '.join(refusal.sentence for refusal in refusals)}"
        notices += [GuardNotice(sentence, is_news=False)] if held else []
    else:
        refused_plans.let_through(connection, [one.id for one in waiting if one not in held], approval_id=None)
        refused_plans.hold(connection, [one.id for one in held], at=at)
        notices += _settle(work, connection, held, refusals, at)
    tell(work, connection, notices)


def _judge(
    work: Work, connection: Connection, waiting: Sequence[PlannedEffect], fresh: Sequence[PlannedEffect]
) -> tuple[list[PlannedEffect], tuple[Refusal, ...]]:
    """Return what is to be held back, and why."""
    together = _refusals(work, connection, [*waiting, *fresh])
    if not together:
        return [], ()
    is_fresh_harmless = bool(waiting) and not _refusals(work, connection, fresh)
    held = [*waiting] if is_fresh_harmless else [*waiting, *fresh]
    return held, _refusals(work, connection, held) or together


def _settle(
    work: Work, connection: Connection, held: Sequence[PlannedEffect], refusals: Sequence[Refusal], at: datetime
) -> list[GuardNotice]:
    """Write down which plan is refused now, or that none is, and say so."""
    if not held:
        refused_plans.overtake(connection, work.integration.id, RefusedKind.PLAN)
        return []
    checksum = checksum_of(held)
    figures = asdict(_figures(work, connection, held))
    conf = {"approve_plan": checksum}
    return [refuse(work, connection, Refused(RefusedKind.PLAN, checksum, refusals, figures, len(held), conf), at)]


def _refusals(work: Work, connection: Connection, effects: Sequence[PlannedEffect]) -> tuple[Refusal, ...]:
    return refuse_plan(_figures(work, connection, effects), work.services.settings.guard_limits)


def _figures(work: Work, connection: Connection, effects: Sequence[PlannedEffect]) -> PlanFigures:
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
