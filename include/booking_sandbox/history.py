"""What was asked of a sandbox server: every API request, in order, with what it did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, overload


@dataclass(slots=True)
class HistoryEntry:
    """One request. ``status`` is None while it is being served, and stays None where no answer was sent.

    ``attempted`` counts the records that the request named, ``effected`` those that it changed; for a read both stay 0.
    """

    number: int
    at: datetime
    method: str
    path: str
    query: dict[str, str]
    body: Any = None
    portal_id: int | None = None
    status: int | None = None
    attempted: int = 0
    effected: int = 0
    is_write: bool = False
    fault: str | None = None
    effected_ids: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The entry for the control endpoint; the body is left out because it holds people's data."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "portal_id": self.portal_id,
            "status": self.status,
            "attempted": self.attempted,
            "effected": self.effected,
            "effected_ids": self.effected_ids,
            "is_write": self.is_write,
            "fault": self.fault,
        }


RequestHook = Callable[[HistoryEntry, str], None]
"""Called with "before" (nothing done yet) and "after" (effect applied, answer not yet sent)."""


class History:
    """The requests of one server, numbered from 1; safe to read while requests arrive."""

    def __init__(self) -> None:
        self._entries: list[HistoryEntry] = []
        self._lock = threading.Lock()

    def open(self, at: datetime, method: str, path: str, query: dict[str, str]) -> HistoryEntry:
        """Append the entry of a request that has just arrived."""
        with self._lock:
            entry = HistoryEntry(len(self._entries) + 1, at, method, path, query)
            self._entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget everything; the next request is number 1 again."""
        with self._lock:
            self._entries.clear()

    def matching(self, path: str = "", method: str = "") -> list[HistoryEntry]:
        """The requests whose path contains ``path``, optionally of one method."""
        return [entry for entry in self if path in entry.path and method in {"", entry.method}]

    def of_portal(self, portal_id: int) -> list[HistoryEntry]:
        """The requests that were made with a token of one portal, or that gave one of its tokens."""
        return [entry for entry in self if entry.portal_id == portal_id]

    def writes(self) -> list[HistoryEntry]:
        """Only the requests that could change something."""
        return [entry for entry in self if entry.is_write]

    def __iter__(self) -> Iterator[HistoryEntry]:
        with self._lock:
            return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> HistoryEntry: ...
    @overload
    def __getitem__(self, index: slice) -> list[HistoryEntry]: ...
    def __getitem__(self, index: int | slice) -> HistoryEntry | list[HistoryEntry]:
        return self._entries[index]
