"""The score card: what was really run and what came of it, printed at the end of a test run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

_cases: dict[str, Counter[str]] = {}
_figures: dict[str, str] = {}
_violations: Counter[str] = Counter()

Counted = tuple[dict[str, dict[str, int]], dict[str, str], dict[str, int]]

ROWS: Mapping[str, str] = {
    "boundaries": "1  boundaries hooked, of those in the source",
    "one fault": "2  one fault at every boundary",
    "two faults": "3  two faults at any two boundaries",
    "kill -9": "4  a worker process killed, stopped or overtaken for real, or left without its answer",
    "random faults": "5  random faults, several workspaces",
    "state machine": "6  state machine",
    "overlap": "7  overlapping workers",
    "airflow": "15 a real Airflow whose processes die, stop, lose touch or overlap",
}
"""Row → its title; the numbers are those of the score card in the docs."""


def count(row: str, cases: Mapping[str, int], violations: int = 0) -> None:
    """Count cases of a row by kind, and how many of them broke the promise."""
    _cases.setdefault(row, Counter()).update(cases)
    _violations[row] += violations


def figure(row: str, text: str) -> None:
    """Say a figure that is not a number of cases."""
    _figures[row] = text


def counted() -> Counted:
    """Return all that was counted here."""
    return {name: dict(cases) for name, cases in _cases.items()}, dict(_figures), dict(_violations)


def take_over(others: Counted | None) -> None:
    """Add what another process has counted."""
    cases, figures, violations = others or ({}, {}, {})
    for row, kinds in cases.items():
        count(row, kinds, violations.get(row, 0))
    _figures.update(figures)


def print_card(reporter: pytest.TerminalReporter) -> None:
    """Print the rows of which anything was run."""
    rows = [row for row in ROWS if row in _cases or row in _figures]
    if not rows:
        return
    reporter.section("score card")
    for row in rows:
        cases = _cases.get(row, Counter[str]())
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(cases.items()))
        parts = [_figures.get(row, "")]
        if cases:
            parts += [f"{cases.total():,} cases, {_violations[row]} violations ({kinds})"]
        reporter.write_line(f"{ROWS[row]}: {'; '.join(filter(None, parts))}")
