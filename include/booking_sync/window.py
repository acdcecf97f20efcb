"""Which span of ``updated_at`` a run covers (rule W1): a pure decision.

Windows are half-open, ``[start, end)``, in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_sync.request import RunRequest

BACKFILL = "backfill"
MANUAL = "manual"
OPERATOR_TRIGGERED = "operator_triggered"
"""Started by a task of another DAG."""
PAGE = "integrations_page"
"""Stands where a run has the id of its DAG, for what people do on our pages."""


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of ``updated_at``."""

    start: datetime
    end: datetime

    @property
    def is_empty(self) -> bool:
        """Whether nothing can lie in the window."""
        return self.start >= self.end


@dataclass(frozen=True, slots=True)
class RunTrigger:
    """How a run came about, in the scheduler's words; ``interval`` is None where Airflow gave none or an empty one."""

    dag_id: str
    dag_run_id: str
    run_type: str
    requested_by: str
    interval: Window | None = None


def window_for(
    trigger: RunTrigger,
    request: RunRequest,
    *,
    connected_at: datetime,
    watermark: datetime,
    overlap_seconds: float,
    now: datetime,
) -> Window:
    """Decide the window of one integration.

    * What the form says counts as it stands, up to ``now``: what has not happened yet cannot be recorded.
    * A backfill covers its data interval, no more.
    * A scheduled run covers its data interval, stretched back to the watermark (the end of what is recorded without a
      gap) and an overlap for late news, but never beyond the moment of connecting (K5).
    * Everything else covers the time since the watermark, with the same overlap.
    """
    if request.window_start is not None:
        return Window(request.window_start, min(request.window_end or now, now))
    if trigger.run_type == BACKFILL and trigger.interval is not None:
        return Window(trigger.interval.start, min(trigger.interval.end, now))
    reach_back = timedelta(seconds=overlap_seconds)
    if trigger.run_type != MANUAL and trigger.interval is not None:
        start = min(trigger.interval.start, watermark) - reach_back
        return Window(max(start, connected_at), min(trigger.interval.end, now))
    return Window(max(watermark - reach_back, connected_at), now)


def first_connected_at(trigger: RunTrigger, request: RunRequest, *, now: datetime, lookback_seconds: float) -> datetime:
    """Say from when on a workspace that is seen for the first time in single-portal mode counts as connected.

    There is no click to date it by. A scheduled run takes the workspace on from its own data interval; a manual
    run that names nothing looks back a little, so that somebody who tries it out sees something happen; an
    explicit window or a backfill says by itself what it wants, so the workspace counts as connected from now on.
    """
    if request.window_start is not None or request.booking_ids or trigger.run_type == BACKFILL:
        return now
    if trigger.run_type != MANUAL and trigger.interval is not None:
        return trigger.interval.start
    return now - timedelta(seconds=lookback_seconds)


def advanced_watermark(watermark: datetime, window: Window) -> datetime:
    """Move the watermark to the end of a recorded window, if no gap lies between the two."""
    return max(watermark, window.end) if window.start <= watermark else watermark
