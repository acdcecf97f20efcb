"""How many requests a portal takes now: the arithmetic of the rate gate, without database and clock.

A request counts from when it is let through until its answer is as old as HubSpot's window. HubSpot counts it when it
arrives, which is somewhere in between: so however slow it is, two windows' worth never arrive in one window. Times are
seconds since 1970.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

MARGIN_SECONDS = 0.02
"""What two machines' clocks may differ by in the course of a window."""
GRID_SECONDS = 0.05
"""Answers are kept together that are not further apart."""
BUNCH_SECONDS = 0.1
"""What a waiting worker waits longer for, so that several permits cost one look at the database."""
RESTART_SECONDS = 0.5
"""Pause between single requests after a refusal, until one goes well."""


class Policy(StrEnum):
    """What HubSpot counts apart (its ``policyName`` TEN_SECONDLY_ROLLING and SECONDLY)."""

    BURST = "burst"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds."""

    most: int
    seconds: float


FIRST_BURST_LIMIT = Limit(100, 10.0)
"""HubSpot docs, usage guidelines: the least there is (Free, Starter). The first answer says more."""
SEARCH_LIMIT = Limit(5, 1.0)
"""HubSpot docs, search: per account. Its answers carry no figures."""


@dataclass(frozen=True, slots=True)
class Use:
    """Requests that count until a time: those of a grant that is out, or those that were answered together."""

    until: float
    count: int
    grant_id: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a permit of a grant. ``used_at``: when its answer came; None: it was not needed."""

    policy: Policy
    grant_id: str
    used_at: float | None
    is_refused: bool = False
    said: Mapping[str, int] = field(default_factory=dict)
    """What the answer said of limits, under the names of ``rate_budget``."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of one policy of one portal."""

    uses: tuple[Use, ...] = ()
    paused_until: float = 0.0
    wary_from: float = 0.0
    """Since when one good answer is waited for after a refusal; 0: nothing has been refused since the last one."""
    others: int = 0
    """Requests of other programs, as far as HubSpot's count of what remains shows them."""
    others_until: float = 0.0

    @property
    def used(self) -> int:
        """How many requests of ours count."""
        return sum(use.count for use in self.uses)

    @property
    def is_wary(self) -> bool:
        """Whether the last that HubSpot said was a refusal."""
        return self.wary_from > 0.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of asking: a number of permits, or the seconds after which to ask again."""

    window: Window
    count: int = 0
    wait_seconds: float = 0.0
    is_paused: bool = False
    """Whether HubSpot asked for the wait, rather than our own count."""


def shared(most: int, percent: float) -> int:
    """Return our part of a limit: at least one request, at most all of it."""
    return max(1, math.floor(most * min(percent, 100.0) / 100.0))


def ours(window: Window, limit: Limit, percent: float, now: float) -> int:
    """Return how many requests of ours may count: our part of the limit, or what others leave of it."""
    others = window.others if window.others_until > now else 0
    return max(1, min(shared(limit.most, percent), limit.most - others))


def settle(window: Window, ended: Sequence[Ended], limit: Limit) -> Window:
    """Write down what became of permits: answered ones count for one more window, those not needed no longer."""
    for one in ended:
        window = _with_news(window, one, limit)
    out = Counter(one.grant_id for one in ended)
    rest = (replace(use, count=use.count - out[use.grant_id]) if use.grant_id else use for use in window.uses)
    answered = Counter(_counts_until(one.used_at, limit) for one in ended if one.used_at is not None)
    uses = (*(use for use in rest if use.count > 0), *(Use(until, count) for until, count in answered.items()))
    return replace(window, uses=uses)


def take(window: Window, wanted: int, *, most: int, grant_id: str, now: float, counts_until: float) -> Taken:
    """Let up to ``wanted`` requests through, where not more than ``most`` may count.

    ``counts_until`` is how long the grant counts if it is never heard of again.
    """
    window = replace(window, uses=tuple(use for use in window.uses if use.until > now))
    if window.paused_until > now:
        return Taken(window, wait_seconds=window.paused_until - now, is_paused=True)
    free = most - window.used
    if free <= 0:
        first, full = (_free_in(window.uses, count - free, now) for count in (1, wanted))
        return Taken(window, wait_seconds=min(full, first + BUNCH_SECONDS))
    count = 1 if window.is_wary else min(wanted, free)
    paused_until = now + RESTART_SECONDS if window.is_wary else window.paused_until
    out = Use(counts_until, count, grant_id)
    return Taken(replace(window, uses=(*window.uses, out), paused_until=paused_until), count)


def refuse(window: Window, until: float) -> Window:
    """Let nothing through until a time, and then one after another, because HubSpot said so."""
    return replace(window, paused_until=max(window.paused_until, until), wary_from=max(window.wary_from, until))


def _with_news(window: Window, one: Ended, limit: Limit) -> Window:
    if one.used_at is None:
        return window
    if not one.is_refused and one.used_at >= window.wary_from:
        window = replace(window, wary_from=0.0)
    if not {"burst_limit", "burst_remaining"} <= one.said.keys():
        return window
    counted = one.said["burst_limit"] - one.said["burst_remaining"]
    ours = sum(use.count for use in window.uses if use.until > one.used_at)
    return replace(window, others=max(counted - ours, 0), others_until=one.used_at + limit.seconds)


def _counts_until(used_at: float, limit: Limit) -> float:
    return round(math.ceil((used_at + limit.seconds + MARGIN_SECONDS) / GRID_SECONDS) * GRID_SECONDS, 3)


def _free_in(uses: Iterable[Use], count: int, now: float) -> float:
    """Return the seconds until ``count`` requests do not count any more."""
    last = now
    for use in sorted(uses, key=lambda use: use.until):
        last, count = use.until, count - use.count
        if count <= 0:
            break
    return last - now
