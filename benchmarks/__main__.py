"""Run the benchmarks that are named, or all; end with 1 if a goal is not met."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.figure import Figure, as_json, as_table

NAMES = (
    "thousand",
    "overhead",
    "throughput",
    "quarter_hour",
    "diff_million",
    "backfill",
    "fortnight",
    "many",
    "dag_import",
)


def main(names: list[str]) -> int:
    """Measure and print."""
    figures: list[Figure] = []
    for name in names or NAMES:
        figures += import_module(f"benchmarks.{name}").figures()
    sys.stdout.write(f"{as_table(figures)}\n{as_json(figures)}\n")
    return 0 if all(figure.is_met for figure in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
