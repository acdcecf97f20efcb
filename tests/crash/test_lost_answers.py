"""A write to HubSpot is done, or not, and nobody is told: nothing lost, nothing twice (A6, W2).

The case "commit_then_hang 2" walks the whole walk, and strikes at the second write of every run that has so many. So
the cases of a kind together strike at every write.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from booking_sandbox.faults import FaultKind
from booking_sandbox.hubspot_switches import UniqueProperties
from tests import scorecard
from tests.crash.cases import (
    ALL_SETTINGS,
    IN_PRODUCTION,
    PLAIN,
    WITHOUT_UNIQUE_KEY,
    WRITES_OF_FIRST_RUN,
    Setting,
    case,
)
from tests.crash.conftest import Counts
from tests.crash.walk import PHASES
from tests.crash.world import World

TOO_SOON_SECONDS = 30.0
"""When the next run comes: too soon for anything that landed late to be there."""
LANDING_SECONDS = 60.0
"""How late a late write lands: after the next run, and well within the time that an unknown outcome rests."""
KINDS = (
    FaultKind.COMMIT_THEN_STATUS,
    FaultKind.COMMIT_THEN_HANG,
    FaultKind.FAIL_BEFORE,
    FaultKind.LATE_LANDING,
    FaultKind.DROP_BEFORE,
    FaultKind.INVALID_JSON,
    FaultKind.HTML,
)
ALWAYS_RUN = KINDS[:4]


def _is_soak(setting: Setting, kind: FaultKind, number: int) -> bool:
    if setting is PLAIN:
        return kind not in ALWAYS_RUN
    if setting not in (IN_PRODUCTION, WITHOUT_UNIQUE_KEY):
        return True
    is_create = number in (1, WRITES_OF_FIRST_RUN)  # the first of a later run, the last of the first
    return not (kind in (FaultKind.COMMIT_THEN_HANG, FaultKind.LATE_LANDING) and is_create)


CASES = [
    case(setting, kind.value, number, is_soak=_is_soak(setting, kind, number))
    for setting in ALL_SETTINGS
    for kind in KINDS
    for number in range(1, WRITES_OF_FIRST_RUN + 1)
]


@pytest.mark.parametrize(("database_kind", "unique_properties", "kind", "number"), CASES, indirect=["database_kind"])
def test_a_lost_answer_is_made_up_for(
    world: World,
    clean_walk: Callable[[UniqueProperties], dict[str, Counts]],
    unique_properties: UniqueProperties,
    kind: str,
    number: int,
) -> None:
    faults = world.sandbox.hubspot.switches.faults
    has_room = {phase: counts.writes >= number for phase, counts in clean_walk(unique_properties).items()}
    last = max(place for place, is_long in enumerate(has_room.values()) if is_long)

    for phase in list(PHASES)[: last + 1]:
        world.live_through(phase)
        if has_room[phase]:
            fault = faults.add(kind, nth=number, writes_only=True, seconds=LANDING_SECONDS)
            world.run()
            assert fault.is_spent, f"{phase}: fewer than {number} writes"
            world.offset_seconds += TOO_SOON_SECONDS
            world.run()
        wrong = world.recover()
        assert not wrong, f"{phase}: after the lost answer, {'; '.join(wrong)}"
    world.rest()

    scorecard.count("kill -9", {"lost answers": sum(has_room.values())})
