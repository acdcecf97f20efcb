"""When a meeting takes place, in words and in a named time zone.

Day and month names are written here: those of :mod:`calendar` follow the locale of the machine.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)

_TO = "\N{EN DASH}"

_ZONE_NAME = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)
"""IANA names start with a capital; the machine's own "localtime" and "right/…" (which counts leap seconds) do not."""

_LONGEST_ZONE_NAME = 64


@lru_cache(maxsize=1024)
def zone_named(name: str | None) -> ZoneInfo | None:
    """Return the IANA zone, old names (``Europe/Kiev``) included; None where there is no such zone."""
    if not name or len(name) > _LONGEST_ZONE_NAME or not _ZONE_NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # OSError: the name of a folder, as "Europe"
        return None


def span_in_zone(start_at: datetime, end_at: datetime, zone: ZoneInfo) -> str:
    """Return for example "Thursday, 5 March 2026, 14:00-14:30 (Europe/Berlin, UTC+01:00)".

    The offset tells the two 02:30 of an autumn night apart; both are given where it changes during the meeting.
    """
    start, end = start_at.astimezone(zone), end_at.astimezone(zone)
    offset, offset_at_end = _offset(start), _offset(end)
    offsets = offset if offset == offset_at_end else f"{offset} to {offset_at_end}"
    return f"{_span(start, end)} ({zone.key}, {offsets})"


def span_in_utc(start_at: datetime, end_at: datetime) -> str:
    """Return for example "Thursday, 5 March 2026, 13:00-13:30 (UTC)"."""
    return f"{_span(start_at.astimezone(UTC), end_at.astimezone(UTC))} (UTC)"


def duration_in_words(minutes: int) -> str:
    """Return for example "1 h 30 min"."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _span(start: datetime, end: datetime) -> str:
    if start.date() == end.date():
        return f"{_day(start)}, {_clock(start)}{_TO}{_clock(end)}"
    return f"{_day(start)}, {_clock(start)} {_TO} {_day(end)}, {_clock(end)}"


def _day(at: datetime) -> str:
    return f"{_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year}"


def _clock(at: datetime) -> str:
    return f"{at.hour:02}:{at.minute:02}"


def _offset(at: datetime) -> str:
    offset = at.utcoffset()
    return str(timezone(offset)) if offset else "UTC+00:00"
