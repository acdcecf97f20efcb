"""One read of Calendar.com's feed across workspaces for all integrations of a shard, in place of one read for each.

Contract, ``/v1/bookings``: a platform key then needs requests per change, not per workspace. Only for windows of a day
or less and a bounded number of bookings, which are held in memory. Whatever is odd about the read, or about one booking
in it, has every workspace read by itself, where it is told and kept apart from the others (W6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from booking_sync.clients.calendar import CalendarClient
from booking_sync.errors import BookingSyncError
from booking_sync.window import Window

WORTH_IT_FROM = 5
"""For how many workspaces one read of everything is taken to cost less than one for each."""

LONGEST = timedelta(days=1)
MOST_BOOKINGS = 20_000

Page = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SharedFeed:
    """Raw bookings by workspace, for every window inside ``window``."""

    window: Window
    by_workspace: Mapping[str, Page] = field(repr=False)

    def covers(self, window: Window) -> bool:
        """Say whether everything of a window was read."""
        return self.window.start <= window.start and window.end <= self.window.end

    def pages(self, workspace_id: str, window: Window) -> Iterator[Page]:
        """Yield the workspace's bookings of a window; one whose time cannot be read is not left out."""
        mine = [one for one in self.by_workspace.get(workspace_id, ()) if _is_inside(one, window)]
        if mine:
            yield mine


def read_shared_feed(calendar: CalendarClient, windows: Sequence[Window | None]) -> SharedFeed | None:
    """Read what the windows cover together, or return None where each workspace is to be read by itself.

    A window that reaches back further than a day is left out: that integration is catching up, and reads by itself.
    """
    asked = [window for window in windows if window is not None and not window.is_empty]
    if not asked:
        return None
    end = max(window.end for window in asked)
    recent = [window for window in asked if window.start >= end - LONGEST]
    if len(recent) < WORTH_IT_FROM:
        return None
    return _read(calendar, Window(min(window.start for window in recent), end))


def _read(calendar: CalendarClient, whole: Window) -> SharedFeed | None:
    found: dict[str, Page] = {}
    count = 0
    try:
        for page in calendar.bookings_changed_everywhere(whole.start, whole.end):
            count += len(page)
            for payload in page:
                workspace_id = payload.get("workspace_id")
                if not isinstance(workspace_id, str) or count > MOST_BOOKINGS:
                    return None
                found.setdefault(workspace_id, []).append(payload)
    except BookingSyncError:
        return None
    return SharedFeed(whole, found)


def _is_inside(payload: Mapping[str, Any], window: Window) -> bool:
    try:
        return window.start <= datetime.fromisoformat(payload["updated_at"]) < window.end
    except (KeyError, TypeError, ValueError):
        return True
