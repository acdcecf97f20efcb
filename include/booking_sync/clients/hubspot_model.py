"""What is read from HubSpot and what is sent to it, as frozen values.

Ids are texts, whatever HubSpot writes them as. A ``trace_id`` is chosen by the caller and unique within one batch:
HubSpot returns it as ``objectWriteTraceId``, which is how an answer is joined to what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KEY_PROPERTY = "calendar_booking_key"
"""The marker: the meeting property that holds one value per activity of ours."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact with its addresses, in lower case. They are left out of the repr, which may reach a log."""

    id: str
    email: str | None = field(repr=False)
    additional_emails: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Owner:
    """A HubSpot user that records can be assigned to; ``id`` is the owner id, not the user id."""

    id: str
    email: str | None = field(repr=False)
    is_archived: bool


@dataclass(frozen=True, slots=True)
class Portal:
    """The HubSpot account that the key belongs to. ``ui_domain`` is where its records are shown."""

    id: str
    name: str
    ui_domain: str
    time_zone: str
    account_type: str


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """A property of contacts or meetings.

    ``options`` are the internal values of an enumeration, ``option_labels`` the words that people see for them.
    """

    name: str
    label: str
    type: str
    field_type: str
    group: str
    has_unique_value: bool = False
    options: tuple[str, ...] = ()
    option_labels: tuple[str, ...] = ()
    is_read_only: bool = False


@dataclass(frozen=True, slots=True)
class NewContact:
    """A contact to create. Properties are left out of the repr: they are personal."""

    trace_id: str
    properties: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A record of any type; ``object_type`` is HubSpot's plural: contacts, companies, deals, tickets."""

    object_type: str
    id: str


@dataclass(frozen=True, slots=True)
class NewActivity:
    """An activity to create, associated with existing contacts, and with ``others``, from the start."""

    trace_id: str
    properties: Mapping[str, str] = field(repr=False)
    contact_ids: tuple[str, ...] = ()
    others: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True, slots=True)
class ActivityUpdate:
    """Properties to set on an existing activity; an empty text clears one.

    Where ``key`` is given, HubSpot is asked for the activity with that marker, whatever its id is.
    """

    trace_id: str
    activity_id: str
    properties: Mapping[str, str] = field(repr=False)
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity with the properties that were asked for; None where it has no value."""

    id: str
    properties: Mapping[str, str | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ItemRefusal:
    """Why HubSpot refused one item, or a whole batch, without its free text.

    ``code`` is the most specific code given (INVALID_EMAIL …), ``category`` the general one (VALIDATION_ERROR,
    CONFLICT …). ``existing_id`` is the record that already has the unique value. ``duplicate_ids`` are ids that came
    twice in one batch.
    """

    code: str | None
    category: str | None
    existing_id: str | None = None
    property_names: tuple[str, ...] = ()
    correlation_id: str | None = None
    duplicate_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch, by trace id. Every trace id sent is in exactly one of the three.

    ``unmatched`` were sent, but the answer tells neither that they were written nor that they were refused, or tells
    both: they must be read back before they are sent again.
    """

    written: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, ItemRefusal] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
