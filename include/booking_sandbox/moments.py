"""Moments in the two wire forms: Calendar.com's microseconds and HubSpot's milliseconds, always UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present moment as an aware datetime in UTC."""

_OFFSET_LENGTH = len("+00:00")


def system_clock() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


def microseconds(moment: datetime) -> str:
    """``2026-11-22T09:00:00.000000Z``, the form of the booking API."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-_OFFSET_LENGTH] + "Z"


def milliseconds(moment: datetime) -> str:
    """``2026-11-22T09:00:00.000Z``, the form in which HubSpot answers every date and time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-_OFFSET_LENGTH] + "Z"


def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 moment that names its offset.

    Raises:
        ValueError: the text is not a moment, or has no offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the moment has no offset")
    return moment.astimezone(UTC)
