"""How much of HubSpot's limit a run uses, with 250 ms before every answer: 110 calls in 10 s (apps), 190 (own keys).

The yardstick is our share of the limit (``rate_share_percent``): the rest is left to other programs. The sandbox
counts, from the first call that has to do with a change on, in whole windows of 10 s. The first window is left out (it
begins with the whole allowance), and the last one that is not full. Searches have a limit of their own.
A 429 in the first window is allowed: nobody can know what other apps of the portal have used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from benchmarks.figure import Figure
from benchmarks.passing import stage
from benchmarks.served import book, calls_from, calls_so_far, switch
from booking_sandbox.history import HistoryEntry
from booking_sync.rate_window import shared
from booking_sync.settings import Settings

LIMITS = (110, 190)
LATENCY_SECONDS = 0.25
WINDOW_SECONDS = 10.0
WINDOWS = 4.5
"""How many windows a run lasts that uses the limit up: one is left out at each end."""
LEAST_SHARE = 0.95
_CALLS_PER_BOOKING = 0.03
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Throughput:
    """Calls that were answered per window, and 429s after the first window."""

    per_window: float
    refused: int
    windows: int


def figures(limits: Sequence[int] = LIMITS, windows: float = WINDOWS) -> Iterator[Figure]:
    """Measure."""
    for limit in limits:
        found = measured(calls_of_a_run(limit, int(limit * windows / _CALLS_PER_BOOKING)))
        what = f"calls in 10 s where {limit} are allowed"
        ours = shared(limit, Settings().rate_share_percent)
        note = f"mean of {found.windows} windows after the first"
        yield Figure(what, "calls", found.per_window, ours, "our share", LEAST_SHARE, is_at_least=True, note=note)
        yield Figure(f"429s after the first 10 s, {limit} allowed", "answers", found.refused, 0, "none", 0.0)


def measured(calls: Sequence[HistoryEntry], window_seconds: float = WINDOW_SECONDS) -> Throughput:
    """Count what a run was answered, window by window.

    Raises:
        RuntimeError: the run was over before two windows were full, so that nothing can be said.
    """
    first, window = calls[0].at, timedelta(seconds=window_seconds)
    windows = int((calls[-1].at - first) / window)
    if windows <= 1:
        raise RuntimeError("the run was over too early")
    later = [one for one in calls if one.at >= first + window]
    refused = sum(one.status == _TOO_MANY for one in later)
    steady = [one for one in later if one.at < first + windows * window and one.status != _TOO_MANY]
    return Throughput(len(steady) / (windows - 1), refused, windows - 1)


def calls_of_a_run(limit: int, bookings: int, window_seconds: float = WINDOW_SECONDS) -> list[HistoryEntry]:
    """Pass bookings on under a limit, and return the calls that count for it, from the first batch on."""
    with stage(keeps_bodies=False) as ready:
        ready.sandbox.ask(book, bookings)
        before = ready.sandbox.ask(calls_so_far)
        limits = {"requests_per_window": limit, "window_seconds": window_seconds, "latency_seconds": LATENCY_SECONDS}
        ready.sandbox.ask(switch, limits)
        ready.pass_on()
        calls = [one for one in ready.sandbox.ask(calls_from, before) if not one.path.endswith("/search")]
    first = next(number for number, one in enumerate(calls) if "/batch/" in one.path)
    return calls[first:]
