"""Searching for violations: scenarios times faults, one world each. Begin here: :func:`violations_of`.

    with Stage.on(url) as stage:
        found = violations_of(stage, scenarios.CORE, Harm)

A case has a text by which it can be run again: ``replay(stage, "cancel | kill at boundary 40")``.
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from booking_sync.boundary import Moment
from tests.simulation.boundaries import Boundary
from tests.simulation.faults import Fault, Harm, Pass, Striker, can_strike
from tests.simulation.scenarios import BY_NAME, Scenario
from tests.simulation.stage import Stage
from tests.simulation.world import World

MOST_REQUESTS_MORE = 120
"""How many requests a fault may cost beyond three times those of the same story without one (I9)."""
MOST_BETWEEN = 80
"""How many boundaries lie between two faults at most: more than a run has after the first one, and its repetition."""
AGAIN = "tried again"


@dataclass(frozen=True, slots=True)
class Case:
    """A story, and what goes wrong in it. ``is_repeated``: Airflow tries a failed task again."""

    scenario: Scenario
    faults: tuple[Fault, ...] = ()
    is_repeated: bool = False

    def __str__(self) -> str:
        return " | ".join([self.scenario.name, *map(str, self.faults), *[AGAIN] * self.is_repeated])


@dataclass(frozen=True, slots=True)
class Violation:
    """A case that broke the promise, and how."""

    case: Case
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.case}\n    " + "\n    ".join(self.wrong)


@dataclass
class Tally:
    """What a search has done: cases in which every fault struck, by kind, the boundaries hit, and what broke."""

    cases: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    reached: set[Boundary] = field(default_factory=set)
    struck: set[Boundary] = field(default_factory=set)
    violations: list[Violation] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another search too."""
        self.cases += other.cases
        self.runs += other.runs
        self.reached |= other.reached
        self.struck |= other.struck
        self.violations += other.violations


@dataclass(frozen=True, slots=True)
class CleanWalk:
    """A scenario without faults: the boundaries passed until the story ends, and the requests of all of it."""

    passes: tuple[Pass, ...]
    requests: int
    reached: frozenset[Boundary]


def violations_of(
    stage: Stage,
    scenarios: Iterable[Scenario],
    harms: Iterable[Harm] = Harm,
    *,
    sample: int | None = None,
    seed: int = 0,
) -> list[Violation]:
    """Try one fault at every boundary of every scenario, or ``sample`` of these cases, and return what broke."""
    return search(stage, one_fault_each(stage, scenarios, harms, sample=sample, seed=seed)).violations


def search(stage: Stage, cases: Iterable[Case]) -> Tally:
    """Run cases one after the other."""
    tally = Tally()
    for case in cases:
        run_case(stage, case, tally)
    return tally


def run_case(stage: Stage, case: Case, tally: Tally | None = None, *, is_noting: bool = False) -> list[str]:
    """Live through one case and return what is wrong at its end."""
    tally = tally or Tally()
    striker = Striker(stage.sandbox, case.faults, is_noting=is_noting)
    world = World.on(
        stage,
        case.scenario.portal,
        is_connected=case.scenario.is_connected,
        is_oauth=case.scenario.is_oauth,
        seed=len(case.faults),
        striker=striker,
        is_repeated=case.is_repeated,
    )
    world.expected.has_ghosts = any(fault.harm is Harm.VERY_LATE for fault in case.faults)
    wrong = _lived_through(world, case.scenario)
    budget = 3 * clean_walk(stage, case.scenario).requests + MOST_REQUESTS_MORE
    if _requests(stage) > budget:
        wrong.append(f"{_requests(stage)} requests, more than {budget}")
    tally.runs += world.run_count
    tally.struck.update(striker.struck)
    tally.reached.update(one.boundary for one in striker.passes)
    if striker.is_done:
        tally.cases[" + ".join(fault.harm for fault in case.faults) or "no fault"] += 1
    if wrong:
        tally.violations.append(Violation(case, tuple(wrong)))
    return wrong


def clean_walk(stage: Stage, scenario: Scenario) -> CleanWalk:
    """Walk through a scenario without faults, once, and remember what it passes.

    Raises:
        AssertionError: it goes wrong by itself.
    """
    if scenario not in stage.walks:
        striker = Striker(stage.sandbox, (), is_noting=True)
        world = World.on(
            stage,
            scenario.portal,
            is_connected=scenario.is_connected,
            is_oauth=scenario.is_oauth,
            striker=striker,
        )
        wrong: list[str] = []
        for words in scenario.words:
            world.do(words)
        passes = tuple(striker.passes)
        wrong = world.finish()
        if wrong:
            raise AssertionError(f"{scenario.name}, without any fault: {'; '.join(wrong)}")
        reached = frozenset(one.boundary for one in striker.passes)
        stage.walks[scenario] = CleanWalk(passes, _requests(stage), reached)
    return stage.walks[scenario]


def one_fault_each(
    stage: Stage,
    scenarios: Iterable[Scenario],
    harms: Iterable[Harm] = Harm,
    *,
    sample: int | None = None,
    seed: int = 0,
) -> Iterator[Case]:
    """Yield every case with one fault; Airflow tries about every second one again."""
    every = _every_single(stage, scenarios, tuple(harms))
    if sample is None:
        yield from every
        return
    listed = list(every)
    yield from random.Random(seed).sample(listed, min(sample, len(listed)))  # noqa: S311 - to be repeatable


def two_faults_each(
    stage: Stage, scenarios: Iterable[Scenario], pairs: Iterable[tuple[Harm, Harm]], *, sample: int, seed: int
) -> Iterator[Case]:
    """Yield so many of the cases with two faults, the second at any boundary that comes after the first."""
    chance = random.Random(seed)  # noqa: S311 - to be repeatable
    listed, harms = list(scenarios), list(pairs)
    for _ in range(sample):
        scenario, (first, second) = chance.choice(listed), chance.choice(harms)
        places = _places(stage, scenario, first)
        number = chance.choice(places)
        after = chance.randint(1, MOST_BETWEEN)
        yield Case(scenario, (Fault(number, first), Fault(after, second)), chance.random() < 0.5)


def replay(stage: Stage, text: str) -> list[str]:
    """Run a case again that a failed test has named."""
    name, *rest = text.split(" | ")
    faults = [_fault(part) for part in rest if part != AGAIN]
    return run_case(stage, Case(BY_NAME[name], tuple(faults), AGAIN in rest))


def _every_single(stage: Stage, scenarios: Iterable[Scenario], harms: Sequence[Harm]) -> Iterator[Case]:
    for scenario, harm in itertools.product(list(scenarios), harms):
        for number in _places(stage, scenario, harm):
            yield Case(scenario, (Fault(number, harm),), number // 2 % 2 == 1)


def _places(stage: Stage, scenario: Scenario, harm: Harm) -> list[int]:
    """Return the numbers of the passes at which a harm means something.

    To be killed after an act is to be killed before the next one, so only one of the two is tried. That a death goes
    unseen for a while is tried at every third place: it only makes the next worker wait.
    """
    passes = clean_walk(stage, scenario).passes
    return [
        number
        for number, one in enumerate(passes, 1)
        if can_strike(harm, one.boundary.act, one.boundary.moment, is_write=one.is_write)
        and (harm not in (Harm.KILL, Harm.VANISH) or one.boundary.moment is Moment.BEFORE or number == len(passes))
        and (harm is not Harm.VANISH or number % 3 == 0)
    ]


def _lived_through(world: World, scenario: Scenario) -> list[str]:
    for words in scenario.words:
        world.do(words)
    return world.finish()


def _requests(stage: Stage) -> int:
    return len(stage.sandbox.hubspot.history) + len(stage.sandbox.calendar.history)


def _fault(text: str) -> Fault:
    harm, number = re.fullmatch(r"(.+) at boundary (\d+)", text).groups()  # type: ignore[union-attr]  # a text of ours
    return Fault(int(number), Harm(harm))
