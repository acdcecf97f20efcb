"""People are told once, whatever breaks: faults at the boundaries of mails, and two runs at once (M1).

In every run of the tests a seeded part of the cases is tried; with SOAK=1 all of them, on both databases.
"""

from __future__ import annotations

from random import Random

import pytest

from tests import scorecard
from tests.simulation.faults import SURVIVED_ALONE, Harm
from tests.simulation.scenarios import TELLING
from tests.simulation.search import Case, Tally, clean_walk, one_fault_each, run_case, search
from tests.simulation.stage import Stage
from tests.simulation.world import World

SEED = 20_261_123
SAMPLE = {"sqlite": 60, "postgresql": 15}


def test_everybody_is_told_once_where_nothing_breaks(sqlite_stage: Stage) -> None:
    for scenario in TELLING:
        run_case(sqlite_stage, Case(scenario))
        assert sqlite_stage.sandbox.mail.mails, scenario.name


def test_a_part_of_the_faults_while_people_are_told(stage: Stage, database_kind: str) -> None:
    """Nobody twice, and everybody once unless the fault fell between intent and outcome of that very mail."""
    cases = _cases_about_mails(stage)

    report(search(stage, Random(SEED).sample(cases, SAMPLE[database_kind])))  # noqa: S311 - to be repeatable


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_every_fault_while_people_are_told(stage: Stage) -> None:
    report(search(stage, _cases_about_mails(stage)))


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_every_fault_anywhere(stage: Stage) -> None:
    report(search(stage, one_fault_each(stage, TELLING, Harm)))


@pytest.mark.parametrize("seed", range(4))
def test_two_runs_at_once_tell_nobody_twice(sqlite_stage: Stage, seed: int) -> None:
    world = World.on(sqlite_stage)
    for words in ("set notify yes", "book a", "run", "move a 24", f"overlap {seed}", "cancel a", f"overlap {seed}"):
        world.do(words)

    assert world.finish() == []


def _cases_about_mails(stage: Stage) -> list[Case]:
    return [case for case in one_fault_each(stage, TELLING, SURVIVED_ALONE) if _is_about_mails(stage, case)]


def _is_about_mails(stage: Stage, case: Case) -> bool:
    """Say whether the fault falls where news are recorded, or mails are sent."""
    (fault,) = case.faults
    step = clean_walk(stage, case.scenario).passes[fault.after - 1].boundary.step
    return step.startswith(("telling.", "mail.", "record.record_created", "record.record_written"))


def report(found: Tally) -> None:
    scorecard.count("one fault", found.cases, len(found.violations))
    assert not found.violations, "\n".join(map(str, found.violations[:20]))
