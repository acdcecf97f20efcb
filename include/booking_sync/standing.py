"""Looking at our activities before they are written to or archived (D4).

The mapping gives an id. Whether the activity with that id is the booking's is for its marker to say: a row can be
wrong, a database can be older than what HubSpot holds. What carries the marker of another booking, or none that we know
of, is not touched; the booking's own is looked for by marker, and rows that were mixed up are put right.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from booking_sync.audited import OF_AN_APP
from booking_sync.clients.hubspot_model import KEY_PROPERTY, Activity
from booking_sync.fingerprint import MOST_GENERATIONS, generation_of
from booking_sync.store import corrections, drifts, mappings
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading
from booking_sync.store.integrations import load_portal
from booking_sync.work import Work

REVISION_PROPERTY = "calendar_booking_revision"
BOOKING_PROPERTY = "calendar_booking_id"
IDENTITY = (KEY_PROPERTY, REVISION_PROPERTY)
"""The properties by which an activity of ours, and what it shows, is recognised."""

SOURCE_PROPERTY = "hs_object_source"
OUTCOME_PROPERTY = "hs_meeting_outcome"
NOTES_PROPERTY = "hs_internal_meeting_notes"
LOOKED_AT = (
    *IDENTITY,
    BOOKING_PROPERTY,
    SOURCE_PROPERTY,
    "hs_meeting_title",
    "hs_meeting_start_time",
    "hs_meeting_end_time",
    OUTCOME_PROPERTY,
    NOTES_PROPERTY,
)
"""What one look brings along: who an activity is, what was written last, and what people type into it."""


@dataclass(frozen=True, slots=True)
class Sought:
    """An activity that is to be changed: the id that we have of it, whose it is, and the marker it should carry."""

    activity_id: str | None
    booking_id: str
    activity_key: str
    old_booking_id: str | None = None
    """The booking that it is taken over from: until that is written, it carries that one's marker (R6)."""

    @property
    def booking_ids(self) -> tuple[str, ...]:
        """The bookings whose marker it may carry."""
        return (self.booking_id, self.old_booking_id) if self.old_booking_id else (self.booking_id,)


def sought(stored: StoredChange) -> Sought:
    """Return what a change writes to."""
    taken_over = stored.old_booking_id if stored.takes_activity_over else None
    return Sought(stored.activity_id, stored.booking_id, stored.standing_key, taken_over)


def sought_old(stored: StoredChange) -> Sought:
    """Return what a change archives in the end."""
    return Sought(stored.old_activity_id, stored.old_booking_id or stored.booking_id, stored.activity_key)


MOST_SEEN = 10_000
"""How many of the activities that were looked at are kept."""


class Standing:
    """The activities that a worker has looked at, each once: an id never comes to mean another record.

    Of more than :data:`MOST_SEEN` the first are forgotten, and looked at again where they are needed.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._seen: dict[str, Activity | None] = {}
        self._unknown_marker: set[str] = set()
        self._noting = threading.Lock()
        with reading(work.services.engine) as connection:
            self._has_unique_key = bool(load_portal(connection, work.integration.portal_id).has_unique_key)
        self.is_addressed_by_marker = self._has_unique_key
        """Whether HubSpot takes the marker in place of an id: until it turns out that it does not."""

    def has_seen(self, activity_id: str | None) -> bool:
        """Say whether the activity has been looked at."""
        return activity_id in self._seen or activity_id in self._unknown_marker

    def look_at(self, activity_id: str) -> None:
        """Look at an activity whose marker HubSpot does not know, and never address it by its marker again."""
        self._unknown_marker.add(activity_id)
        self.read([activity_id])

    def read(self, activity_ids: Iterable[str], more: Sequence[str] = ()) -> dict[str, Activity]:
        """Return the live activities with :data:`LOOKED_AT`; one request for 100 that were not looked at before.

        ``more`` are further properties of those that were not.
        """
        wanted = list(dict.fromkeys(activity_ids))
        with self._noting:
            known = {activity_id: self._seen[activity_id] for activity_id in wanted if activity_id in self._seen}
        unseen = [activity_id for activity_id in wanted if activity_id not in known]
        if unseen:
            found = self._work.hubspot.activities_by_id(unseen, (*LOOKED_AT, *more))
            known |= {activity_id: found.get(activity_id) for activity_id in unseen}
            self._note({activity_id: known[activity_id] for activity_id in unseen})
        return {activity_id: seen for activity_id in wanted if (seen := known[activity_id]) is not None}

    def _note(self, seen: Mapping[str, Activity | None]) -> None:
        with self._noting:
            self._seen |= seen
            for activity_id in list(self._seen)[:-MOST_SEEN]:
                del self._seen[activity_id]

    def verify(self, wanted: Mapping[str, Sought]) -> dict[str, Activity]:
        """Return the activities that stand under the ids that we have and are their booking's.

        Ids that the mapping gives to the wrong booking are given back to the one whose marker they carry.
        """
        standing = self.read(one.activity_id for one in wanted.values() if one.activity_id)
        unmarked = self._known_by_history(standing)
        found = {name: activity for name, one in wanted.items() if (activity := self._of(one, standing, unmarked))}
        others = [one.activity_id for name, one in wanted.items() if name not in found]
        self._give_back([standing[activity_id] for activity_id in others if activity_id in standing])
        return found

    def locate(self, wanted: Mapping[str, Sought]) -> dict[str, Activity]:
        """Return the live activity of each booking: the one with its id, else the one that carries the marker."""
        found = self.verify(wanted)
        missing = [one for name, one in wanted.items() if name not in found]
        marked = self._by_marker(missing) if missing else {}
        return {name: marked[one.activity_key] for name, one in wanted.items() if one.activity_key in marked} | found

    def of_bookings(self, booking_ids: Sequence[str]) -> dict[str, list[Activity]]:
        """Return the live activities of ours that the search index knows of, by booking, newest first.

        Those that we have archived are left out: a person has restored them.
        """
        listed = activities_of_bookings(self._work, booking_ids)
        with reading(self._work.services.engine) as connection:
            known = drifts.archived_by_us(connection, self._work.integration.id, [one.id for one in listed])
        found: dict[str, list[Activity]] = {booking_id: [] for booking_id in booking_ids}
        for activity in listed:
            named = activity.properties.get(BOOKING_PROPERTY) or ""
            if named in found and self._is_marked_for(named, activity) and not known.get(activity.id):
                found[named].append(activity)
        return found

    def _of(
        self, one: Sought, standing: Mapping[str, Activity], unmarked: Collection[tuple[str, str]]
    ) -> Activity | None:
        """Return the activity with the id that we have, if it is the booking's.

        A person may have cleared its marker: then it is ours if the history, which no wrong row can have changed, says
        that we made it for this booking.
        """
        activity = standing.get(one.activity_id or "")
        key = activity.properties.get(KEY_PROPERTY) if activity else None
        if activity is None:
            return None
        if not key:
            return activity if any((owner, activity.id) in unmarked for owner in one.booking_ids) else None
        return activity if any(self._is_marked_for(owner, activity) for owner in one.booking_ids) else None

    def _is_marked_for(self, booking_id: str, activity: Activity) -> bool:
        key, workspace_id = activity.properties.get(KEY_PROPERTY), self._work.integration.workspace_id
        return bool(key) and generation_of(workspace_id, booking_id, str(key), most=MOST_GENERATIONS) is not None

    def _known_by_history(self, standing: Mapping[str, Activity]) -> set[tuple[str, str]]:
        unmarked = [activity.id for activity in standing.values() if not activity.properties.get(KEY_PROPERTY)]
        if not unmarked:
            return set()
        with reading(self._work.services.engine) as connection:
            return mappings.made_for(connection, self._work.integration.id, unmarked)

    def _give_back(self, activities: Sequence[Activity]) -> None:
        """Give activities that were mapped to the wrong booking back to the one whose marker they carry."""
        by_key = {key: activity.id for activity in activities if (key := activity.properties.get(KEY_PROPERTY))}
        if by_key:
            with self._work.recording() as (connection, _):
                corrections.give_back(connection, self._work.integration.id, by_key)

    def _by_marker(self, missing: Sequence[Sought]) -> dict[str, Activity]:
        """Look for activities by marker: in a portal that does not enforce it, through the search index, by booking."""
        keys = [one.activity_key for one in missing]
        if self._has_unique_key:
            return self._work.hubspot.activities_by_key(keys, LOOKED_AT)
        found = activities_of_bookings(self._work, [owner for one in missing for owner in one.booking_ids])
        return {key: one for one in found if (key := one.properties.get(KEY_PROPERTY)) in keys and key}


def activities_of_bookings(work: Work, booking_ids: Sequence[str]) -> list[Activity]:
    """Return the live activities that an app has made for these bookings, newest first: a person's copy is not ours.

    As far as the search index knows of them; what they are is read by id.
    """
    listed = work.hubspot.activity_ids_of(BOOKING_PROPERTY, booking_ids)
    read = work.hubspot.activities_by_id(listed, LOOKED_AT) if listed else {}
    ours = [one for one in read.values() if one.properties.get(SOURCE_PROPERTY) == OF_AN_APP]
    return sorted(ours, key=lambda activity: int(activity.id), reverse=True)
