"""Plots as plain shapes: what a template draws as SVG, beside a table with the same figures. Units are pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from booking_sync.freshness import LONGEST_OF_CLASS, TARGET_SECONDS
from booking_sync.sync_status import Span
from booking_sync_airflow.web.spans import within

WIDTH, HEIGHT = 720, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 8, 10, 26
_FLOOR = HEIGHT - _BOTTOM
_GAP = 3

OUTCOMES = (
    ("create", "created"),
    ("recreate", "recreated"),
    ("cancel", "cancelled"),
    ("update", "updated"),
    ("adopted", "taken over"),
)
"""Figure of a run, and what the plot calls it, from the bottom to the top."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle; ``kind`` decides its colour."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Tick:
    """One label on an axis."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One measured value."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """A row of dots; ``paths`` join those that follow each other without a gap."""

    kind: str
    dots: Sequence[Dot]
    paths: Sequence[str]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot without its words."""

    across: Sequence[Tick]
    up: Sequence[Tick]
    bars: Sequence[Bar] = ()
    lines: Sequence[Line] = ()
    target: float | None = None


def outcomes_plot(bins: Sequence[Span]) -> Plot:
    """Stack what each span of time brought."""
    most = _rounded(max((one.changes for one in bins), default=0))
    scale = (_FLOOR - _TOP) / most
    bars: list[Bar] = []
    for place, one in enumerate(bins):
        y = float(_FLOOR)
        for name, _ in OUTCOMES:
            height = one.counts.get(name, 0) * scale
            if height:
                y -= height
                bars.append(Bar(_x(bins, place) + _GAP / 2, y, _step(bins) - _GAP, height, name))
    up = [Tick(_FLOOR - most * part * scale, f"{round(most * part):,}") for part in (0, 0.5, 1)]
    return Plot(_days(bins), up, bars=bars)


def freshness_plot(bins: Sequence[Span]) -> Plot:
    """Draw how long changes took: each class of time is as high as the next, as on a logarithmic scale."""
    up = [Tick(_height(seconds), within(seconds)) for seconds in (60, 600, 2_100, 14_400, 604_800)]
    lines = [
        _line("p50", [(_middle(bins, i), one.p50_seconds, one.measured) for i, one in enumerate(bins)]),
        _line("p99", [(_middle(bins, i), one.p99_seconds, one.measured) for i, one in enumerate(bins)]),
    ]
    return Plot(_days(bins), up, lines=lines, target=_height(TARGET_SECONDS))


def _line(kind: str, values: Sequence[tuple[float, int | None, int]]) -> Line:
    """Join the values; spans in which nothing was measured interrupt the line."""
    dots: list[Dot] = []
    parts: list[list[Dot]] = [[]]
    for x, seconds, measured in values:
        if not measured:
            parts.append([])
            continue
        dot = Dot(x, _height(seconds if seconds is not None else LONGEST_OF_CLASS[-1]))
        dots.append(dot)
        parts[-1].append(dot)
    paths = [" ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in part) for part in parts if len(part) > 1]
    return Line(kind, dots, paths)


def _height(seconds: int) -> float:
    place = LONGEST_OF_CLASS.index(seconds)
    return _FLOOR - (place + 1) * (_FLOOR - _TOP) / len(LONGEST_OF_CLASS)


def _rounded(most: int) -> int:
    """Round up to a number that halves well."""
    if most <= 10:  # noqa: PLR2004 - a scale for a handful
        return 10
    unit = int(10 ** (len(str(most)) - 1))
    return next(unit * part // 2 for part in (2, 3, 4, 6, 8, 10, 12, 16, 20) if unit * part // 2 >= most)


def _step(bins: Sequence[Span]) -> float:
    return (WIDTH - _LEFT - _RIGHT) / max(len(bins), 1)


def _x(bins: Sequence[Span], place: int) -> float:
    return _LEFT + place * _step(bins)


def _middle(bins: Sequence[Span], place: int) -> float:
    return _x(bins, place) + _step(bins) / 2


def _days(bins: Sequence[Span]) -> list[Tick]:
    """Name each day where it begins."""
    return [Tick(_x(bins, i), f"{_day(one.start)}") for i, one in enumerate(bins) if one.start.hour == 0]


def _day(at: datetime) -> str:
    return f"{at:%a} {at.day}"
