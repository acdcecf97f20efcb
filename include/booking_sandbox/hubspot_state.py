"""The records of the sandboxed HubSpot, and what a person can do to them by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from booking_sandbox.hubspot_errors import InvalidProperties, Refusal
from booking_sandbox.hubspot_merges import merge_contacts
from booking_sandbox.hubspot_portal import PERSON_SOURCE, Portal
from booking_sandbox.hubspot_portals import Portals
from booking_sandbox.hubspot_records import Owner, Record
from booking_sandbox.hubspot_schema import ALL_OBJECT_TYPES, CONTACTS, MEETINGS, OBJECT_TYPES, ObjectType
from booking_sandbox.hubspot_writes import Checker


@dataclass
class HubSpotState(Portals):
    """All portals with their records. The methods act on one portal, by default the first, as a person would."""

    def add_owner(
        self,
        email: str,
        user_id: int | None = None,
        archived: bool = False,  # noqa: FBT001, FBT002 - part of what tests call
        *,
        first_name: str = "",
        last_name: str = "",
        portal_id: int | None = None,
    ) -> str:
        """Add a user who can own records; the answer is the owner id, which differs from the user id."""
        with self.lock:
            portal = self.portal(portal_id)
            owner_id = portal.new_id("owners")
            known_user_id = user_id if user_id is not None else 50_000_000 + len(portal.owners)
            owner = Owner(owner_id, email, known_user_id, first_name, last_name, archived, self.clock())
            portal.owners[owner_id] = owner
            return owner_id

    def add_contact(self, *, portal_id: int | None = None, **properties: str) -> str:
        """Create a contact by hand."""
        return self.add_record("contacts", portal_id=portal_id, **properties)

    def add_activity(
        self, *, contact_ids: list[str] | None = None, portal_id: int | None = None, **properties: str
    ) -> str:
        """Log a meeting by hand, associated with these contacts."""
        with self.lock:
            activity_id = self.add_record("meetings", portal_id=portal_id, **properties)
            for contact_id in contact_ids or []:
                self.associate("meetings", activity_id, "contacts", contact_id, portal_id=portal_id)
            return activity_id

    def add_record(self, object_type: str, *, portal_id: int | None = None, **properties: str) -> str:
        """Create any record by hand; ValueError where HubSpot would not let a person do it."""
        with self.lock:
            portal, kind = self.portal(portal_id), OBJECT_TYPES[object_type]
            checker = Checker(portal, kind)
            values = _checked(lambda: checker.new_values(properties))
            _raise_conflict(checker.conflict(values, None, {}))
            return portal.create(kind, values, [], PERSON_SOURCE).id

    def edit_contact(self, contact_id: str, *, portal_id: int | None = None, **properties: str) -> None:
        """Change a contact by hand."""
        self._edit(CONTACTS, contact_id, portal_id, properties)

    def edit_activity(self, activity_id: str, *, portal_id: int | None = None, **properties: str) -> None:
        """Change a meeting by hand."""
        self._edit(MEETINGS, activity_id, portal_id, properties)

    def delete_activity(self, activity_id: str, *, portal_id: int | None = None) -> None:
        """Move a meeting to the recycle bin."""
        self._delete(MEETINGS, activity_id, portal_id)

    def delete_contact(self, contact_id: str, *, portal_id: int | None = None) -> None:
        """Move a contact to the recycle bin; its address is free again."""
        self._delete(CONTACTS, contact_id, portal_id)

    def restore_contact(self, contact_id: str, *, portal_id: int | None = None) -> None:
        """Take a contact out of the recycle bin; ValueError where another one has its address by now."""
        with self.lock:
            portal = self.portal(portal_id)
            record = portal.store.records[CONTACTS.name][contact_id]
            if portal.store.by_email(record.properties.get("email", "")) is not None:
                raise ValueError("another contact has the address by now")
            portal.restore(record)

    def gdpr_delete_contact(self, email: str, *, portal_id: int | None = None) -> None:
        """Delete a person for good: the contact is purged, and the address goes to the blocklist."""
        with self.lock:
            portal = self.portal(portal_id)
            record = portal.store.by_email(email)
            if record is not None:
                portal.store.unindex(record)
                del portal.store.records[CONTACTS.name][record.id]
            portal.blocklist.add(email.strip().lower())

    def restore_activity(self, activity_id: str, *, portal_id: int | None = None) -> None:
        """Take a meeting out of the recycle bin, which the API cannot do."""
        with self.lock:
            portal = self.portal(portal_id)
            portal.restore(portal.store.records[MEETINGS.name][activity_id])

    def merge_contacts(self, keep: str, gone: str, *, has_new_id: bool = False, portal_id: int | None = None) -> str:
        """Merge two contacts and give the survivor's id; ``has_new_id`` makes it a new one, as most accounts do."""
        with self.lock:
            portal = self.portal(portal_id)
            records = (self._live(portal, CONTACTS, keep), self._live(portal, CONTACTS, gone))
            return merge_contacts(portal, *records, has_new_id=has_new_id).id

    def clone_activity(self, activity_id: str, *, portal_id: int | None = None) -> str:
        """Copy a meeting with its links; unique values cannot be copied, all other values are."""
        with self.lock:
            portal = self.portal(portal_id)
            original = self._live(portal, MEETINGS, activity_id)
            definitions = portal.properties[MEETINGS.name]
            values = {
                name: value
                for name, value in original.properties.items()
                if not definitions[name].is_read_only and not definitions[name].has_unique_value
            }
            clone = portal.create(MEETINGS, values, [], PERSON_SOURCE)
            for far, kinds in list(portal.links.of((MEETINGS.name, activity_id)).items()):
                for kind in kinds:
                    portal.links.link(clone.id, portal.links.types[MEETINGS.name, far[0]][kind], far[1])
            return clone.id

    def associate(
        self,
        from_type: str,
        from_id: str,
        to_type: str,
        to_id: str,
        *,
        type_id: int | None = None,
        category: str = "HUBSPOT_DEFINED",
        portal_id: int | None = None,
    ) -> None:
        """Link two records, by default in the unlabelled way."""
        with self.lock:
            portal, near, far = self.portal(portal_id), OBJECT_TYPES[from_type], OBJECT_TYPES[to_type]
            self._live(portal, near, from_id)
            self._live(portal, far, to_id)
            links = portal.links
            found = links.default(near, far) if type_id is None else links.find(near, far, (category, type_id))
            if found is None:
                raise ValueError(f"{from_type} and {to_type} cannot be associated in that way")
            links.link(from_id, found, to_id)

    def dissociate(
        self, from_type: str, from_id: str, to_type: str, to_id: str, *, portal_id: int | None = None
    ) -> None:
        """Remove every link between two records."""
        with self.lock:
            links = self.portal(portal_id).links
            links.unlink((OBJECT_TYPES[from_type].name, from_id), (OBJECT_TYPES[to_type].name, to_id))

    def contacts(self, include_archived: bool = False, portal_id: int | None = None) -> list[dict[str, Any]]:  # noqa: FBT001, FBT002 - part of what tests call
        """Copies of all contacts: id, properties, archived, activity_ids."""
        with self.lock:
            portal = self.portal(portal_id)
            return [
                {**_plain(one), "activity_ids": portal.linked_ids(one, MEETINGS)}
                for one in portal.store.records.get(CONTACTS.name, {}).values()
                if include_archived or not one.is_archived
            ]

    def activities(
        self,
        include_archived: bool = False,  # noqa: FBT001, FBT002 - part of what tests call
        portal_id: int | None = None,
        *,
        having: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Copies of all meetings, or of those having these values: id, properties, archived, contact_ids, associations.

        The associations are by object type.
        """
        wanted = (having or {}).items()
        with self.lock:
            portal = self.portal(portal_id)
            return [
                {
                    **_plain(one),
                    "contact_ids": portal.linked_ids(one, CONTACTS),
                    "associations": _associations(portal, one),
                }
                for one in portal.store.records.get(MEETINGS.name, {}).values()
                if (include_archived or not one.is_archived) and wanted <= one.properties.items()
            ]

    def contact_by_email(self, email: str, portal_id: int | None = None) -> dict[str, Any] | None:
        """The live contact with this primary or secondary address, in any letter case."""
        with self.lock:
            portal = self.portal(portal_id)
            record = portal.store.by_email(email)
            return None if record is None else {**_plain(record), "activity_ids": portal.linked_ids(record, MEETINGS)}

    def _edit(self, object_type: ObjectType, record_id: str, portal_id: int | None, properties: dict[str, str]) -> None:
        with self.lock:
            portal = self.portal(portal_id)
            record, checker = self._live(portal, object_type, record_id), Checker(portal, object_type)
            values = _checked(lambda: checker.values(properties))
            _raise_conflict(checker.conflict(values, record, {}))
            portal.update(record, values)

    def _delete(self, object_type: ObjectType, record_id: str, portal_id: int | None) -> None:
        with self.lock:
            portal = self.portal(portal_id)
            portal.archive(self._live(portal, object_type, record_id))

    @staticmethod
    def _live(portal: Portal, object_type: ObjectType, record_id: str) -> Record:
        record = portal.store.get(object_type, record_id)
        if record is None:
            raise ValueError(f"there is no live {object_type.legacy_name} {record_id}")
        return record


def _checked(check: Callable[[], dict[str, str]]) -> dict[str, str]:
    try:
        return check()
    except InvalidProperties as error:
        raise ValueError("; ".join(problem.message for problem in error.problems)) from error
    except Refusal as error:
        raise ValueError(error.message) from error


def _raise_conflict(conflict: Refusal | None) -> None:
    if conflict is not None:
        raise ValueError(conflict.message)


def _plain(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "properties": dict(record.properties),
        "archived": record.is_archived,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "archived_at": record.archived_at,
    }


def _associations(portal: Portal, record: Record) -> dict[str, list[str]]:
    found = {one.name: portal.linked_ids(record, one) for one in ALL_OBJECT_TYPES}
    return {name: ids for name, ids in found.items() if ids}
