"""A million bookings that were read against a million that are recorded: ours, and the engines that others use.

Each in a process of its own, with both tables in its own form before the clock starts; medians of CPU seconds, because
threads and a busy machine move the wall clock. Ours and the quick ones in turn, several rounds, the others once. The
engines that get a class wrong are shown with it, and do not count as the fastest.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.apart import Cost, in_fresh_process, metered
from benchmarks.diff_inputs import CANCELED, MOVED, NEW, UNCHANGED, Columns, Tables, tables
from benchmarks.diff_rivals import ENGINES, QUICK_ENGINES
from benchmarks.figure import Figure
from booking_sync.diff import COLUMNS, diff
from booking_sync.planning import CHUNK

ROWS = 1_000_000
ROUNDS = 3
MOST_TIMES_THE_FASTEST = 2.0
MOST_EXTRA_MEGABYTES = 250
ROOT = Path(__file__).parents[1]
RIVALS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
"""Where the rivals are installed: by ``make bench``, from requirements-bench.txt."""


def figures(rows: int = ROWS, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Measure."""
    ours: list[Cost] = []
    rivals: dict[str, list[dict[str, Any]]] = {name: [] for name in ENGINES}
    for number in range(rounds):
        ours.append(in_fresh_process(our_cost, rows))
        for name in ENGINES if number == 0 else QUICK_ENGINES:
            rivals[name].append(_rival(name, rows))
    what = f"diff of {rows:,} and {rows:,}"
    mine = median(one.cpu_seconds for one in ours)
    theirs = {name: median(one["cpu_seconds"] for one in runs) for name, runs in rivals.items()}
    fastest = min((name for name in rivals if not rivals[name][0]["wrong"]), key=theirs.__getitem__)
    for name, runs in rivals.items():
        goal = MOST_TIMES_THE_FASTEST if name == fastest else None
        yield Figure(what, "CPU s", mine, theirs[name], name, goal, note=_note(runs))
    extra = median(one.extra_megabytes for one in ours)
    yield Figure(f"{what}: memory above the inputs", "MB", extra, MOST_EXTRA_MEGABYTES, "what we allow ourselves", 1.0)


def our_cost(rows: int) -> Cost:
    """Compare as a run does: chunk by chunk in the order of the ids, each with the recorded rows of its span of ids.

    Raises:
        RuntimeError: a booking is in a wrong class.
    """
    given = tables(rows)
    read, recorded = our_frames(given)
    unchanged: list[str] = []
    to_decide: list[str] = []
    with metered() as cost:
        for some, theirs in _chunks(read, recorded):
            found = diff(some, theirs)
            unchanged += found.unchanged
            to_decide += found.to_decide
    decide = given.expected[NEW] | given.expected[MOVED] | given.expected[CANCELED]
    if set(unchanged) != given.expected[UNCHANGED] or set(to_decide) != decide:
        raise RuntimeError("our own diff is wrong")
    return cost


def _chunks(read: pd.DataFrame, recorded: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    ids, theirs = (frame["booking_id"].to_numpy(dtype=object) for frame in (read, recorded))
    starts = range(0, len(ids), CHUNK)
    bounds = [*np.searchsorted(theirs, ids[::CHUNK]), len(theirs)]
    for start, first, last in zip(starts, bounds, bounds[1:], strict=False):
        yield read.iloc[start : start + CHUNK], recorded.iloc[first:last]


def our_frames(given: Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both sides with the columns of the product, whose fingerprints are text."""
    return _frame(given.read), _frame(given.recorded)


def _frame(columns: Columns) -> pd.DataFrame:
    rows = len(columns["booking_id"])
    texts = {
        f"{name}_fingerprint": np.array([f"{value:016x}" for value in columns[name].tolist()], dtype=object)
        for name in ("schedule", "content")
    }
    more = {
        "version": np.ones(rows, dtype=np.int64),
        "guests_fingerprint": np.full(rows, "", dtype=object),
        "is_no_show": np.zeros(rows, dtype=bool),
    }
    plain = {name: columns[name] for name in ("booking_id", "state")}
    return pd.DataFrame({**plain, **texts, **more})[list(COLUMNS)]


def _rival(name: str, rows: int) -> dict[str, Any]:
    command = [str(RIVALS_PYTHON), "-m", "benchmarks.diff_rivals", name, str(rows)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S603 - our own code
    cost: dict[str, Any] = json.loads(ran.stdout)
    return cost


def _note(runs: list[dict[str, Any]]) -> str:
    seconds, extra = (median(one[name] for one in runs) for name in ("seconds", "extra_megabytes"))
    wrong = f"WRONG: {', '.join(runs[0]['wrong'])}" if runs[0]["wrong"] else "all right"
    return f"{seconds:.2f} s, {extra:.0f} MB above its inputs, {wrong}"
