"""The kinds of drift that an audit reports, in plain words, and who mends them."""

from __future__ import annotations

from booking_sync.drift import DriftKind

DRIFTS: dict[str, tuple[str, str]] = {
    DriftKind.MISSING: ("Bookings without an activity", "A repair makes them."),
    DriftKind.DUPLICATE: ("Second activities of one booking", "A repair archives those that are ours and too many."),
    DriftKind.STALE: ("Activities that show an older state", "A repair writes them again."),
    DriftKind.ORPHAN: (
        "Activities of ours whose booking is not known",
        "Look at them in HubSpot; nothing removes them.",
    ),
    DriftKind.UNMAPPED: ("Activities of ours that are not recorded", "The next run takes them over."),
    DriftKind.FOREIGN_MARKER: ("Activities with a marker that is not ours", "Somebody copied or edited the marker."),
    DriftKind.WRONG_ASSOCIATION: ("Activities without a contact that they had", "Somebody took it off in HubSpot."),
    DriftKind.VANISHED: ("Bookings that Calendar.com returns no more", "Their activities are left as they are."),
    DriftKind.DELETED: (
        "Activities that somebody deleted in HubSpot",
        "The next change of the booking makes them again.",
    ),
    DriftKind.EDITED: ("Activities that somebody edited in HubSpot", "They stay so while the booking does not change."),
}
"""What it is, and what becomes of it."""
