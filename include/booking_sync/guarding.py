"""Holding a plan back that the guard refuses, and letting it through when a person approves it (W5).

What is refused waits as kept changes, each with its booking, so nothing is lost: every run looks at them again, beside
its own plan. The checksum covers what waits and nothing else, so it stays the same while nothing of that changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.approval import Refused, refuse, tell, use_approval
from booking_sync.clients.hubspot_model import KEY_PROPERTY
from booking_sync.guard import GuardLimits, GuardNotice, PlanFigures, Refusal, refuse_plan
from booking_sync.plan import checksum_of
from booking_sync.states import Operation, RefusedKind, Step
from booking_sync.store import lost, refused_plans, runs
from booking_sync.store.database import reading
from booking_sync.store.integrations import load_portal
from booking_sync.store.refused_plans import PlannedEffect
from booking_sync.work import Work

MOST_MARKERS = 100
"""How many markers are looked for: one search. If the mapping was lost, the first hundred show it."""


@dataclass(frozen=True, slots=True)
class MarkersFound:
    """How many activities in HubSpot carry markers that the plan would create, of those that were looked for."""

    found: int = 0
    sought: int = 0


def look_for_markers(work: Work) -> MarkersFound:
    """See whether HubSpot already holds what the plan creates: where nothing is mapped, or such a plan waits.

    An empty mapping beside a full portal means that the mapping was lost, or is another one's.
    """
    with reading(work.services.engine) as connection:
        creates = [one for one in _planned(work, connection) if one.operation is Operation.CREATE]
        if len(creates) < work.services.settings.guard_limits.least_existing:
            return MarkersFound()
        is_empty = not lost.has_mapping(connection, work.integration.id)
        is_provisioned = load_portal(connection, work.integration.portal_id).provisioned_at is not None
    if not is_empty and all(one.refused_at is None for one in creates):
        return MarkersFound()
    if not is_provisioned and work.hubspot.property_definition("meetings", KEY_PROPERTY) is None:
        return MarkersFound()
    keys = sorted(one.activity_key for one in creates)[:MOST_MARKERS]
    return MarkersFound(len(work.hubspot.activity_ids_of(KEY_PROPERTY, keys)), len(keys))


def guard_plan(
    work: Work, connection: Connection, at: datetime, markers: MarkersFound, before: Sequence[GuardNotice] = ()
) -> None:
    """Hold back what may not be carried out of the plan that the run has just written down.

    What waits since an earlier run and what is new are looked at together; where that is too much, the new part goes
    on if it is harmless by itself. ``before`` is what the guard has said before there was a plan.
    """
    planned = _planned(work, connection)
    runs.set_plan_checksum(connection, work.run.id, work.integration.id, checksum_of(planned))
    waiting = [one for one in planned if one.refused_at is not None]
    fresh = [one for one in planned if one.refused_at is None and one.approval_id is None]
    is_approval_possible = bool(waiting) or work.run.request.get("approve_plan") is not None
    approval = (
        use_approval(work, connection, RefusedKind.PLAN, checksum_of(waiting), at) if is_approval_possible else None
    )
    notices = [*before, *([approval.notice] if approval else [])]
    if approval is not None and approval.plan is not None:
        refused_plans.let_through(connection, [one.id for one in waiting], approval_id=approval.plan.id)
        waiting = []
    live = refused_plans.count_live(connection, work.integration.id)
    nothing = PlanFigures(live, markers_found=markers.found, markers_sought=markers.sought)
    held, refusals = _judge(nothing, work.services.settings.guard_limits, waiting, fresh)
    if not held:
        refused_plans.let_through(connection, [one.id for one in waiting], approval_id=None)
    notices += _settle(work, connection, held, refusals, counted(nothing, held), at)
    tell(work, connection, notices)


def counted(figures: PlanFigures, effects: Sequence[PlannedEffect]) -> PlanFigures:
    """Return the figures with what changes do. One that has only its last step left archives without a new activity."""
    first_steps = [one for one in effects if one.step is not Step.ARCHIVE]
    count = Counter(one.operation for one in first_steps)
    return replace(
        figures,
        archives=len(effects) - len(first_steps),
        recreates=count[Operation.RECREATE],
        cancels=count[Operation.CANCEL],
        creates=count[Operation.CREATE],
    )


def _planned(work: Work, connection: Connection) -> list[PlannedEffect]:
    look = refused_plans.previewed_effects if work.run.is_dry_run else refused_plans.planned_effects
    return look(connection, work.run.id, work.integration.id)


def _judge(
    nothing: PlanFigures, limits: GuardLimits, waiting: Sequence[PlannedEffect], fresh: Sequence[PlannedEffect]
) -> tuple[list[PlannedEffect], tuple[Refusal, ...]]:
    """Return what is to be held back, all that waits or nothing of it, and why."""
    together = refuse_plan(counted(nothing, [*waiting, *fresh]), limits)
    if not together:
        return [], ()
    is_fresh_harmless = bool(waiting) and not refuse_plan(counted(nothing, fresh), limits)
    held = [*waiting] if is_fresh_harmless else [*waiting, *fresh]
    return held, refuse_plan(counted(nothing, held), limits) or together


def _settle(
    work: Work,
    connection: Connection,
    held: Sequence[PlannedEffect],
    refusals: Sequence[Refusal],
    figures: PlanFigures,
    at: datetime,
) -> list[GuardNotice]:
    """Hold back what is refused, and say so; a dry run only says what would happen."""
    if work.run.is_dry_run:
        sentence = f"would be refused: {'; '.join(refusal.sentence for refusal in refusals)}"
        return [GuardNotice(sentence, is_news=False)] if held else []
    if not held:
        refused_plans.overtake(connection, work.integration.id, RefusedKind.PLAN)
        return []
    refused_plans.hold(connection, [one.id for one in held], at=at)
    checksum = checksum_of(held)
    conf = {"approve_plan": checksum}
    refused = Refused(RefusedKind.PLAN, checksum, refusals, asdict(figures), len(held), conf)
    return [refuse(work, connection, refused, at)]
