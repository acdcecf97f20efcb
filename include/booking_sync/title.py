"""The title of an activity (A1, X1). Pure."""

from __future__ import annotations

from booking_sync.plain_text import cut, one_line

LONGEST_TITLE = 1_000
"""Most characters. HubSpot documents 65,536; nobody reads so much in one line."""

_CANCELED = "[Canceled]"


def title_of(event_name: str, *, is_canceled: bool) -> str:
    """Return the title; a cancelled event that is itself named so is not marked twice (X4)."""
    if is_canceled:
        return cut(one_line(f"{_CANCELED} {one_line(event_name).removeprefix(_CANCELED)}"), LONGEST_TITLE)
    return cut(one_line(f"Meeting - Calendar.com: {event_name}"), LONGEST_TITLE)
