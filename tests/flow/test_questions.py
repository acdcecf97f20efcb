"""What people are asked about refused plans, and what their answers do (W5); nothing here knows of Airflow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from booking_sync import questions
from booking_sync.errors import InvalidRequest
from booking_sync.questions import NOBODY, Decision, Question
from booking_sync.request import RunRequest
from booking_sync.store.refused_plans import RefusedPlan
from booking_sync.store.tables import audit, refused_plan
from booking_sync.window import OPERATOR_TRIGGERED
from tests.flow.scene import WORKSPACE, Scene
from tests.flow.test_plan_guard import MANY, cancel, passed_on, refused_run


@pytest.fixture
def plan(scene: Scene) -> RefusedPlan:
    """A plan that waits, and that people have just been asked about."""
    cancel(scene, passed_on(scene))
    refused_run(scene)
    return newly_asked(scene)


def newly_asked(scene: Scene) -> RefusedPlan:
    """Ask people about the one plan that they have yet to be asked about."""
    (new,) = questions.open_questions(scene.services).new
    questions.note_asked(scene.services, new.id)
    return new


def answer(scene: Scene, plan: RefusedPlan, *, is_approved: bool, person: str | None = "bea") -> Decision:
    return questions.decide(scene.services, plan.id, is_approved=is_approved, person=person, at=scene.clock())


def state(scene: Scene, plan: RefusedPlan) -> str:
    (row,) = scene.rows(select(refused_plan).where(refused_plan.c.id == plan.id))
    return str(row["state"])


def test_a_question_shows_the_numbers_and_is_asked_once(scene: Scene, plan: RefusedPlan) -> None:
    scene.run()
    question = questions.question_about(scene.services, plan.id)
    assert isinstance(question, Question)
    assert plan.checksum in question.subject
    assert f"it cancels {MANY} of {MANY} live activities" in question.body
    assert questions.open_questions(scene.services) == questions.Questions((), ())  # W5: once


def test_an_approved_plan_is_carried_out_in_the_name_of_who_approved(scene: Scene, plan: RefusedPlan) -> None:
    decision = answer(scene, plan, is_approved=True)
    assert decision.request == {"approve_plan": plan.checksum, "workspaces": [WORKSPACE]}
    started = scene.trigger(OPERATOR_TRIGGERED)  # by "ada", who had asked for the run that was refused
    report = scene.reconcile(started, RunRequest(approve_plan=plan.checksum, workspaces=(WORKSPACE,)))
    assert f"plan {plan.checksum} was approved by bea" in report.note
    (row,) = scene.rows(select(refused_plan))
    assert (row["state"], row["approved_by"]) == ("approved", "bea")
    written = scene.rows(select(audit).where(audit.c.run_id == row["used_by_run_id"]))
    assert [one["requested_by"] for one in written] == ["bea"] * MANY  # W7
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_an_approval_is_not_lost_where_its_run_never_came_about(scene: Scene, plan: RefusedPlan) -> None:
    answer(scene, plan, is_approved=True)
    scene.run(dry_run=True)
    assert state(scene, plan) == "granted"
    assert scene.run().counts["cancel"] == MANY  # any next run
    scene.everything_is_right()  # W5
    assert questions.open_questions(scene.services) == questions.Questions((), ())


def test_an_answer_is_told_from_the_one_before(scene: Scene, plan: RefusedPlan) -> None:
    answered_at = scene.clock()
    assert not questions.is_recorded(scene.services, plan.id, answered_at)
    answer(scene, plan, is_approved=False)
    assert questions.is_recorded(scene.services, plan.id, answered_at)
    assert not questions.is_recorded(scene.services, plan.id, answered_at + timedelta(hours=1))


def test_an_answer_that_is_recorded_twice_is_the_same_answer(scene: Scene, plan: RefusedPlan) -> None:
    assert answer(scene, plan, is_approved=True) == answer(scene, plan, is_approved=True)


@pytest.mark.parametrize("person", ["bea", None])
def test_a_rejected_plan_stays_held_back_and_every_run_says_who(
    scene: Scene, plan: RefusedPlan, person: str | None
) -> None:
    decision = answer(scene, plan, is_approved=False, person=person)
    assert decision.request is None
    for _ in range(2):
        report = scene.run()
        assert f"Rejected by {person or NOBODY} at " in report.note
        assert report.counts["kept"] == MANY
    assert state(scene, plan) == "rejected"
    assert questions.open_questions(scene.services) == questions.Questions((), ())


def test_who_rejected_by_mistake_can_approve(scene: Scene, plan: RefusedPlan) -> None:
    answer(scene, plan, is_approved=False)
    question = questions.question_about(scene.services, plan.id)
    assert isinstance(question, Question)
    assert "Rejected by bea" in question.body
    assert scene.run(approve_plan=plan.checksum).counts["cancel"] == MANY  # W5
    scene.everything_is_right()


def test_a_changed_plan_is_a_new_question_and_the_old_one_is_idle(scene: Scene, plan: RefusedPlan) -> None:
    scene.calendar.edit("bk_000", event_name="Renamed")
    refused_run(scene)
    (idle,) = questions.open_questions(scene.services).idle
    assert idle.id == plan.id
    late = answer(scene, plan, is_approved=True)
    assert late.request is None
    assert "The answer let nothing through" in late.sentence
    assert scene.writes_of(scene.run) == []  # W5
    new = newly_asked(scene)
    assert new.checksum != plan.checksum
    answer(scene, new, is_approved=True)
    scene.run()
    scene.everything_is_right()


def test_a_granted_plan_that_changes_before_its_run_needs_a_new_approval(scene: Scene, plan: RefusedPlan) -> None:
    answer(scene, plan, is_approved=True)
    scene.calendar.edit("bk_000", event_name="Renamed")
    assert scene.writes_of(lambda: refused_run(scene)) == []  # W5
    assert state(scene, plan) == "overtaken"


def test_a_question_is_idle_when_the_plan_was_approved_by_the_trigger_form(scene: Scene, plan: RefusedPlan) -> None:
    scene.run(approve_plan=plan.checksum)
    (idle,) = questions.open_questions(scene.services).idle
    settled = questions.question_about(scene.services, idle.id)
    assert settled == f"Plan {plan.checksum} was approved by ada already."
    questions.note_withdrawn(scene.services, idle.id)
    assert questions.open_questions(scene.services) == questions.Questions((), ())


def test_a_question_about_no_plan_is_refused(scene: Scene) -> None:
    scene.run()
    with pytest.raises(InvalidRequest, match="There is no refused plan with the number 7"):
        questions.question_about(scene.services, 7)
