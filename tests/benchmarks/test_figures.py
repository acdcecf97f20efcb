"""How a figure is judged and shown."""

from __future__ import annotations

import json

import pytest
from benchmarks.figure import Figure, as_json, as_line


@pytest.mark.parametrize(
    ("ours", "yardstick", "goal", "is_at_least", "is_met"),
    [
        (20, 10, 2.0, False, True),
        (21, 10, 2.0, False, False),
        (0, 0, 0.0, False, True),
        (1, 0, 0.0, False, False),
        (95, 100, 0.95, True, True),
        (94, 100, 0.95, True, False),
        (1e9, 1, None, False, True),
    ],
)
def test_a_goal_is_met_on_its_own_side_only(
    *, ours: float, yardstick: float, goal: float | None, is_at_least: bool, is_met: bool
) -> None:
    figure = Figure("calls", "calls", ours, yardstick, "the floor", goal, is_at_least=is_at_least)
    assert figure.is_met is is_met
    assert ("NOT MET" in as_line(figure)) is not is_met


def test_the_line_for_machines_has_every_figure_with_its_ratio() -> None:
    figures = [Figure("a", "calls", 3, 2, "the floor", 2.0), Figure("b", "MB", 1, 4, "a rival", note="WRONG: moved")]
    read = json.loads(as_json(figures))
    assert [(one["name"], one["ratio"], one["is_met"], one["note"]) for one in read] == [
        ("a", 1.5, True, ""),
        ("b", 0.25, True, "WRONG: moved"),
    ]
