"""The overview behind every page, with Calendar.com's list of workspaces remembered for a minute.

Looking at a page must not wait for another service each time, nor fail with it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_sync.errors import BookingSyncError
from booking_sync.model import Workspace
from booking_sync.overview import Overview, overview
from booking_sync.services import Services

FRESH = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class _Listed:
    at: datetime
    workspaces: Sequence[Workspace]
    problem: str | None


class WorkspaceMemory:
    """The workspaces as they were listed last, for each mapping database; shared by the threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listed: dict[str, _Listed] = {}

    def list(self, services: Services) -> tuple[Sequence[Workspace], str | None]:
        """Return the workspaces, and what is wrong where Calendar.com could not be asked.

        It is asked again after a minute, also where it failed: then the last list stays.
        """
        installation = str(services.engine.url)
        with self._lock:
            known = self._listed.get(installation)
            if known is None or services.clock() - known.at >= FRESH:
                known = self._listed[installation] = _asked(services, known)
        return known.workspaces, known.problem


_memory = WorkspaceMemory()


def current_overview(services: Services) -> Overview:
    """Read everything that the pages show; asks Calendar.com once a minute at most."""
    workspaces, problem = _memory.list(services)
    return overview(services, workspaces, problem=problem)


def _asked(services: Services, known: _Listed | None) -> _Listed:
    try:
        return _Listed(services.clock(), list(services.calendar.workspaces()), None)
    except BookingSyncError as error:
        return _Listed(services.clock(), known.workspaces if known else (), str(error))
