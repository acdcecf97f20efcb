"""Refused plans and their approvals, on both databases (W5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert, select

from booking_sync.states import ChangeState, RefusedKind, RefusedState
from booking_sync.store import plan_effects, planned_changes, refused_plans
from booking_sync.store.database import reading, writing
from booking_sync.store.plan_effects import PlanOfRun
from booking_sync.store.tables import change
from tests.store.conftest import INTEGRATION, NOW
from tests.store.test_schema import change_row

CHECKSUM, OTHER = "0123456789abcdef", "fedcba9876543210"


def refuse(engine: Engine, checksum: str, run_id: str = "run_1", kind: RefusedKind = RefusedKind.PLAN) -> bool:
    with writing(engine) as connection:
        recorded = refused_plans.record_refusal(
            connection,
            run_id,
            INTEGRATION,
            kind,
            checksum,
            reasons=["too much"],
            figures={"cancels": 7},
            size=7,
            dag_id="calendar_hubspot_sync",
            request={"approve_plan": checksum},
            at=NOW,
        )
        return recorded.run_id == run_id


def states(engine: Engine, checksum: str) -> list[RefusedState]:
    with reading(engine) as connection:
        return [plan.state for plan in refused_plans.plans_with_checksum(connection, checksum)]


def test_a_refusal_is_news_once(engine: Engine) -> None:
    assert refuse(engine, CHECKSUM)
    assert refuse(engine, CHECKSUM)  # the same task, repeated
    assert not refuse(engine, CHECKSUM, "run_2")
    assert states(engine, CHECKSUM) == [RefusedState.WAITING]


def test_another_plan_takes_the_place_of_the_one_that_waits(engine: Engine) -> None:
    refuse(engine, CHECKSUM)
    assert refuse(engine, OTHER, "run_2")
    assert states(engine, CHECKSUM) == [RefusedState.OVERTAKEN]
    assert states(engine, OTHER) == [RefusedState.WAITING]


@pytest.mark.parametrize("kind", [RefusedKind.REPAIR, RefusedKind.SOURCE])
def test_plans_of_another_kind_wait_side_by_side(engine: Engine, kind: RefusedKind) -> None:
    refuse(engine, CHECKSUM)
    refuse(engine, OTHER, kind=kind)
    assert states(engine, CHECKSUM) == states(engine, OTHER) == [RefusedState.WAITING]


def test_an_approval_says_who_when_and_for_which_run(engine: Engine) -> None:
    refuse(engine, CHECKSUM)
    with writing(engine) as connection:
        (plan,) = refused_plans.held_back_plans(connection)
        refused_plans.approve(connection, plan.id, approved_by="ada", run_id="run_2", at=NOW + timedelta(hours=1))
    with reading(engine) as connection:
        (used,) = refused_plans.plans_with_checksum(connection, CHECKSUM)
        assert refused_plans.held_back_plans(connection) == []
    assert (used.state, used.approved_by, used.used_by_run_id) == (RefusedState.APPROVED, "ada", "run_2")
    assert (used.approved_at, used.refused_at) == (NOW + timedelta(hours=1), NOW)
    assert refuse(engine, CHECKSUM, "run_2")  # the same plan once more needs an approval once more


def test_what_is_held_back_waits_since_the_first_time_and_is_found_by_every_run(engine: Engine) -> None:
    first, second, third = (PlanOfRun(f"run_{n}", INTEGRATION) for n in (1, 2, 3))
    with writing(engine) as connection:
        connection.execute(insert(change), [change_row("one", ChangeState.PLANNED)])
        plan_effects.hold(connection, first, with_fresh=True, at=NOW)
        planned_changes.hand_over(connection, ["one"], run_id="run_2")
        (planned,) = plan_effects.effects(connection, second)
        plan_effects.hold(connection, second, with_fresh=False, at=NOW + timedelta(hours=1))
        row = connection.execute(select(change)).mappings().one()
        (waiting,) = plan_effects.effects(connection, third)
    assert planned == waiting
    assert (row["state"], row["error_code"], row["refused_at"]) == ("kept", "plan_refused", NOW)


def test_what_is_new_goes_on_where_only_what_waits_is_held(engine: Engine) -> None:
    plan = PlanOfRun("run_1", INTEGRATION)
    with writing(engine) as connection:
        fresh = change_row("fresh", ChangeState.PLANNED)
        waiting = {**change_row("waiting", ChangeState.PLANNED, "bk_2"), "refused_at": NOW}
        connection.execute(insert(change), [{**fresh, "refused_at": None}, waiting])
        plan_effects.hold(connection, plan, with_fresh=False, at=NOW)
        states = {row.id: row.state for row in connection.execute(select(change.c.id, change.c.state))}
        assert plan_effects.count_creates(connection, plan) == (2, 1)
    assert states == {"fresh": "planned", "waiting": "kept"}


def test_what_was_let_through_does_not_wait_any_more(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(change), [change_row("one", ChangeState.PLANNED)])
        plan_effects.hold(connection, PlanOfRun("run_1", INTEGRATION), with_fresh=True, at=NOW)
        plan_effects.let_through(connection, PlanOfRun("run_1", INTEGRATION), approval_id=1)
        assert list(plan_effects.effects(connection, PlanOfRun("run_2", INTEGRATION))) == []
