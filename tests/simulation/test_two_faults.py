"""Two faults at any two boundaries of the core scenarios, on both databases: a seeded part in every run.

The long run has 5,000 of each of the ten scenarios; ``SOAK_PAIRS`` makes that more or less.
"""

from __future__ import annotations

import os
from itertools import product

import pytest

from tests import scorecard
from tests.simulation.faults import SURVIVED_ALONE
from tests.simulation.scenarios import CORE, Scenario
from tests.simulation.search import Tally, search, two_faults_each
from tests.simulation.stage import Stage

PAIRS = tuple(product(SURVIVED_ALONE, repeat=2))
SEED = 20_260_302
SAMPLE = {"sqlite": 100, "postgresql": 25}
OF_EACH_IN_THE_LONG_RUN = int(os.environ.get("SOAK_PAIRS", "5000"))


def test_a_part_of_all_pairs(stage: Stage, database_kind: str) -> None:
    report(search(stage, two_faults_each(stage, CORE, PAIRS, sample=SAMPLE[database_kind], seed=SEED)))


@pytest.mark.soak
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("scenario", CORE, ids=lambda scenario: scenario.name)
def test_many_pairs(stage: Stage, scenario: Scenario) -> None:
    report(search(stage, two_faults_each(stage, [scenario], PAIRS, sample=OF_EACH_IN_THE_LONG_RUN, seed=SEED)))


def report(found: Tally) -> None:
    kinds = {"in which both struck": found.cases.total()}
    scorecard.count("two faults", kinds, len(found.violations))
    assert not found.violations, "\n".join(map(str, found.violations[:20]))
