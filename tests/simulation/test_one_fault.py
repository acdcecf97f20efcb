"""One fault at every boundary of every scenario: nothing lost, nothing twice, nothing foreign touched.

In every run of the tests a seeded part of the cases is tried; with SOAK=1 all of them, on both databases.
"""

from __future__ import annotations

import pytest

from tests import scorecard
from tests.simulation.faults import LANDING_LATE, SURVIVED_ALONE, Harm
from tests.simulation.scenarios import ALL, CORE, Scenario
from tests.simulation.search import Tally, one_fault_each, search
from tests.simulation.stage import Stage

SEED = 20_260_302
SAMPLE = {"sqlite": 240, "postgresql": 60}


def test_a_part_of_all_cases(stage: Stage, database_kind: str) -> None:
    found = search(stage, one_fault_each(stage, ALL, SURVIVED_ALONE, sample=SAMPLE[database_kind], seed=SEED))

    report(found)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("harm", Harm)
@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_every_case(stage: Stage, scenario: Scenario, harm: Harm) -> None:
    report(search(stage, one_fault_each(stage, [scenario], [harm])))


def test_every_late_landing_of_the_core(sqlite_stage: Stage) -> None:
    report(search(sqlite_stage, one_fault_each(sqlite_stage, CORE, LANDING_LATE)))


def report(found: Tally) -> None:
    scorecard.count("one fault", found.cases, len(found.violations))
    assert not found.violations, "\n".join(map(str, found.violations[:20]))
