"""History of 10,000, 100,000 and, where ``BENCH_MILLION=1`` is set, 1,000,000 bookings in one run.

How fast it is with HubSpot's limits off, and how the highest memory grows: a run holds one chunk, however much there is
to do. Each size has a process and a sandbox of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from benchmarks.apart import Cost
from benchmarks.figure import Figure
from benchmarks.passing import stage
from benchmarks.served import book

SIZES = (10_000, 100_000)
MILLION = 1_000_000
MILLION_VARIABLE = "BENCH_MILLION"
MOST_MEMORY = 1.5


def figures(sizes: tuple[int, ...] = SIZES) -> Iterator[Figure]:
    """Measure."""
    wanted = (*sizes, MILLION) if os.environ.get(MILLION_VARIABLE) == "1" else sizes
    first, *others = wanted
    base, database_bytes = _backfill(first)
    yield _rate(first, base, database_bytes, _per_thousand(base, first), first)
    for size in others:
        cost, database_bytes = _backfill(size)
        yield _rate(size, cost, database_bytes, _per_thousand(base, first), first)
        what = f"backfill of {size:,}: highest memory"
        yield Figure(what, "MB", cost.peak_megabytes, base.peak_megabytes, f"a backfill of {first:,}", MOST_MEMORY)


def _backfill(size: int) -> tuple[Cost, int]:
    with stage(keeps_bodies=False) as ready:
        ready.sandbox.ask(book, size)
        return ready.pass_on(), ready.database.stat().st_size


def _per_thousand(cost: Cost, size: int) -> float:
    return 1_000 * cost.cpu_seconds / size


def _rate(size: int, cost: Cost, database_bytes: int, yardstick: float, first: int) -> Figure:
    what = f"backfill of {size:,}: our own work for 1,000"
    rate, kilobytes = size / cost.seconds, database_bytes / size / 1_000
    note = f"{rate:,.0f} bookings/s with a sandbox on the same machine, {kilobytes:.1f} kB of database for each"
    return Figure(what, "CPU s", _per_thousand(cost, size), yardstick, f"a backfill of {first:,}", note=note)
