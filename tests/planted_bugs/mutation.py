"""A bug that is planted into the protocol, and the search that has to find it.

A mutation replaces functions of ours inside a block; nothing of it exists in production code. Most walls of the
protocol have another one behind them, which would hide that the first has a hole. So a bug is looked for with the
walls behind it taken away, and the very case that finds it has to be fine with the same walls away and no bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from booking_sandbox.hubspot_switches import UniqueProperties
from booking_sync import task_extract
from booking_sync.sightings import Sightings
from tests.simulation.faults import Harm
from tests.simulation.scenarios import Scenario
from tests.simulation.search import Case, clean_walk, one_fault_each, run_case
from tests.simulation.stage import Stage

Replacement = tuple[Any, str, Callable[[Any], Any]]
"""Where, which name, and what makes the bug out of the original."""

MOST_CASES = 60
"""After how many cases a bug counts as not found."""

NO_SWEEP: tuple[Replacement, ...] = (
    (task_extract, "look", lambda _: lambda _work: Sightings()),
    (task_extract, "sweep", lambda _: lambda _work, _sightings: {}),
)


@dataclass(frozen=True, slots=True)
class Mutation:
    """A bug, the stories and harms that are to show it, and the walls that stand behind it.

    Faults strike at the boundaries whose name holds ``at``. ``sign`` is what has to be said of it.
    """

    name: str
    bug: tuple[Replacement, ...]
    stories: tuple[str, ...]
    harms: tuple[Harm, ...] = ()
    at: str = ""
    sign: str = ""
    portal: UniqueProperties = "allowed"
    without: tuple[Replacement, ...] = ()

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Catch:
    """The case that has found a bug, and what it says."""

    case: Case
    wrong: tuple[str, ...]


def hunt(stage: Stage, mutation: Mutation) -> Catch | None:
    """Live through cases until one goes wrong; None where none does."""
    for number, case in enumerate(_cases(stage, mutation)):
        if number == MOST_CASES:
            return None
        with planted((*mutation.without, *mutation.bug)):
            wrong = run_case(stage, case)
        if any(mutation.sign in one for one in wrong):
            return Catch(case, tuple(wrong))
    return None


def wrong_without_the_bug(stage: Stage, mutation: Mutation, case: Case) -> list[str]:
    """Live through a case with the same walls away, but no bug."""
    with planted(mutation.without):
        return run_case(stage, case)


@contextmanager
def planted(replacements: Sequence[Replacement]) -> Iterator[None]:
    """Replace functions inside the block."""
    with ExitStack() as stack:
        for where, name, make in replacements:
            stack.enter_context(patch.object(where, name, make(getattr(where, name))))
        yield


def _cases(stage: Stage, mutation: Mutation) -> Iterator[Case]:
    """Yield the stories as they are, then with every fault; what they pass is listed without the bug."""
    scenarios = [_scenario(mutation, story) for story in mutation.stories]
    with planted(mutation.without):
        passes = {scenario: clean_walk(stage, scenario).passes for scenario in scenarios}
    yield from [Case(scenario) for scenario in scenarios]
    for case in one_fault_each(stage, scenarios, mutation.harms):
        struck = passes[case.scenario][case.faults[0].after - 1].boundary
        if mutation.at in str(struck):
            yield case


def _scenario(mutation: Mutation, story: str) -> Scenario:
    name = f"{mutation.name}: {story}"
    return Scenario(name, tuple(word.strip() for word in story.split(",")), mutation.portal)
