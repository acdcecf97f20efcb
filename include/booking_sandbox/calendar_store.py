"""Bookings in the order of the feed, with every version kept so that late visibility can be played."""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from typing import Any

Position = tuple[datetime, str]
"""Where a booking stands in the feed: (``updated_at``, ``id``)."""

Workspaces = frozenset[str] | None
"""The workspaces whose bookings are wanted; None means all."""

FIRST_ID = ""
"""Sorts before every booking id."""


@dataclass(slots=True)
class Version:
    """One state of a booking. The JSON text is made once, on the first page that shows it."""

    booking: dict[str, Any]
    workspace_id: str
    position: Position
    _text: str | None = None

    @property
    def text(self) -> str:
        """The booking as JSON."""
        if self._text is None:
            self._text = json.dumps(self.booking, ensure_ascii=False, separators=(",", ":"))
        return self._text


@dataclass(slots=True)
class BookingStore:
    """All bookings of all workspaces."""

    _versions: dict[str, list[Version]] = field(default_factory=dict)
    _everything: list[Position] = field(default_factory=list)
    _by_workspace: dict[str, list[Position]] = field(default_factory=dict)

    def put(self, version: Version) -> None:
        """Add a booking or its next version; its earlier place in the feed is given up."""
        booking_id = version.position[1]
        versions = self._versions.setdefault(booking_id, [])
        if versions:
            self._remove(versions[-1])
        versions.append(version)
        insort(self._everything, version.position)
        insort(self._by_workspace.setdefault(version.workspace_id, []), version.position)

    def current(self, booking_id: str) -> Version:
        """The newest version.

        Raises:
            KeyError: there is no such booking.
        """
        return self._versions[booking_id][-1]

    def __contains__(self, booking_id: str) -> bool:
        return booking_id in self._versions

    def __len__(self) -> int:
        return len(self._versions)

    def all_current(self, workspaces: Workspaces = None) -> Iterator[Version]:
        """Every booking in its newest version, in the order of the feed."""
        for _, booking_id in self._places(workspaces):
            yield self._versions[booking_id][-1]

    def window(
        self, workspaces: Workspaces, after: Position | None, since: datetime | None, until: datetime | None, limit: int
    ) -> list[Version]:
        """At most ``limit`` versions of the half-open window, behind ``after`` where that is given."""
        places = self._places(workspaces)
        start = bisect_left(places, (since, FIRST_ID)) if since else 0
        if after:
            start = max(start, bisect_left(places, after))
            if start < len(places) and places[start] == after:
                start += 1
        end = bisect_left(places, (until, FIRST_ID)) if until else len(places)
        return [self._versions[place[1]][-1] for place in places[start : min(end, start + limit)]]

    def late_window(
        self,
        workspaces: Workspaces,
        after: Position | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        *,
        visible_until: datetime,
    ) -> list[Version]:
        """Like :meth:`window`, as the feed looked to somebody who sees nothing that is newer than ``visible_until``."""
        found = []
        for versions in self._versions.values():
            seen = [version for version in versions if version.position[0] <= visible_until]
            if not seen or (workspaces is not None and seen[-1].workspace_id not in workspaces):
                continue
            moment = seen[-1].position[0]
            is_inside = (since is None or moment >= since) and (until is None or moment < until)
            if is_inside and (after is None or seen[-1].position > after):
                found.append(seen[-1])
        return sorted(found, key=lambda version: version.position)[:limit]

    def visible(self, booking_id: str, visible_until: datetime) -> Version | None:
        """The newest version that is not newer than ``visible_until``."""
        seen = [one for one in self._versions.get(booking_id, []) if one.position[0] <= visible_until]
        return seen[-1] if seen else None

    def _places(self, workspaces: Workspaces) -> list[Position]:
        if workspaces is None:
            return self._everything
        lists = [self._by_workspace.get(one, []) for one in workspaces]
        return lists[0] if len(lists) == 1 else list(merge(*lists))

    def _remove(self, version: Version) -> None:
        for places in (self._everything, self._by_workspace[version.workspace_id]):
            del places[bisect_left(places, version.position)]


def visible_until(now: datetime, late_seconds: float) -> datetime:
    """The newest ``updated_at`` that a feed which is late by so many seconds shows."""
    return now - timedelta(seconds=late_seconds)
