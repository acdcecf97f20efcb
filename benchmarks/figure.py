"""One measured figure beside its yardstick."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """``ours`` against ``yardstick``, both in ``unit`` and of the same run; the ratio should be at most ``goal``."""

    name: str
    unit: str
    ours: float
    yardstick: float
    against: str
    goal: float

    @property
    def ratio(self) -> float:
        """Ours as a multiple of the yardstick; 0 where both are 0."""
        if self.yardstick == 0:
            return 0.0 if self.ours == 0 else float("inf")
        return self.ours / self.yardstick

    @property
    def is_met(self) -> bool:
        """Whether the goal is met."""
        return self.ratio <= self.goal


def as_table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table for people."""
    header = f"{'what':<44} {'ours':>9} {'yardstick':>10} {'ratio':>6} {'goal':>5}  against"
    lines = [
        f"{f.name:<44} {f.ours:>9.5g} {f.yardstick:>10.5g} {f.ratio:>6.2f} {f.goal:>5.2f}  "
        f"{f.against} ({f.unit}){'' if f.is_met else '   <- NOT MET'}"
        for f in figures
    ]
    return "\n".join([header, "-" * len(header), *lines])


def as_json(figures: Sequence[Figure]) -> str:
    """Return the figures as one JSON line, for machines."""
    return json.dumps([{**asdict(f), "ratio": round(f.ratio, 4), "is_met": f.is_met} for f in figures])
