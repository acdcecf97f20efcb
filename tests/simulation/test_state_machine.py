"""Anything in any order: people, runs, crashes, overlaps, lost keys and wrong clocks, found by Hypothesis.

What fails is told in words, and can be kept as a scenario.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from booking_sandbox.hubspot_switches import UniqueProperties
from tests import scorecard
from tests.conftest import SOAK
from tests.simulation.deeds import KINDS
from tests.simulation.faults import SURVIVED_ALONE, Harm
from tests.simulation.stage import Stage
from tests.simulation.world import World

SOAK_EXAMPLES = int(os.environ.get("SOAK_LIVES", "5000"))
IS_SOAK = os.environ.get(SOAK) == "1"
EXAMPLES = dict.fromkeys(("sqlite", "postgresql"), SOAK_EXAMPLES) if IS_SOAK else {"sqlite": 40, "postgresql": 8}
STEPS = 50 if IS_SOAK else 25
MOST_BOOKINGS = 6
PORTALS: tuple[UniqueProperties, ...] = ("allowed", "ignored", "refused")


LONGEST_SLEEP = {"allowed": 901, "ignored": 30, "refused": 30}
"""A worker that sleeps through all patience over a request makes a second activity, unless the portal refuses it."""


class Lives(RuleBasedStateMachine):
    """A workspace and a portal, and everybody who does anything to them."""

    stage: Stage
    lived = 0

    @initialize(portal=st.sampled_from(PORTALS), is_repeated=st.booleans())
    def begin(self, portal: UniqueProperties, *, is_repeated: bool) -> None:
        Lives.lived += 1
        self.world = World.on(self.stage, portal, is_repeated=is_repeated)
        self.booked = 0
        self.portal = portal
        self.how = f"portal={portal!r}, is_repeated={is_repeated}"

    # --- people -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.booked < MOST_BOOKINGS)
    @rule(kind=st.sampled_from(sorted(KINDS)))
    def book(self, kind: str) -> None:
        self._do(f"book {self._new_id()} {kind}")

    @rule(number=st.integers(0, 9), hours=st.integers(1, 400))
    def move(self, number: int, hours: int) -> None:
        self._with(number, ("scheduled",), "move {} " + str(hours))

    @rule(number=st.integers(0, 9), hours=st.integers(1, 400))
    def replace(self, number: int, hours: int) -> None:
        if self.booked < MOST_BOOKINGS and self._of(("scheduled",)):
            self._with(number, ("scheduled",), "replace {} " + f"{self._new_id()} {hours}")

    @rule(number=st.integers(0, 9), what=st.sampled_from(("cancel", "rename", "answer", "invite", "drop", "rehost")))
    def change(self, number: int, what: str) -> None:
        if what in ("answer", "invite", "drop"):
            standing = [one for one in self._of(("scheduled",)) if self.world.calendar.booking(one)["invitees"]]
            if standing:
                self._do(f"{what} {standing[number % len(standing)]}")
        else:
            self._with(number, ("scheduled",), what + " {}")

    @rule(number=st.integers(0, 9))
    def uncancel(self, number: int) -> None:
        self._with(number, ("canceled",), "uncancel {}")

    @rule(number=st.integers(0, 9), what=st.sampled_from(("person-deletes", "person-edits", "person-clones")))
    def interfere(self, number: int, what: str) -> None:
        self._with(number, ("scheduled", "canceled"), what + " {}")

    @rule(number=st.integers(0, 9), what=st.sampled_from(("contact-deleted", "contact-merged", "contact-readdressed")))
    def interfere_with_contact(self, number: int, what: str) -> None:
        self._with(number, ("scheduled", "canceled"), what + " {}")

    # --- runs, and what befalls them ----------------------------------------------------------------------------------

    @rule(how=st.sampled_from(("run", "run", "run", "scheduled", "dry", "backfill", "audit")))
    def run(self, how: str) -> None:
        self._do(how)

    @rule(after=st.integers(1, 120), harm=st.sampled_from(SURVIVED_ALONE))
    def crash(self, after: int, harm: Harm) -> None:
        self._do(f"crash {after} {harm}")
        self._do("run")

    @rule(seed=st.integers(0, 10_000))
    def overlap(self, seed: int) -> None:
        self._do(f"overlap {seed} {LONGEST_SLEEP[self.portal]}")

    @rule()
    def lose_the_key(self) -> None:
        self._do("key-lost")
        self._do("run")
        self._do("key-back")

    @rule(seconds=st.sampled_from((10, 181, 901, 4_000, 90_000)))
    def jump(self, seconds: int) -> None:
        self._do(f"sleep {seconds}")

    @invariant()
    def nothing_is_wrong_so_far(self) -> None:
        if hasattr(self, "world"):
            assert not self.world.wrong, self._story(self.world.wrong)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            wrong = self.world.finish()
            assert not wrong, self._story(wrong)

    def _story(self, wrong: list[str]) -> str:
        return f"{'; '.join(wrong)}\n\n{self.how}\n{', '.join(self.world.told)}"

    def _do(self, words: str) -> None:
        self.world.do(words)

    def _with(self, number: int, statuses: tuple[str, ...], words: str) -> None:
        possible = self._of(statuses)
        if possible:
            self._do(words.format(possible[number % len(possible)]))

    def _of(self, statuses: tuple[str, ...]) -> list[str]:
        bookings: list[dict[str, Any]] = self.world.calendar.bookings()
        return sorted(one["id"] for one in bookings if one["status"] in statuses)

    def _new_id(self) -> str:
        self.booked += 1
        return f"b{self.booked}"


@pytest.mark.timeout(14_400 if IS_SOAK else 300)
def test_lives_of_any_kind(stage: Stage, database_kind: str) -> None:
    Lives.stage, Lives.lived = stage, 0
    how = settings(
        max_examples=EXAMPLES[database_kind],
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=not IS_SOAK,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(Lives, settings=how)
    finally:
        scorecard.count("state machine", {f"lives of up to {STEPS} steps": Lives.lived})
