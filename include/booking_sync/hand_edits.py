"""What a person has changed on an activity of ours, as far as it can be told from what was written last (R5). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape

from booking_sync.activity_body import activity_body
from booking_sync.decision import Recorded
from booking_sync.fingerprint import content_fingerprint, schedule_fingerprint
from booking_sync.model import Booking, BookingStatus
from booking_sync.render import render_title
from booking_sync.shown_times import is_same_time, shown_instant
from booking_sync.states import RecordedState

LOOKED_AT = ("calendar_event_name", "hs_meeting_body")
"""What is needed besides title, times and outcome."""

_TAG = re.compile(r"<[^>]*>")


def edited_fields(shown: Mapping[str, str | None], recorded: Recorded, booking: Booking) -> tuple[str, ...]:
    """Return the names of what differs from what we wrote; ``booking`` is the newer state, whose place it is to take.

    The body can only be judged where nothing but the times has changed: what it told before is not kept.
    """
    if not recorded.schedule_fingerprint or recorded.start_at is None or recorded.end_at is None:
        return ()
    same = {
        "title": (shown.get("hs_meeting_title") or "").strip() == _title(shown, recorded, booking).strip(),
        "start": is_same_time(shown_instant(shown.get("hs_meeting_start_time")), recorded.start_at),
        "end": is_same_time(shown_instant(shown.get("hs_meeting_end_time")), recorded.end_at),
        "outcome": shown.get("hs_meeting_outcome") == recorded.shown_outcome,
        "body": _is_same_body(shown.get("hs_meeting_body"), recorded, booking),
    }
    return tuple(name for name, is_same in same.items() if not is_same)


def _title(shown: Mapping[str, str | None], recorded: Recorded, booking: Booking) -> str:
    """Return the title that was written: the event's name then is a property of its own (A2)."""
    is_canceled = recorded.state is RecordedState.CANCELED
    status = BookingStatus.CANCELED if is_canceled else BookingStatus.SCHEDULED
    return render_title(replace(booking, event_name=shown.get("calendar_event_name") or "", status=status))


def _is_same_body(body: str | None, recorded: Recorded, booking: Booking) -> bool:
    if recorded.start_at is None or recorded.end_at is None:
        return True
    before = replace(booking, start_at=recorded.start_at, end_at=recorded.end_at)
    is_known = (schedule_fingerprint(before), content_fingerprint(before)) == (
        recorded.schedule_fingerprint,
        recorded.content_fingerprint,
    )
    return not is_known or _words(body or "") == _words(activity_body(before))


def _words(html: str) -> list[str]:
    """Return the words of a page: HubSpot may rewrite its tags."""
    return unescape(_TAG.sub(" ", html)).split()
