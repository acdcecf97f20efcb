"""Object types, property definitions and association types of a portal."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from booking_sandbox.moments import milliseconds

UNIQUE_PROPERTIES_PER_OBJECT = 10
"""HubSpot docs, "Properties": up to ten unique id properties per object."""

PROPERTY_TYPES = frozenset({"bool", "date", "datetime", "enumeration", "number", "phone_number", "string"})
FIELD_TYPES = frozenset(
    {
        "booleancheckbox",
        "calculation_equation",
        "checkbox",
        "date",
        "file",
        "html",
        "number",
        "phonenumber",
        "radio",
        "select",
        "text",
        "textarea",
    }
)


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A kind of record. ``legacy_name`` is how error messages call it."""

    name: str
    type_id: str
    legacy_name: str
    created_property: str
    modified_property: str
    scope: str


CONTACTS = ObjectType("contacts", "0-1", "CONTACT", "createdate", "lastmodifieddate", "contacts")
COMPANIES = ObjectType("companies", "0-2", "COMPANY", "createdate", "hs_lastmodifieddate", "companies")
DEALS = ObjectType("deals", "0-3", "DEAL", "createdate", "hs_lastmodifieddate", "deals")
TICKETS = ObjectType("tickets", "0-5", "TICKET", "createdate", "hs_lastmodifieddate", "tickets")
MEETINGS = ObjectType("meetings", "0-47", "MEETING_EVENT", "hs_createdate", "hs_lastmodifieddate", "contacts")
"""HubSpot docs, "Meetings": meetings are read and written with the scopes of contacts."""

OBJECT_TYPES = {
    key: object_type
    for object_type in (CONTACTS, COMPANIES, DEALS, TICKETS, MEETINGS)
    for key in (object_type.name, object_type.type_id)
}
"""Names and type ids, either of which a path may use."""

ALL_OBJECT_TYPES = tuple(dict.fromkeys(OBJECT_TYPES.values()))
"""Every object type once."""


@dataclass(frozen=True, slots=True)
class Option:
    """One allowed value of an enumeration."""

    value: str
    label: str
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """A property that records of one type may have."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group_name: str = ""
    description: str = ""
    options: tuple[Option, ...] = ()
    has_unique_value: bool = False
    is_read_only: bool = False
    is_hubspot_defined: bool = True
    references_owner: bool = False
    is_email: bool = False
    archived_at: datetime | None = None
    created_at: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def allowed_values(self) -> frozenset[str]:
        """The values of the options."""
        return frozenset(option.value for option in self.options)

    def archived(self, at: datetime) -> PropertyDefinition:
        """The same property in the recycle bin."""
        return replace(self, archived_at=at)

    def as_json(self) -> dict[str, Any]:
        """The definition as the properties API answers it."""
        body: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group_name,
            "options": [
                {"label": one.label, "value": one.value, "displayOrder": order, "hidden": one.is_hidden}
                for order, one in enumerate(self.options)
            ],
            "displayOrder": -1,
            "calculated": False,
            "externalOptions": self.references_owner,
            "hasUniqueValue": self.has_unique_value,
            "hidden": False,
            "hubspotDefined": self.is_hubspot_defined,
            "archived": self.archived_at is not None,
            "formField": False,
            "dataSensitivity": "non_sensitive",
            "modificationMetadata": {
                "archivable": not self.is_hubspot_defined,
                "readOnlyDefinition": self.is_hubspot_defined,
                "readOnlyOptions": False,
                "readOnlyValue": self.is_read_only,
            },
            **self.extra,
        }
        if self.references_owner:
            body["referencedObjectType"] = "OWNER"
        for key, moment in (("createdAt", self.created_at), ("archivedAt", self.archived_at)):
            if moment is not None:
                body[key] = milliseconds(moment)
        return body


@dataclass(frozen=True, slots=True)
class PropertyGroup:
    """A named group of properties."""

    name: str
    label: str
    display_order: int = -1

    def as_json(self) -> dict[str, Any]:
        """The group as the properties API answers it."""
        return {"name": self.name, "label": self.label, "displayOrder": self.display_order, "archived": False}


HUBSPOT_DEFINED = "HUBSPOT_DEFINED"
USER_DEFINED = "USER_DEFINED"

AssociationKind = tuple[str, int]
"""(category, type id), for example ("HUBSPOT_DEFINED", 200)."""


@dataclass(frozen=True, slots=True)
class AssociationType:
    """A way in which records of two types may be linked; ``inverse_id`` is the same link seen from the other side."""

    from_type: str
    to_type: str
    type_id: int
    inverse_id: int
    category: str = HUBSPOT_DEFINED
    label: str | None = None

    @property
    def kind(self) -> AssociationKind:
        """What the API calls the type by."""
        return (self.category, self.type_id)

    def inverse(self) -> AssociationType:
        """The same link seen from the other side."""
        return replace(
            self, from_type=self.to_type, to_type=self.from_type, type_id=self.inverse_id, inverse_id=self.type_id
        )


_ONE_WAY = (
    AssociationType("meetings", "contacts", 200, 199),
    AssociationType("meetings", "companies", 188, 187),
    AssociationType("meetings", "deals", 212, 211),
    AssociationType("meetings", "tickets", 226, 225),
    AssociationType("contacts", "companies", 279, 280),
    AssociationType("contacts", "companies", 1, 2, label="Primary"),
)
"""HubSpot docs, "Associations": the type ids. The first of a pair of object types is its unlabelled default."""

DEFAULT_ASSOCIATION_TYPES = tuple(one for pair in _ONE_WAY for one in (pair, pair.inverse()))
