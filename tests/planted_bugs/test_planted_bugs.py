"""Every planted bug is found by the simulation, and by the bug: without it, the same case is fine."""

from __future__ import annotations

import pytest

from tests import scorecard
from tests.planted_bugs.mutation import Mutation, hunt, planted, wrong_without_the_bug
from tests.planted_bugs.mutations import MUTATIONS, OVERLAPPING
from tests.simulation.stage import Stage
from tests.simulation.test_overlap import four_workers

MOST_SEEDS = 60


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_bug_is_found(sqlite_stage: Stage, mutation: Mutation) -> None:
    catch = hunt(sqlite_stage, mutation)
    scorecard.count("planted bugs", {"caught": int(catch is not None)}, int(catch is None))
    assert catch is not None, "this bug is not found"
    assert wrong_without_the_bug(sqlite_stage, mutation, catch.case) == []


@pytest.mark.parametrize("mutation", OVERLAPPING, ids=str)
def test_a_planted_bug_is_found_where_workers_overlap(sqlite_stage: Stage, mutation: Mutation) -> None:
    for seed in range(MOST_SEEDS):
        with planted((*mutation.without, *mutation.bug)):
            wrong = four_workers(sqlite_stage, seed, mutation.portal)
        with planted(mutation.without):
            is_fine_otherwise = not four_workers(sqlite_stage, seed, mutation.portal) if wrong else False
        if is_fine_otherwise:
            break
    scorecard.count("planted bugs", {"caught": int(is_fine_otherwise)}, int(not is_fine_otherwise))
    assert is_fine_otherwise, "this bug is not found"
