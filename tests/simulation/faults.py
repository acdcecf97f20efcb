"""What can go wrong at a boundary, and the watcher that makes it go wrong at a chosen one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import OperationalError

from booking_sandbox.faults import Fault as SandboxFault
from booking_sandbox.faults import FaultKind
from booking_sync.boundary import Act, Moment
from tests.simulation.boundaries import Boundary, here
from tests.simulation.mail import PlannedFault

if TYPE_CHECKING:
    from tests.simulation.stage import BothServices

LATE_SECONDS = 30.0
VERY_LATE_SECONDS = 2_400.0
"""After the quiet time, and after the request has been sent again."""


class Harm(StrEnum):
    """What happens at a boundary."""

    EXCEPTION = "exception"
    """Our own code, or the machine, raises something that nobody foresaw."""
    KILL = "kill"
    """The process is gone: it does nothing more, tidies nothing up, and its machine can tell that it is dead."""
    VANISH = "vanish"
    """The same, on another machine: that it is dead shows only when its lease has run out."""
    LOST_ANSWER = "lost answer"
    """A request is carried out, or a commit is made, and nobody is told."""
    DROPPED = "dropped"
    """A request is sent and never carried out, or a commit fails."""
    LATE = "late landing"
    """A write is answered with a failure, and carried out half a minute later."""
    VERY_LATE = "very late landing"
    """A write is answered with a failure, and carried out after everybody has stopped to expect it."""


SURVIVED_ALONE = tuple(harm for harm in Harm if harm is not Harm.VERY_LATE)
"""What the protocol gets over by itself; what lands after it was given up is left to the sweep."""
LANDING_LATE = (Harm.LATE, Harm.VERY_LATE)
_OF_REQUEST = {
    Harm.LOST_ANSWER: (FaultKind.COMMIT_THEN_HANG, 0.0),
    Harm.DROPPED: (FaultKind.DROP_BEFORE, 0.0),
    Harm.LATE: (FaultKind.LATE_LANDING, LATE_SECONDS),
    Harm.VERY_LATE: (FaultKind.LATE_LANDING, VERY_LATE_SECONDS),
}
_OF_COMMIT = {Harm.LOST_ANSWER: Moment.AFTER, Harm.DROPPED: Moment.BEFORE}


class Planted(Exception):
    """Raised where a test wants it."""


class Killed(BaseException):
    """Nothing catches this, as nothing catches SIGKILL. ``is_seen``: others can tell that the process is dead."""

    def __init__(self, *, is_seen: bool) -> None:
        super().__init__()
        self.is_seen = is_seen


@dataclass(frozen=True, slots=True)
class Fault:
    """A harm at the boundary that is passed as the ``after``-th since the fault before it, or since the beginning."""

    after: int
    harm: Harm

    def __str__(self) -> str:
        return f"{self.harm} at boundary {self.after}"


@dataclass(frozen=True, slots=True)
class Pass:
    """A worker came by a boundary; ``is_write``: the request that was made last was a write."""

    boundary: Boundary
    is_write: bool


def can_strike(harm: Harm, act: Act, moment: Moment, *, is_write: bool) -> bool:
    """Say whether a harm means something at a boundary."""
    if harm in (Harm.KILL, Harm.VANISH):
        return True
    if act is Act.COMMIT:  # where it fails, or is made and nobody is told, an exception is raised too
        return _OF_COMMIT.get(harm) is moment
    if harm is Harm.EXCEPTION:
        return True
    return moment is Moment.BEFORE and (is_write or harm not in LANDING_LATE)


class Striker:
    """Counts the boundaries that workers pass, and strikes at those it was told. A dead worker passes none."""

    def __init__(self, sandbox: BothServices, faults: Sequence[Fault], *, is_noting: bool = False) -> None:
        self._sandbox = sandbox
        self._waiting = list(faults)
        self._since = 0
        self._killed: Killed | None = None
        self._is_noting = is_noting
        self.passes: list[Pass] = []
        self.struck: list[Boundary] = []
        self.is_resting = False
        self._requests = 0
        self._planted: list[SandboxFault | PlannedFault] = []

    @property
    def has_struck(self) -> bool:
        """Whether anything has gone wrong yet."""
        return bool(self.struck)

    @property
    def is_done(self) -> bool:
        """Whether every fault has struck."""
        return not self._waiting

    def arm(self, fault: Fault) -> None:
        """Wait for one more boundary, counted from here."""
        self._waiting, self._since = [fault], 0

    def rest(self) -> None:
        """Strike no more."""
        self.is_resting = True

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Watch a new process inside the block."""
        self._killed = None
        yield

    def __call__(self, act: Act, moment: Moment) -> None:
        """Be told of a boundary that the worker has come to."""
        if self._killed is not None:
            raise self._killed
        if self._planted:
            self._take_back()
        if self._is_noting:
            self._note(act, moment)
        harm = None if self.is_resting else self._due(act, moment)
        if harm is not None:
            self.struck.append(here(act, moment))
            self._strike(harm, act)

    def _due(self, act: Act, moment: Moment) -> Harm | None:  # noqa: ARG002 - chance asks where it is
        """Say what goes wrong here."""
        if not self._waiting:
            return None
        self._since += 1
        if self._since < self._waiting[0].after:
            return None
        self._since = 0
        return self._waiting.pop(0).harm

    def _note(self, act: Act, moment: Moment) -> None:
        history = self._sandbox.hubspot.history
        is_write = act is Act.REQUEST and len(history) > self._requests and history[-1].is_write
        self._requests = len(history)
        self.passes.append(Pass(here(act, moment), is_write))
        if is_write:
            self.passes[-2] = Pass(self.passes[-2].boundary, is_write=True)

    def _strike(self, harm: Harm, act: Act) -> None:
        if harm is Harm.EXCEPTION:
            raise Planted
        if harm in (Harm.KILL, Harm.VANISH):
            self._killed = Killed(is_seen=harm is Harm.KILL)
            raise self._killed
        if act is Act.COMMIT:
            raise OperationalError("COMMIT", {}, Exception("the connection to the database is lost"))
        kind, seconds = _OF_REQUEST[harm]
        for service in (self._sandbox.hubspot, self._sandbox.calendar, self._sandbox.mail):
            self._planted.append(service.switches.faults.add(kind, seconds=seconds))

    def _take_back(self) -> None:
        """Take back what waits at the services that the request did not go to."""
        for service in (self._sandbox.hubspot, self._sandbox.calendar, self._sandbox.mail):
            waiting: list[Any] = service.switches.faults.waiting
            waiting[:] = [one for one in waiting if not any(one is planted for planted in self._planted)]
        self._planted.clear()


class Misfortune(Striker):
    """Strikes by chance, at every boundary anew."""

    def __init__(self, sandbox: BothServices, chance: Random, *, of_requests: float, of_commits: float) -> None:
        super().__init__(sandbox, ())
        self._chance = chance
        self._odds = {Act.REQUEST: of_requests, Act.COMMIT: of_commits}

    def _due(self, act: Act, moment: Moment) -> Harm | None:
        if moment is Moment.AFTER or self._chance.random() >= self._odds[act]:
            return None
        possible = [harm for harm in SURVIVED_ALONE if can_strike(harm, act, moment, is_write=True)]
        return self._chance.choice(possible)
