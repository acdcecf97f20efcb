"""Times as HubSpot shows them, compared with ours. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

PRECISION = timedelta(milliseconds=1)
"""HubSpot keeps times in milliseconds."""


def shown_instant(text: str | None) -> datetime | None:
    """Return the instant that a property shows; None where there is none, or none that can be read."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def is_same_time(shown_at: datetime | None, expected_at: datetime) -> bool:
    """Say whether HubSpot shows this instant."""
    return shown_at is not None and abs(shown_at - expected_at) <= PRECISION
