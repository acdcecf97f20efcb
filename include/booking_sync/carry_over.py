"""What people added to an activity in HubSpot goes to the one that takes its place (R5).

It is read from the old activity before the new one is made, and made with it in one request: a request that is repeated
finds it again, because the old activity is archived last (R4). Associations of a thousand activities are read at once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from booking_sync.clients.hubspot_model import Activity, ObjectRef
from booking_sync.decision import Recorded
from booking_sync.errors import MissingScope
from booking_sync.hand_edits import LOOKED_AT, edited_fields
from booking_sync.model import Booking
from booking_sync.standing import NOTES_PROPERTY, Standing, sought_old
from booking_sync.store import mappings, planned_changes
from booking_sync.store.changes import StoredChange
from booking_sync.store.database import reading
from booking_sync.work import Work

Associated = Mapping[str, Sequence[str]]
"""Object type → ids of what is associated with one activity."""

CONTACTS = "contacts"
CARRIED_TYPES = (CONTACTS, "companies", "deals", "tickets")
MOST_AT_ONCE = 1_000
"""HubSpot docs, associations: at most 1,000 inputs a read."""

MOST_READ_AHEAD = 3 * MOST_AT_ONCE
"""Of how many activities the associations are kept; what was read longest ago has most likely been used."""

EDITED = "edited_in_hubspot"
"""Begins the warning of a change whose old activity a person has changed; the booking is the truth (R5)."""


NOT_CARRIED = "not_carried_over"
"""Begins the warning of a change that leaves behind what people attached, for want of a scope."""

OTHERS_REFUSED = f"{NOT_CARRIED}: HubSpot does not let us attach what people had attached to the old activity"
"""Warning of a change that is sent without them, because HubSpot wants a scope for it that we do not have."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What the old activity of a change holds. ``contact_ids`` are all contacts on it: each of them stands."""

    others: tuple[ObjectRef, ...] = ()
    """What is associated with it and does not come from the booking."""
    notes: str | None = field(default=None, repr=False)
    contact_ids: frozenset[str] = frozenset()
    edits: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Kinds of objects that we may not look at."""

    def news(self, stored: StoredChange) -> list[str]:
        """Return what the run has to tell of the old activity, unless the change says it already."""
        topics = (
            (EDITED, self.edits, "not carried over"),
            (NOT_CARRIED, self.unreadable, "HubSpot wants a scope for them that it was not given"),
        )
        return [
            f"{topic}: {', '.join(what)} of activity {stored.old_activity_id}; {why}"
            for topic, what, why in topics
            if what and not any(warning.startswith(topic) for warning in stored.warnings)
        ]

    def without_others(self) -> Carried:
        """Return it without what is attached but contacts: HubSpot did not take an activity with it."""
        return replace(self, others=tuple(one for one in self.others if one.object_type == CONTACTS))


NOTHING = Carried()


class CarryOver:
    """Reads for one worker what is to be carried over."""

    def __init__(self, work: Work, standing: Standing) -> None:
        self._work = work
        self._standing = standing
        self._associated: dict[str, Associated] = {}
        self._unreadable: dict[str, None] = {}
        self._reading = threading.Lock()

    def of(self, batch: Sequence[tuple[StoredChange, Booking]]) -> dict[str, Carried]:
        """Return it by change id, for those whose old activity stands and is ours (D4)."""
        replacing = [(stored, booking) for stored, booking in batch if stored.old_activity_id]
        if not replacing:
            return {}
        self._standing.read((str(stored.old_activity_id) for stored, _ in replacing), LOOKED_AT)
        ours = self._standing.verify({stored.id: sought_old(stored) for stored, _ in replacing})
        with self._reading:  # one batch reads for those that come after it
            associated = self._read_associations([activity.id for activity in ours.values()])
        owners = {stored.id: stored.old_booking_id or stored.booking_id for stored, _ in replacing}
        with reading(self._work.services.engine) as connection:
            recorded = mappings.load_recorded(connection, self._work.integration.id, owners.values())
            known = mappings.known_contacts(connection, self._work.integration.id, list(owners.values()))
        carried = {
            stored.id: self._carried(
                ours[stored.id],
                associated[ours[stored.id].id],
                recorded.get(owners[stored.id]),
                known.get(owners[stored.id], ()),
                booking,
            )
            for stored, booking in replacing
            if stored.id in ours
        }
        bare = {stored.id for stored, _ in replacing if OTHERS_REFUSED in stored.warnings}
        return {id_: one.without_others() if id_ in bare else one for id_, one in carried.items()}

    def forget(self, stored: StoredChange) -> None:
        """Have the associations read again: HubSpot refused to make an activity with them."""
        self._associated.pop(str(stored.old_activity_id), None)

    def _carried(
        self,
        activity: Activity,
        associated: Associated,
        recorded: Recorded | None,
        known: Sequence[str],
        booking: Booking,
    ) -> Carried:
        others = tuple(
            ObjectRef(kind, id_)
            for kind in CARRIED_TYPES
            for id_ in associated[kind]
            if kind != CONTACTS or id_ not in known
        )
        edits = edited_fields(activity.properties, recorded, booking) if recorded is not None else ()
        notes, contact_ids = activity.properties.get(NOTES_PROPERTY) or None, frozenset(associated[CONTACTS])
        return Carried(others, notes, contact_ids, edits, tuple(self._unreadable))

    def _read_associations(self, activity_ids: Sequence[str]) -> dict[str, Associated]:
        """Return the associations of these, and keep those of the next ones: up to a thousand cost the same to read."""
        if missing := [id_ for id_ in activity_ids if id_ not in self._associated]:
            self._read_ahead(missing)
        found = {id_: self._associated[id_] for id_ in activity_ids}
        for id_ in list(self._associated)[:-MOST_READ_AHEAD]:
            del self._associated[id_]
        return found

    def _read_ahead(self, missing: Sequence[str]) -> None:
        work = self._work
        with reading(work.services.engine) as connection:
            coming = planned_changes.next_old_activities(connection, work.run.id, work.integration.id, MOST_AT_ONCE)
        asked = list(dict.fromkeys([*missing, *(id_ for id_ in coming if id_ not in self._associated)]))[:MOST_AT_ONCE]
        found: Mapping[str, Mapping[str, tuple[str, ...]]] = {
            kind: self._associated_with(kind, asked) for kind in CARRIED_TYPES
        }
        for id_ in asked:
            self._associated[id_] = {kind: found[kind].get(id_, ()) for kind in CARRIED_TYPES}

    def _associated_with(self, kind: str, activity_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Return what is attached to each, or nothing where we may not look: that must not keep the meeting back."""
        if kind in self._unreadable:
            return {}
        try:
            return self._work.hubspot.associated_ids("meetings", kind, activity_ids)
        except MissingScope:
            if kind == CONTACTS:
                raise
            self._unreadable[kind] = None
            return {}
