"""Holding a plan back that the guard refuses, and letting it through when a person approves it (W5).

What is refused waits as kept changes, each with its booking, so nothing is lost: every run looks at them again, beside
its own plan. The checksum covers what waits and nothing else, so it stays the same while nothing of that changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from booking_sync.approval import Refused, refuse, tell, use_approval
from booking_sync.clients.hubspot_model import KEY_PROPERTY
from booking_sync.guard import GuardLimits, GuardNotice, PlanFigures, Refusal, refuse_plan
from booking_sync.plan import EffectSum
from booking_sync.states import Operation, RefusedKind, Step
from booking_sync.store import lost, plan_effects, refused_plans, runs
from booking_sync.store.database import reading
from booking_sync.store.integrations import load_portal
from booking_sync.store.plan_effects import PlanOfRun
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
    plan = _plan_of(work)
    with reading(work.services.engine) as connection:
        creates, waiting = plan_effects.count_creates(connection, plan)
        if creates < work.services.settings.guard_limits.least_existing:
            return MarkersFound()
        is_empty = not lost.has_mapping(connection, work.integration.id)
        is_provisioned = load_portal(connection, work.integration.portal_id).provisioned_at is not None
        keys = plan_effects.first_markers(connection, plan, MOST_MARKERS) if is_empty or waiting else []
    if not keys:
        return MarkersFound()
    if not is_provisioned and work.hubspot.property_definition("meetings", KEY_PROPERTY) is None:
        return MarkersFound()
    return MarkersFound(len(work.hubspot.activity_ids_of(KEY_PROPERTY, keys)), len(keys))


def guard_plan(
    work: Work, connection: Connection, at: datetime, markers: MarkersFound, before: Sequence[GuardNotice] = ()
) -> None:
    """Hold back what may not be carried out of the plan that the run has just written down.

    What waits since an earlier run and what is new are looked at together; where that is too much, the new part goes
    on if it is harmless by itself. ``before`` is what the guard has said before there was a plan.
    """
    plan = _plan_of(work)
    shares = _shares(connection, plan)
    runs.set_plan_checksum(connection, work.run.id, work.integration.id, shares.whole.checksum)
    waiting = shares.waiting
    is_approval_possible = bool(waiting.size) or work.run.request.get("approve_plan") is not None
    approval = use_approval(work, connection, RefusedKind.PLAN, waiting.checksum, at) if is_approval_possible else None
    notices = [*before, *([approval.notice] if approval else [])]
    if approval is not None and approval.plan is not None:
        plan_effects.let_through(connection, plan, approval_id=approval.plan.id)
        waiting = Share()
    live = refused_plans.count_live(connection, work.integration.id) if waiting.size + shares.fresh.size else 0
    nothing = PlanFigures(live, markers_found=markers.found, markers_sought=markers.sought)
    held = _judge(nothing, work.services.settings.guard_limits, waiting, shares.fresh)
    if held is None and waiting.size:
        plan_effects.let_through(connection, plan, approval_id=None)
    notices += _settle(work, connection, held, at)
    tell(work, connection, notices)


@dataclass(slots=True)
class Share(EffectSum):
    """A part of a plan, summed up: what it does, and how often. ``archives`` have only that last step left."""

    archives: int = 0
    operations: Counter[str] = field(default_factory=Counter)

    def count(self, effect: Row[Any]) -> None:
        """Add one change. One that has only its last step left archives without a new activity."""
        self.add(effect)
        if effect.step == Step.ARCHIVE:
            self.archives += 1
        else:
            self.operations[effect.operation] += 1

    def with_other(self, other: Share) -> Share:
        """Return both together."""
        both = self + other
        return Share(both.size, both.total, self.archives + other.archives, self.operations + other.operations)

    def figures(self, nothing: PlanFigures) -> PlanFigures:
        """Return the figures with what the changes do."""
        return replace(
            nothing,
            archives=self.archives,
            recreates=self.operations[Operation.RECREATE],
            cancels=self.operations[Operation.CANCEL],
            creates=self.operations[Operation.CREATE],
        )


@dataclass(slots=True)
class _Shares:
    """A plan by what the guard makes of it: what waits, what is new, and all of it with what was approved."""

    whole: EffectSum = field(default_factory=EffectSum)
    waiting: Share = field(default_factory=Share)
    fresh: Share = field(default_factory=Share)


@dataclass(frozen=True, slots=True)
class _Held:
    """What is to be held back, and why. ``with_fresh``: what is new too, not only what waits."""

    share: Share
    with_fresh: bool
    figures: PlanFigures
    refusals: tuple[Refusal, ...]


def _plan_of(work: Work) -> PlanOfRun:
    return PlanOfRun(work.run.id, work.integration.id, work.run.is_dry_run)


def _shares(connection: Connection, plan: PlanOfRun) -> _Shares:
    shares = _Shares()
    for effect in plan_effects.effects(connection, plan):
        shares.whole.add(effect)
        if effect.refused_at is not None:
            shares.waiting.count(effect)
        elif effect.approval_id is None:
            shares.fresh.count(effect)
    return shares


def _judge(nothing: PlanFigures, limits: GuardLimits, waiting: Share, fresh: Share) -> _Held | None:
    """Say what is to be held back, all that waits or that and what is new; None where nothing is."""
    together = waiting.with_other(fresh)
    refusals = refuse_plan(together.figures(nothing), limits)
    if not refusals:
        return None
    is_fresh_harmless = bool(waiting.size) and not refuse_plan(fresh.figures(nothing), limits)
    held = waiting if is_fresh_harmless else together
    figures = held.figures(nothing)
    return _Held(held, not is_fresh_harmless, figures, refuse_plan(figures, limits) or refusals)


def _settle(work: Work, connection: Connection, held: _Held | None, at: datetime) -> list[GuardNotice]:
    """Hold back what is refused, and say so; a dry run only says what would happen."""
    if work.run.is_dry_run:
        if held is None or not held.share.size:
            return []
        sentence = f"would be refused: {'; '.join(refusal.sentence for refusal in held.refusals)}"
        return [GuardNotice(sentence, is_news=False)]
    if held is None or not held.share.size:
        refused_plans.overtake(connection, work.integration.id, RefusedKind.PLAN)
        return []
    plan_effects.hold(connection, _plan_of(work), with_fresh=held.with_fresh, at=at)
    checksum = held.share.checksum
    conf = {"approve_plan": checksum}
    refused = Refused(RefusedKind.PLAN, checksum, held.refusals, asdict(held.figures), held.share.size, conf)
    return [refuse(work, connection, refused, at)]
