"""A million bookings that were read against a million that are recorded: ours, and the engines that others use.

Each in a process of its own, with both tables in its own form before the clock starts; medians of CPU seconds, because
threads and a busy machine move the wall clock. Ours and the quick ones in turn, several rounds, the others once. The
engines that get a class wrong are shown with it, and do not count as the fastest.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.apart import Cost, in_fresh_process, metered
from benchmarks.diff_inputs import CANCELED, MOVED, NEW, UNCHANGED, Columns, tables
from benchmarks.diff_rivals import ENGINES, QUICK_ENGINES
from benchmarks.figure import Figure
from booking_sync.diff import Keys, diff

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
    """Compare with the function that a run calls for each of its chunks, here all at once.

    Raises:
        RuntimeError: a booking is in a wrong class.
    """
    given = tables(rows)
    read, recorded = _keys(given.read), _keys(given.recorded)
    with metered() as cost:
        found = diff(read, recorded)
        unchanged = read.booking_ids[found.is_unchanged].tolist()
        to_decide = read.booking_ids[~found.is_unchanged].tolist()
    decide = given.expected[NEW] | given.expected[MOVED] | given.expected[CANCELED]
    if {one.decode() for one in unchanged} != given.expected[UNCHANGED] or {
        one.decode() for one in to_decide
    } != decide:
        raise RuntimeError("our own diff is wrong")
    return cost


def _keys(columns: Columns) -> Keys:
    """Return one side as the product holds it, with fingerprints that are text."""
    ids = columns["booking_id"].tolist()
    schedules, contents = ([f"{value:016x}" for value in columns[name].tolist()] for name in ("schedule", "content"))
    states = columns["state"].tolist()
    rows = zip(ids, repeat(1), states, schedules, contents, repeat(""), repeat(False))
    return Keys.of(list(rows))


def _rival(name: str, rows: int) -> dict[str, Any]:
    command = [str(RIVALS_PYTHON), "-m", "benchmarks.diff_rivals", name, str(rows)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S603 - our own code
    cost: dict[str, Any] = json.loads(ran.stdout)
    return cost


def _note(runs: list[dict[str, Any]]) -> str:
    seconds, extra = (median(one[name] for one in runs) for name in ("seconds", "extra_megabytes"))
    wrong = f"WRONG: {', '.join(runs[0]['wrong'])}" if runs[0]["wrong"] else "all right"
    return f"{seconds:.2f} s, {extra:.0f} MB above its inputs, {wrong}"
