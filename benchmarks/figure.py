"""One measured figure beside its yardstick."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """``ours`` against ``yardstick``, both in ``unit`` and of the same run.

    The ratio should be at most ``goal``, or at least that much where ``is_at_least``. Without a goal the figure only
    tells something: a rival is shown with what it did, ``note`` says what else is to be known of it.
    """

    name: str
    unit: str
    ours: float
    yardstick: float
    against: str
    goal: float | None = None
    is_at_least: bool = False
    note: str = ""

    @property
    def ratio(self) -> float:
        """Ours as a multiple of the yardstick; 0 where both are 0."""
        if self.yardstick == 0:
            return 0.0 if self.ours == 0 else float("inf")
        return self.ours / self.yardstick

    @property
    def is_met(self) -> bool:
        """Whether the goal is met, where there is one."""
        if self.goal is None:
            return True
        return self.ratio >= self.goal if self.is_at_least else self.ratio <= self.goal


HEADER = f"{'what':<52} {'ours':>9} {'yardstick':>10} {'ratio':>7} {'goal':>7}  against"


def as_json(figures: Sequence[Figure]) -> str:
    """Return the figures as one JSON line, for machines."""
    return json.dumps([{**asdict(f), "ratio": round(f.ratio, 4), "is_met": f.is_met} for f in figures])


def as_line(figure: Figure) -> str:
    """Return one figure as a line under :data:`HEADER`, for people."""
    sign = "≥" if figure.is_at_least else "≤"
    goal = "" if figure.goal is None else f"{sign} {figure.goal:.4g}"
    numbers = f"{figure.ours:>9.5g} {figure.yardstick:>10.5g} {figure.ratio:>7.3g} {goal:>7}"
    note = f"; {figure.note}" if figure.note else ""
    missed = "" if figure.is_met else "   <- NOT MET"
    return f"{figure.name:<52} {numbers}  {figure.against} ({figure.unit}){note}{missed}"
