"""One HubSpot account: records, links, definitions, owners, tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from booking_sandbox.hubspot_defaults import default_groups, default_properties
from booking_sandbox.hubspot_grants import Grants, Token
from booking_sandbox.hubspot_late import LateLandings
from booking_sandbox.hubspot_links import LinkStore
from booking_sandbox.hubspot_records import Owner, Record, RecordStore
from booking_sandbox.hubspot_schema import (
    CONTACTS,
    MEETINGS,
    AssociationType,
    ObjectType,
    PropertyDefinition,
    PropertyGroup,
)
from booking_sandbox.hubspot_switches import HubSpotSwitches
from booking_sandbox.hubspot_values import ValueRules, normal_email
from booking_sandbox.moments import Clock, milliseconds

TOKEN_LIFETIME_SECONDS = 1_800
_FIRST_IDS = {"contacts": 171_596_000_000, "meetings": 552_148_000_000, "owners": 6_166_000}
_FIRST_OTHER_ID = 31_000_000_000
_IDS_OF_A_PORTAL = 1_000_000_000_000
_FIRST_ADMIN_ID = 1_296_500
_LARGEST_ID_STEP = 997
INTEGRATION_SOURCE = {
    "hs_object_source": "INTEGRATION",
    "hs_object_source_id": "19083857",
    "hs_object_source_label": "INTEGRATION",
}
PERSON_SOURCE = {
    "hs_object_source": "CRM_UI",
    "hs_object_source_id": "userId:1296619",
    "hs_object_source_label": "CRM_UI",
}


@dataclass
class Portal:
    """The state of one account. Callers hold the lock of the :class:`HubSpotState` it belongs to."""

    id: int
    clock: Clock
    random: Random
    switches: Callable[[], HubSpotSwitches]
    time_zone: str = "Europe/Berlin"
    name: str = "Acme"
    ui_domain: str = "app.hubspot.com"
    domain: str = "acme.example"
    number: int = 0
    """Which portal this is, from 0 on: no two portals share a record id or an owner id."""
    properties: dict[str, dict[str, PropertyDefinition]] = field(default_factory=default_properties)
    groups: dict[str, dict[str, PropertyGroup]] = field(default_factory=default_groups)
    store: RecordStore = field(default_factory=RecordStore)
    links: LinkStore = field(default_factory=LinkStore)
    owners: dict[str, Owner] = field(default_factory=dict)
    grants: Grants = field(init=False)
    blocklist: set[str] = field(default_factory=set)
    late: LateLandings = field(default_factory=LateLandings)

    def __post_init__(self) -> None:
        self.grants = Grants(self.clock, self.random)
        self._last_ids = {name: first + self.number * _IDS_OF_A_PORTAL for name, first in _FIRST_IDS.items()}
        for type_name, definitions in self.properties.items():
            for definition in definitions.values():
                if definition.has_unique_value:
                    self.store.declare_unique(type_name, definition.name)

    def add_token(
        self, value: str, *, expires_in: float | None = TOKEN_LIFETIME_SECONDS, scopes: list[str] | None = None
    ) -> Token:
        """Accept a bearer token; ``expires_in`` None makes it a service key."""
        expires_at = None if expires_in is None else self.clock() + timedelta(seconds=expires_in)
        token = Token(value, expires_at, None if scopes is None else frozenset(scopes))
        self.grants.tokens[value] = token
        return token

    def expire_token(self, value: str) -> None:
        """The token is answered 401 EXPIRED_AUTHENTICATION from now on."""
        self.grants.tokens[value].expires_at = self.clock() - timedelta(seconds=1)

    @property
    def hosting(self) -> str:
        """Where the data is: ``eu1`` for ``app-eu1.hubspot.com``."""
        return self.ui_domain.partition(".")[0].removeprefix("app").removeprefix("-") or "na1"

    @property
    def admin(self) -> tuple[int, str]:
        """User id and address of the person who is logged in to the pages."""
        return _FIRST_ADMIN_ID + self.number, f"admin@{self.domain}"

    def new_id(self, type_name: str) -> str:
        """The next record id; ids grow, with gaps."""
        last = self._last_ids.get(type_name, _FIRST_OTHER_ID + self.number * _IDS_OF_A_PORTAL)
        self._last_ids[type_name] = last + self.random.randint(1, _LARGEST_ID_STEP)
        return str(self._last_ids[type_name])

    def definition(self, object_type: ObjectType, name: str) -> PropertyDefinition | None:
        """The live definition of a property."""
        found = self.properties[object_type.name].get(name)
        return None if found is None or found.archived_at is not None else found

    def rules(self) -> ValueRules:
        """What decides about values at this moment."""
        switches = self.switches()
        refused = {normal_email(one) for one in switches.refuse_emails}
        blocked = self.blocklist | {normal_email(one) for one in switches.blocked_emails}
        return ValueRules(self.owners, refused, blocked)

    def create(
        self,
        object_type: ObjectType,
        values: dict[str, str],
        links: list[tuple[AssociationType, str]],
        source: dict[str, str] = INTEGRATION_SOURCE,
    ) -> Record:
        """Store a checked new record with its links."""
        now = self.clock()
        record_id, moment = self.new_id(object_type.name), milliseconds(now)
        system = {
            **source,
            "hs_object_id": record_id,
            object_type.created_property: moment,
            object_type.modified_property: moment,
        }
        defaults = _defaults(object_type, values)
        kept = {name: value for name, value in values.items() if value != ""}
        record = Record(record_id, object_type, {**defaults, **kept, **system}, now, now)
        self.store.add(record)
        for association_type, to_id in links:
            self.links.link(record_id, association_type, to_id)
        return record

    def update(self, record: Record, values: dict[str, str]) -> None:
        """Write checked values; an empty text clears the property."""
        self.store.unindex(record)
        record.previous = dict(record.properties)
        record.updated_at = self.clock()
        record.properties.update(values)
        record.properties[record.object_type.modified_property] = milliseconds(record.updated_at)
        for name in [name for name, value in values.items() if value == ""]:
            del record.properties[name]
        self.store.index(record)

    def archive(self, record: Record) -> None:
        """Move a record to the recycle bin; its address and unique values are free again."""
        self.store.unindex(record)
        record.archived_at = self.clock()

    def restore(self, record: Record) -> None:
        """What only a person can do: take a record out of the recycle bin."""
        record.archived_at = None
        self.store.index(record)

    def linked_ids(self, record: Record, to_type: ObjectType) -> list[str]:
        """Ids of the live records of a type that this record is linked to."""
        far = self.links.towards((record.object_type.name, record.id), to_type.name)
        return [record_id for record_id, _ in far if self.store.get(to_type, record_id) is not None]

    def view(
        self, record: Record, names: list[str] | None = None, values: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """A record as reads answer it: the default properties, or those that were named (null where empty)."""
        stored = record.properties if values is None else values
        object_type = record.object_type
        always = ("hs_object_id", object_type.created_property, object_type.modified_property)
        wanted = [*always, *(names or _DEFAULT_VIEW.get(object_type.name, ()))]
        known = self.properties[object_type.name]
        return self.envelope(record, {name: stored.get(name) for name in wanted if name in known})

    def envelope(self, record: Record, properties: dict[str, str | None]) -> dict[str, Any]:
        """The record's frame around some properties."""
        type_id = record.object_type.type_id
        body: dict[str, Any] = {
            "id": record.id,
            "properties": properties,
            "createdAt": milliseconds(record.created_at),
            "updatedAt": milliseconds(record.updated_at),
            "archived": record.is_archived,
            "url": f"https://{self.ui_domain}/contacts/{self.id}/record/{type_id}/{record.id}",
        }
        if record.archived_at is not None:
            body["archivedAt"] = milliseconds(record.archived_at)
        return body


_DEFAULT_VIEW: dict[str, tuple[str, ...]] = {"contacts": ("email", "firstname", "lastname")}


def _defaults(object_type: ObjectType, values: dict[str, str]) -> dict[str, str]:
    if object_type is CONTACTS:
        return {"lifecyclestage": "lead"}
    if object_type is MEETINGS and not values.get("hs_timestamp") and values.get("hs_meeting_start_time"):
        return {"hs_timestamp": values["hs_meeting_start_time"]}
    return {}
