"""Faults by chance in many workspaces at once: every fifth request goes wrong, and some commits.

The seed is in the name of the test: ``pytest -k "seed_17"`` makes the same world again.
"""

from __future__ import annotations

from random import Random

import pytest

from tests import scorecard
from tests.simulation.faults import Misfortune
from tests.simulation.stage import Stage
from tests.simulation.world import World

WORKSPACES, ROUNDS = 20, 3
OF_REQUESTS, OF_COMMITS = 0.2, 0.01
SEEDS, SEEDS_OF_THE_LONG_RUN = range(6), range(6, 1_000)
CHANGES = ("move {} 24", "move {} 48", "rename {}", "answer {}", "cancel {}", "invite {}", "rehost {}")


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed_{seed}")
def test_faults_by_chance(sqlite_stage: Stage, seed: int) -> None:
    _survives(sqlite_stage, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS_OF_THE_LONG_RUN, ids=lambda seed: f"seed_{seed}")
def test_many_faults_by_chance(stage: Stage, seed: int) -> None:
    _survives(stage, seed)


def _survives(stage: Stage, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - to be repeatable
    fate = Misfortune(stage.sandbox, chance, of_requests=OF_REQUESTS, of_commits=OF_COMMITS)
    world = World.on(stage, seed=seed, workspaces=WORKSPACES, striker=fate, is_repeated=chance.random() < 0.5)
    for number in range(ROUNDS):
        _let_people_act(world, chance, number)
        world.do("run")
        world.do("sleep 900")
    wrong = world.finish()
    scorecard.count("random faults", {f"runs over {WORKSPACES} workspaces": world.run_count}, len(wrong))
    assert not wrong, f"seed {seed}: {'; '.join(wrong[:10])}\n{', '.join(world.told)}"


def _let_people_act(world: World, chance: Random, number: int) -> None:
    """A new booking for every second workspace, and a change to a third of the others."""
    standing = sorted(one["id"] for one in world.calendar.bookings() if one["status"] == "scheduled")
    for booking_id in chance.sample(standing, len(standing) // 3):
        world.do(chance.choice(CHANGES).format(booking_id))
    for place in range(WORKSPACES // 2):
        world.do(f"book r{number}x{place}")
