"""How an instant is spelled in sentences for people."""

from __future__ import annotations

from datetime import datetime


def utc_minute(at: datetime) -> str:
    """Return for example "2026-03-05 13:00 UTC"; ``at`` is in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
