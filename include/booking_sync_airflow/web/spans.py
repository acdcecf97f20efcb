"""Times and numbers as people say them. Everything is UTC and says so."""

from __future__ import annotations

from datetime import datetime, timedelta

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def ago(at: datetime, now: datetime) -> str:
    """Say how long ago something was."""
    elapsed = now - at
    return "just now" if elapsed < timedelta(seconds=_MINUTE) else f"{_span(elapsed)} ago"


def until(at: datetime, now: datetime) -> str:
    """Say how long something is still to come."""
    left = at - now
    return "any moment" if left < timedelta(seconds=_MINUTE) else f"in {_span(left)}"


def moment_with_seconds(at: datetime) -> str:
    """Spell an instant where several things happen within a minute."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def day(at: datetime) -> str:
    """Spell a day."""
    return f"{at:%Y-%m-%d}"


def thousands(count: int) -> str:
    """Spell a number."""
    return f"{count:,}"


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= unit:
            count = seconds // unit
            return f"{count} {name}{'s' if count != 1 else ''}"
    return "less than a minute"


def within(seconds: int | None) -> str:
    """Spell the longest time of a class, shortly."""
    if seconds is None:
        return "longer than 7 days"
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def lasting(start: datetime, end: datetime) -> str:
    """Spell how long something took."""
    seconds = max(0, round((end - start).total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes} min {rest} s"
    return f"{minutes // _MINUTE} h {minutes % _MINUTE} min"
