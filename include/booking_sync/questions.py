"""Questions to people about refused plans, and their answers (W5). How people are asked is for others to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.approval import rejection_sentence
from booking_sync.errors import InvalidRequest
from booking_sync.services import Services
from booking_sync.states import RefusedKind, RefusedState
from booking_sync.store import integrations, refused_plans, runs
from booking_sync.store.database import reading, writing
from booking_sync.store.refused_plans import RefusedPlan
from booking_sync.utc_minute import utc_minute

NOBODY = "nobody in time"
"""Stands for the person where a question was not answered."""

_COLUMNS = (
    ("live", "Live activities"),
    ("creates", "Created"),
    ("recreates", "Made anew"),
    ("cancels", "Canceled"),
    ("archives", "Archived without a new one"),
    ("in_window", "Bookings returned"),
)
_WHAT = {
    RefusedKind.PLAN: "changes to write to HubSpot",
    RefusedKind.REPAIR: "duplicates to archive in HubSpot",
    RefusedKind.SOURCE: "bookings, suspiciously few, in a window of Calendar.com",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a person has to decide, in Markdown, and the run that refused it (in the scheduler's words)."""

    subject: str
    body: str
    dag_id: str
    dag_run_id: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of an answer. ``request`` is the form that carries the plan out, None where nothing is to be done."""

    sentence: str
    checksum: str
    dag_id: str | None = None
    request: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Questions:
    """The plans that people have yet to be asked about, and those about which the question is idle by now."""

    new: tuple[RefusedPlan, ...]
    idle: tuple[RefusedPlan, ...]


def open_questions(services: Services) -> Questions:
    """Return what people are to be asked, and what not any more."""
    with reading(services.engine) as connection:
        new, idle = refused_plans.unasked_plans(connection), refused_plans.idly_asked_plans(connection)
    return Questions(tuple(new), tuple(idle))


def note_asked(services: Services, plan_id: int) -> None:
    """Note that people are asked."""
    with writing(services.engine) as connection:
        refused_plans.note_asked(connection, plan_id, services.clock())


def note_withdrawn(services: Services, plan_id: int) -> None:
    """Note that the question is not put to people any more."""
    with writing(services.engine) as connection:
        refused_plans.note_question_ended(connection, plan_id, services.clock())


def question_about(services: Services, plan_id: int) -> Question | str:
    """Return what to ask about a plan that may be approved; else what became of it, in a sentence.

    Raises:
        InvalidRequest: there is no such plan.
    """
    with reading(services.engine) as connection:
        plan = _plan(refused_plans.find_plan(connection, plan_id), plan_id)
        if plan.state not in (RefusedState.WAITING, RefusedState.REJECTED):
            return _why_settled(plan)
        name = integrations.load_integration(connection, plan.integration_id).workspace_name
        run = runs.load_run(connection, plan.run_id)
    return Question(
        subject=f"{name}: {plan.size} {_WHAT[plan.kind]}, refused as plan {plan.checksum}",
        body=_body(plan, name),
        dag_id=run.dag_id,
        dag_run_id=run.dag_run_id.partition("#")[0],
    )


def is_recorded(services: Services, plan_id: int, at: datetime) -> bool:
    """Say whether the answer that a person gave at that moment is in our books."""
    with reading(services.engine) as connection:
        plan = _plan(refused_plans.find_plan(connection, plan_id), plan_id)
    return at in (plan.approved_at, plan.rejected_at)


def decide(services: Services, plan_id: int, *, is_approved: bool, person: str | None, at: datetime) -> Decision:
    """Record what a person answered, None for nobody; an answer to what does not wait any more counts for nothing."""
    with writing(services.engine) as connection:
        plan = _plan(refused_plans.find_plan(connection, plan_id), plan_id)
        refused_plans.note_question_ended(connection, plan_id, services.clock())
        if plan.state not in (RefusedState.WAITING, RefusedState.REJECTED):
            return _granted(connection, plan) if _is_this_answer(plan, person, at) else _too_late(plan)
        if not is_approved:
            refused_plans.reject(connection, plan_id, rejected_by=(person or NOBODY)[:250], at=at)
            who = f"rejected by {person}" if person else "rejected: nobody answered in time"
            return Decision(f"Plan {plan.checksum} is {who}. Its {plan.size} changes stay held back.", plan.checksum)
        approver = (person or NOBODY)[:250]
        refused_plans.grant(connection, plan_id, approved_by=approver, at=at)
        return _granted(connection, replace(plan, approved_by=approver))


def _plan(plan: RefusedPlan | None, plan_id: int) -> RefusedPlan:
    if plan is None:
        raise InvalidRequest(f"There is no refused plan with the number {plan_id}.")
    return plan


def _is_this_answer(plan: RefusedPlan, person: str | None, at: datetime) -> bool:
    """Say whether a plan was granted by this very answer: the same task has come so far before."""
    return plan.state is RefusedState.GRANTED and (plan.approved_by, plan.approved_at) == (person or NOBODY, at)


def _granted(connection: Connection, plan: RefusedPlan) -> Decision:
    workspace_id = integrations.load_integration(connection, plan.integration_id).workspace_id
    sentence = f"Plan {plan.checksum} is approved by {plan.approved_by}. The next run of {plan.dag_id} writes it."
    return Decision(sentence, plan.checksum, plan.dag_id, {**(plan.request or {}), "workspaces": [workspace_id]})


def _too_late(plan: RefusedPlan) -> Decision:
    return Decision(f"{_why_settled(plan)} The answer let nothing through.", plan.checksum)


def _why_settled(plan: RefusedPlan) -> str:
    if plan.state is RefusedState.OVERTAKEN:
        return f"Plan {plan.checksum} is superseded: it has changed since it was refused, or nothing is held back."
    return f"Plan {plan.checksum} was approved by {plan.approved_by} already."


def _body(plan: RefusedPlan, name: str) -> str:
    shown = [(title, plan.figures[key]) for key, title in _COLUMNS if key in plan.figures]
    table = [
        f"| {' | '.join(title for title, _ in shown)} |",
        f"|{' ---: |' * len(shown)}",
        f"| {' | '.join(str(count) for _, count in shown)} |",
    ]
    reasons = [f"- {reason}" for reason in plan.reasons]
    return (
        f"**{name}**: plan `{plan.checksum}` was refused at {utc_minute(plan.refused_at)}. "
        f"Nothing of it is written.\n\n"
        + "\n".join(reasons)
        + "\n\n"
        + "\n".join(table)
        + f"\n\n{rejection_sentence(plan)}"
        "**Approve**: exactly this is carried out, once, and recorded with your name. "
        "**Reject**: it stays held back, and the note of every run says so; new bookings go on. "
        "When the plan changes, you are asked about the new one."
    )
