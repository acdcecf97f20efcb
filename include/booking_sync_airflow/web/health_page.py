"""``GET /booking-sync/health``, for load balancers and probes: the one route that needs no log-in.

So it says nothing that an outsider could use, and asks the database once in :data:`KEPT_SECONDS` at most.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from fastapi import APIRouter, status
from fastapi.responses import JSONResponse

from booking_sync.errors import BookingSyncError
from booking_sync.health import Health, HealthState, look, unable
from booking_sync.settings import Settings
from booking_sync.store.clock import database_clock
from booking_sync_airflow.database import database_url
from booking_sync_airflow.web.backing import engine_of

KEPT_SECONDS = 5.0

router = APIRouter()


@router.get("/health")
def health() -> JSONResponse:
    """Answer 200 while anything is passed on, 503 where nothing is."""
    found = _latest.get()
    code = status.HTTP_503_SERVICE_UNAVAILABLE if found.state is HealthState.FAILING else status.HTTP_200_OK
    return JSONResponse({"status": found.state.value, "reasons": dict(found.reasons)}, code)


def _look() -> Health:
    try:
        settings = Settings.from_environment(os.environ)
        engine = engine_of(database_url())
        return look(engine, database_clock(engine)(), timedelta(seconds=settings.freshness_seconds))
    except BookingSyncError as error:
        return unable(error)


class Latest:
    """What was found last, looked for anew when that is some seconds old, by one caller at a time."""

    def __init__(self, look_now: Callable[[], Health], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._look_now = look_now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._found: tuple[float, Health] | None = None

    def get(self) -> Health:
        """Return it."""
        with self._lock:
            now = self._monotonic()
            if self._found is None or now - self._found[0] >= KEPT_SECONDS:
                self._found = (now, self._look_now())
            return self._found[1]


_latest = Latest(_look)
