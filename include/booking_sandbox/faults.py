"""Misbehaviour on demand: which requests are hit, how often, and what happens to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from inspect import isfunction
from random import Random
from typing import Any

from starlette.responses import Response

from booking_sandbox.history import HistoryEntry
from booking_sandbox.wire import Json


class FaultKind(StrEnum):
    """What happens to a request that is hit."""

    FAIL_BEFORE = "fail_before"
    """Answered with ``status``; nothing is done."""
    COMMIT_THEN_STATUS = "commit_then_status"
    """Done completely, then answered with ``status``."""
    COMMIT_THEN_HANG = "commit_then_hang"
    """Done completely, then the connection is cut without an answer."""
    DROP_BEFORE = "drop_before"
    """The connection is cut without an answer; nothing is done."""
    LATE_LANDING = "late_landing"
    """Answered with ``status`` now; done when the clock has moved on by ``seconds``."""
    DROP_THEN_LAND = "drop_then_land"
    """The connection is cut without an answer now; done when the clock has moved on by ``seconds``."""
    RATE_LIMITED = "rate_limited"
    """Answered with 429. HubSpot sends no Retry-After; Calendar.com sends ``seconds``."""
    HTML = "html"
    """Answered with ``status`` and a proxy's HTML page; nothing is done."""
    INVALID_JSON = "invalid_json"
    """Done, but the answer is JSON that stops in the middle."""
    SLOW = "slow"
    """Done and answered after ``seconds``."""
    ANSWER = "answer"
    """Answered with ``status``, ``headers`` and ``body`` as they are; nothing is done."""
    COMMIT_THEN_ANSWER = "commit_then_answer"
    """Done completely, then answered with ``status``, ``headers`` and ``body`` as they are."""
    REWRITE = "rewrite"
    """Done, but ``rewrite`` changes the JSON of the answer."""


Rewrite = Callable[[Json], Json]
"""Takes the JSON of an answer and returns what is sent in its place; only tests in the same process can set one."""
ENDLESS = 1_000_000_000
"""As many requests as there will ever be."""
LATE_KINDS = frozenset({FaultKind.LATE_LANDING, FaultKind.DROP_THEN_LAND})
"""Those whose effect comes after the answer."""
_DEFAULT_STATUS = {FaultKind.LATE_LANDING: 504, FaultKind.HTML: 502, FaultKind.RATE_LIMITED: 429}


@dataclass(slots=True)
class Fault:
    """One planned fault.

    It hits the ``nth`` request that matches, counted from when the fault was set, and the ``count - 1`` matching ones
    after it.
    ``path`` is a substring of the path, ``method`` an exact method, ``writes_only`` leaves reads alone, and
    ``portal_id`` leaves every request alone whose bearer token is not of that HubSpot portal.
    ``status`` 0 means the usual one of the kind (502, or 504 for a late landing).
    A 429 carries ``headers``, whatever they say. A ``share`` below 1 spares some requests, the same ones in
    every run, and ``lasts_seconds`` ends it so long after the first request that it matched.
    """

    kind: FaultKind
    path: str = ""
    method: str = ""
    nth: int = 1
    count: int = 1
    status: int = 0
    seconds: float = 0.0
    writes_only: bool = False
    portal_id: int | None = None
    policy: str = "TEN_SECONDLY_ROLLING"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes = ""
    rewrite: Rewrite | None = None
    share: float = 1.0
    lasts_seconds: float | None = None
    seen: int = 0
    began_at: datetime | None = None

    def __post_init__(self) -> None:
        self.kind = FaultKind(self.kind)
        self.status = self.status or _DEFAULT_STATUS.get(self.kind, 502)

    def rewritten(self, document: Json) -> Json:
        """The answer's JSON as it is sent."""
        return document if self.rewrite is None else self.rewrite(document)

    def as_response(self) -> Response:
        """The answer that this fault prescribes."""
        return Response(self.body, self.status, dict(self.headers))

    def matches(self, entry: HistoryEntry) -> bool:
        """Whether this fault is about that request at all."""
        return (
            self.path in entry.path
            and self.method in {"", entry.method}
            and (entry.is_write or not self.writes_only)
            and self.portal_id in {None, entry.portal_id}
        )

    def has_ended(self, at: datetime) -> bool:
        """Whether its time is over; the first request that it matches begins it."""
        self.began_at = self.began_at or at
        return self.lasts_seconds is not None and at >= self.began_at + timedelta(seconds=self.lasts_seconds)

    @property
    def is_spent(self) -> bool:
        """Whether every request that this fault was meant for has passed."""
        return self.seen >= self.nth + self.count - 1


@dataclass(slots=True)
class FaultPlan:
    """The faults that still wait for their request. At most one hits a request: the one that was set first."""

    waiting: list[Fault] = field(default_factory=list)
    _random: Random = field(default_factory=lambda: Random(0), repr=False)  # noqa: S311 - the same in every run
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, kind: FaultKind | str, **settings: Json) -> Fault:
        """Set a fault; the settings are the fields of :class:`Fault`."""
        fault = Fault(FaultKind(kind), **settings)
        with self._lock:
            self.waiting.append(fault)
        return fault

    def take(self, entry: HistoryEntry) -> Fault | None:
        """Count the request against every waiting fault and give the one that hits it."""
        hit: Fault | None = None
        with self._lock:
            matching = [fault for fault in self.waiting if fault.matches(entry)]
            over = [fault for fault in matching if fault.has_ended(entry.at)]
            for fault in matching:
                fault.seen += 1
                is_due = fault not in over and fault.seen >= fault.nth
                if hit is None and is_due and self._random.random() < fault.share:
                    hit = fault
            self.waiting = [fault for fault in self.waiting if not fault.is_spent and fault not in over]
        entry.fault = hit.kind.value if hit else None
        return hit

    def clear(self) -> None:
        """Forget every waiting fault."""
        with self._lock:
            self.waiting.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """The waiting faults, for the control endpoint."""
        with self._lock:
            return [asdict(fault) for fault in self.waiting]


def set_switches(switches: Json, changes: dict[str, Any]) -> None:
    """Set the named attributes of a switches dataclass.

    ``faults`` is a list of faults to add; the name of a method that sets a fault takes its arguments as an object.

    Raises:
        ValueError: a name is not a switch, or a fault is not one.
    """
    known = {item.name for item in fields(switches)}
    methods = {name for name, item in vars(type(switches)).items() if isfunction(item) and not name.startswith("_")}
    unknown = changes.keys() - known - methods
    if unknown:
        raise ValueError(f"no such switch: {', '.join(unknown)}; there are: {', '.join(sorted({*known, *methods}))}")
    for name, value in changes.items():
        try:
            _set_one(switches, name, value)
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from error


def _set_one(switches: Json, name: str, value: Json) -> None:
    current = getattr(switches, name)
    if name == "faults":
        for fault in value:
            switches.faults.add(**fault)
    elif callable(current):
        current(**value)
    else:
        setattr(switches, name, set(value) if isinstance(current, set) else value)
