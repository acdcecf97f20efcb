"""Workers that overlap: two in every order of their protected steps, four by chance, zombies among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from random import Random

import pytest

from booking_sandbox.hubspot_switches import UniqueProperties
from booking_sync.window import BACKFILL, MANUAL, RunTrigger, Window
from tests import scorecard
from tests.simulation.interleavings import Known, Order, every_interleaving_of_two
from tests.simulation.overlap import Overlap, live_through, turns_by_chance
from tests.simulation.stage import SETTINGS, Stage
from tests.simulation.world import World

STORIES = (
    ("book a", "run", "move a 24"),
    ("book a", "run", "replace a b 24"),
    ("book a",),
    ("book a", "run", "cancel a"),
    ("book a", "book b", "run", "move a 24", "rename b", "book c"),
)
"""What has happened before several workers come at once; the first is the one with all the protected steps."""
HELD, SLEPT, LOST = 0.0, SETTINGS.lease_seconds + 1.0, SETTINGS.quiet_seconds + 1.0
"""Between two turns nothing happens, or a lease runs out, or all hope for an answer is given up."""
SEED = 20_260_302
INTERLEAVINGS = 12_870
SAMPLE_OF_TWO = {"sqlite": 80, "postgresql": 20}
SAMPLE_OF_FOUR = {"sqlite": 40, "postgresql": 10}
SAMPLE_OF_ALIKE = 20


def test_some_interleavings_of_two_workers(stage: Stage, database_kind: str) -> None:
    chance = Random(SEED)  # noqa: S311 - to be repeatable
    cases = [(pause, order) for pause in (HELD, SLEPT, LOST) for order in every_interleaving_of_two(pause)]
    assert len(cases) == 3 * INTERLEAVINGS

    done: Counter[str] = Counter()
    broken: list[str] = []
    for pause, order in chance.sample(cases, SAMPLE_OF_TWO[database_kind]):
        broken += _two(stage, Overlap(order, is_fine=False))
        done[_kind(pause)] += 1
    _report(done, broken)


@pytest.mark.soak
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("pause", [HELD, SLEPT, LOST])
def test_every_interleaving_of_two_workers(stage: Stage, pause: float) -> None:
    known, lived, broken = Known(), 0, list[str]()
    for order in every_interleaving_of_two(pause):
        if known.life_like(order) is None:
            overlap = Overlap(order, is_fine=False)
            broken += _two(stage, overlap)
            known.learn(order, overlap.mattered)
            lived += 1
    _report(Counter({f"{_kind(pause)}, all of them in {lived} lives": INTERLEAVINGS}), broken)


def test_an_order_that_comes_to_the_same_as_another_one_leaves_the_same_behind(sqlite_stage: Stage) -> None:
    known, chance = Known(), Random(SEED)  # noqa: S311 - to be repeatable
    left_behind: dict[Order, object] = {}
    compared = 0
    for order in chance.sample(list(every_interleaving_of_two(HELD)), SAMPLE_OF_ALIKE):
        alike, overlap = known.life_like(order), Overlap(order, is_fine=False)
        assert not _two(sqlite_stage, overlap)
        key = known.learn(order, overlap.mattered)
        now = sqlite_stage.sandbox.hubspot.state.activities()
        assert left_behind.setdefault(key, now) == now
        assert alike in (None, key)
        compared += alike is not None
    assert compared >= 5


def test_four_workers_by_chance(stage: Stage, database_kind: str) -> None:
    _four(stage, range(SEED, SEED + SAMPLE_OF_FOUR[database_kind]))


@pytest.mark.soak
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("first", range(0, 1_000, 100))
def test_many_times_four_workers_by_chance(stage: Stage, first: int) -> None:
    _four(stage, range(first, first + 100))


def _two(stage: Stage, overlap: Overlap) -> list[str]:
    world = _world(stage, STORIES[0], "allowed")
    wrong = live_through(world, [world.trigger(MANUAL), world.trigger(MANUAL)], overlap)
    return [f"{overlap.turns}: {'; '.join(wrong)}"] * bool(wrong)


def _kind(pause: float) -> str:
    return f"two workers, {pause:.0f} s between turns"


def _report(done: Counter[str], broken: Sequence[str]) -> None:
    scorecard.count("overlap", done, len(broken))
    assert not broken, "\n".join(broken[:10])


def _four(stage: Stage, seeds: Iterable[int]) -> None:
    done: Counter[str] = Counter()
    broken: list[str] = []
    for seed in seeds:
        wrong = four_workers(stage, seed)
        done["four workers"] += 1
        broken += [f"seed {seed}: {'; '.join(wrong)}"] * bool(wrong)
    _report(done, broken)


def four_workers(stage: Stage, seed: int, portal: UniqueProperties = "allowed") -> list[str]:
    """Let a scheduled, a manual and a backfill run overlap with another one that sleeps, and say what is wrong."""
    chance = Random(seed)  # noqa: S311 - to be repeatable
    world = _world(stage, chance.choice(STORIES), portal)
    now = world.clock.now
    triggers: list[RunTrigger] = [
        world.trigger("scheduled", Window(now - timedelta(minutes=15), now)),
        world.trigger(MANUAL),
        world.trigger(BACKFILL, Window(now - timedelta(days=1), now)),
        world.trigger(MANUAL),
    ]
    return live_through(world, triggers, Overlap(turns_by_chance(chance, len(triggers), 150), is_fine=True))


def _world(stage: Stage, story: Iterable[str], portal: UniqueProperties) -> World:
    world = World.on(stage, portal)
    for words in story:
        world.do(words)
    world.clock.advance(60)
    return world
