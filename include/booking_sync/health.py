"""Whether the sync as a whole works, for machines that ask often and are not logged in: no names, ids or secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine

from booking_sync.alerts import troubles
from booking_sync.errors import BookingSyncError, ConfigurationError, SchemaOutOfDate
from booking_sync.states import AlertKind
from booking_sync.store.database import reading


class HealthState(StrEnum):
    """``degraded``: somebody has to look, and the rest goes on. ``failing``: nothing is passed on to anybody."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Health:
    """How it is, and why: a fixed word for each trouble, and how many integrations, plans or requests have it."""

    state: HealthState
    reasons: Mapping[str, int]


def look(engine: Engine, now: datetime, freshness: timedelta) -> Health:
    """Look for what operators are alerted to; nothing is recorded.

    Raises:
        StoreFailed: the database did not answer.
    """
    with reading(engine) as connection:
        reasons = Counter(str(trouble.kind) for trouble in troubles(connection, now, freshness))
    if AlertKind.NO_RUN in reasons:
        return Health(HealthState.FAILING, reasons)
    return Health(HealthState.DEGRADED if reasons else HealthState.OK, reasons)


def unable(error: BookingSyncError) -> Health:
    """Say that not even the database can be asked."""
    if isinstance(error, SchemaOutOfDate):
        return Health(HealthState.FAILING, {"schema": 1})
    word = "configuration" if isinstance(error, ConfigurationError) else "database"
    return Health(HealthState.FAILING, {word: 1})
