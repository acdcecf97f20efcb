"""The records of a portal, and the indexes that make addresses and unique values unique."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from booking_sandbox.hubspot_schema import CONTACTS, ObjectType
from booking_sandbox.hubspot_values import normal_email
from booking_sandbox.moments import milliseconds

SECONDARY_EMAILS = "hs_additional_emails"


@dataclass(slots=True)
class Record:
    """One object. ``previous`` are the values before the newest change, for searches that lag behind."""

    id: str
    object_type: ObjectType
    properties: dict[str, str]
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None
    previous: dict[str, str] | None = None

    @property
    def is_archived(self) -> bool:
        """Whether the record is in the recycle bin."""
        return self.archived_at is not None

    def emails(self) -> list[str]:
        """Primary and secondary addresses, as they are compared."""
        if self.object_type is not CONTACTS:
            return []
        listed = [self.properties.get("email", ""), *self.properties.get(SECONDARY_EMAILS, "").split(";")]
        return [normal_email(one) for one in listed if one.strip()]


@dataclass(frozen=True, slots=True)
class Owner:
    """A HubSpot user who can own records. ``id`` goes into ``hubspot_owner_id``; ``user_id`` never does."""

    id: str
    email: str
    user_id: int
    first_name: str = ""
    last_name: str = ""
    archived: bool = False
    created_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The owner as the owners API answers it; an archived one has lost its ``userId``."""
        moment = milliseconds(self.created_at) if self.created_at else None
        return {
            "id": self.id,
            "email": self.email,
            "type": "PERSON",
            "firstName": self.first_name,
            "lastName": self.last_name,
            "userId": None if self.archived else self.user_id,
            "userIdIncludingInactive": self.user_id,
            "createdAt": moment,
            "updatedAt": moment,
            "archived": self.archived,
            "teams": [],
        }


@dataclass(slots=True)
class RecordStore:
    """All records of a portal by type and id. Whoever changes indexed values does it through :meth:`reindexed`."""

    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    merged: dict[tuple[str, str], str] = field(default_factory=dict)
    """(object type, id that was merged away) → id that survived."""
    _emails: dict[str, str] = field(default_factory=dict)
    _unique: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def declare_unique(self, type_name: str, property_name: str) -> None:
        """From now on the values of this property are unique; it is empty everywhere when that happens."""
        self._unique.setdefault((type_name, property_name), {})

    def unique_names(self, type_name: str) -> list[str]:
        """The unique properties of a type."""
        return [name for owner, name in self._unique if owner == type_name]

    def get(self, object_type: ObjectType, record_id: str) -> Record | None:
        """The live record with exactly this id; a merged id is not followed."""
        record = self.records.get(object_type.name, {}).get(record_id)
        return None if record is None or record.is_archived else record

    def get_any(self, object_type: ObjectType, record_id: str) -> Record | None:
        """The record with this id, archived or not."""
        return self.records.get(object_type.name, {}).get(record_id)

    def survivor(self, object_type: ObjectType, record_id: str) -> Record | None:
        """The live record that this id leads to, through any number of merges."""
        while (object_type.name, record_id) in self.merged:
            record_id = self.merged[object_type.name, record_id]
        return self.get(object_type, record_id)

    def is_merged(self, object_type: ObjectType, record_id: str) -> bool:
        """Whether the id was merged into another record."""
        return (object_type.name, record_id) in self.merged

    def by_email(self, email: str) -> Record | None:
        """The live contact with this primary or secondary address, in any letter case."""
        record_id = self._emails.get(normal_email(email))
        return self.get(CONTACTS, record_id) if record_id else None

    def by_unique(self, object_type: ObjectType, name: str, value: str) -> Record | None:
        """The live record with this value of a unique property; letter case counts."""
        record_id = self._unique[object_type.name, name].get(value)
        return self.get(object_type, record_id) if record_id else None

    def all(self, object_type: ObjectType, *, archived: bool = False) -> Iterator[Record]:
        """The live (or the archived) records of a type, oldest first."""
        return (one for one in self.records.get(object_type.name, {}).values() if one.is_archived is archived)

    def add(self, record: Record) -> None:
        """Store a new record and index it."""
        self.records.setdefault(record.object_type.name, {})[record.id] = record
        self.index(record)

    def index(self, record: Record) -> None:
        """Enter the record's addresses and unique values."""
        for email in record.emails():
            self._emails[email] = record.id
        for name in self.unique_names(record.object_type.name):
            value = record.properties.get(name)
            if value:
                self._unique[record.object_type.name, name][value] = record.id

    def unindex(self, record: Record) -> None:
        """Free the record's addresses and unique values."""
        for email in record.emails():
            if self._emails.get(email) == record.id:
                del self._emails[email]
        for name in self.unique_names(record.object_type.name):
            self._unique[record.object_type.name, name].pop(record.properties.get(name, ""), None)
