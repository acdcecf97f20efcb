"""Run the benchmarks that are named, or all; end with 1 if a goal is not met."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.figure import HEADER, Figure, as_json, as_line

NAMES = (
    "thousand",
    "overhead",
    "throughput",
    "quarter_hour",
    "diff_million",
    "backfill",
    "workspaces",
    "empty_run",
    "empty_run_scheduled",
    "fortnight",
    "many",
    "dag_import",
)


def main(names: list[str]) -> int:
    """Measure and print: each figure as soon as it is there, and all of them as one JSON line at the end."""
    figures: list[Figure] = []
    _print(f"{HEADER}\n{'-' * len(HEADER)}")
    for name in names or NAMES:
        for figure in import_module(f"benchmarks.{name}").figures():
            _print(as_line(figure))
            figures.append(figure)
    _print(as_json(figures))
    return 0 if all(figure.is_met for figure in figures) else 1


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
