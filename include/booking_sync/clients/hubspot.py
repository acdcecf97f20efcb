"""HubSpot's CRM as this integration uses it: contacts, activities (meetings), owners, properties, account.

Every write is one request, sent once. The caller decides what happens to items whose outcome is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Self, Unpack

from booking_sync.clients import hubspot_associations, hubspot_contacts, hubspot_properties, hubspot_search
from booking_sync.clients.answer import as_id, as_object, as_objects
from booking_sync.clients.bearer import BearerSource
from booking_sync.clients.http import Exchange, HttpOptions, JsonHttp
from booking_sync.clients.hubspot_batch import Sent
from booking_sync.clients.hubspot_calls import MOST_INPUTS, HubSpotCalls, check_size, chunks
from booking_sync.clients.hubspot_errors import BatchRefused
from booking_sync.clients.hubspot_model import (
    KEY_PROPERTY,
    Activity,
    ActivityUpdate,
    BatchResult,
    Contact,
    ItemRefusal,
    NewActivity,
    NewContact,
    ObjectRef,
    Owner,
    Portal,
    PropertyDefinition,
)
from booking_sync.clients.pace import Pace
from booking_sync.errors import ConfigurationError, IncompleteRead, NotFound, OutcomeUnknown, Refused
from booking_sync.plain_text import one_line

__all__ = [
    "DEFAULT_API_VERSION",
    "KEY_PROPERTY",
    "Activity",
    "ActivityUpdate",
    "BatchRefused",
    "BatchResult",
    "Contact",
    "HubSpotClient",
    "ItemRefusal",
    "NewActivity",
    "NewContact",
    "ObjectRef",
    "Owner",
    "Portal",
    "PropertyDefinition",
]

DEFAULT_API_VERSION = "2026-09"
"""HubSpot docs, versioning: current since September 2026, supported for eighteen months."""

_ACCOUNT = "/account-info/{version}/details"
_INSTALLATION = "/appinstalls/{version}/external-install"
_OWNERS = "/crm/owners/{version}"
_SEARCH = "/crm/objects/{version}/meetings/search"
_MOST_SEARCHED = 100
_DONE_WITHOUT_DOUBT, _NOT_SERVED = frozenset({200, 204}), frozenset({404, 410})


class HubSpotClient:
    """One portal. Reads that cannot be completed raise; writes follow the rules of JsonHttp.

    A whole batch that is refused raises :class:`BatchRefused`; single items that are refused are in the result.
    """

    def __init__(self, http: JsonHttp, api_version: str = DEFAULT_API_VERSION) -> None:
        self._http = http
        self._version = api_version
        self._calls = HubSpotCalls(http, api_version)

    @classmethod
    def from_connection(
        cls,
        base_url: str,
        bearer: str | BearerSource,
        *,
        api_version: str = DEFAULT_API_VERSION,
        **options: Unpack[HttpOptions],
    ) -> Self:
        """Make a client for an address and a key or access token; ``options`` are those of JsonHttp."""
        return cls(JsonHttp("HubSpot", base_url, bearer, **options), api_version)

    def with_bearer(self, bearer: BearerSource) -> Self:
        """Return a client of the same HubSpot with the tokens of another portal."""
        return type(self)(self._http.with_bearer(bearer), self._version)

    def with_gate(self, gate: Callable[[], None]) -> Self:
        """Return a client of the same portal, where ``gate`` is asked before each request and may raise."""
        return type(self)(self._http.with_gate(gate), self._version)

    def with_pace(self, pace: Pace) -> Self:
        """Return a client of the same portal, where each request waits for its turn."""
        return type(self)(self._http.with_pace(pace), self._version)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def for_another_thread(self, observer: Callable[[Exchange], None] | None) -> Self:
        """Return a client of the same portal with connections, and an observer, of its own."""
        return type(self)(self._http.for_another_thread(observer), self._version)

    def portal(self) -> Portal:
        """Return the account that the key belongs to.

        Raises:
            ConfigurationError: HubSpot does not serve the API version. Every account can be described, so nothing else
                can be missing.
        """
        try:
            details = self._calls.read("GET", _ACCOUNT)
        except (NotFound, Refused) as error:
            if error.status not in _NOT_SERVED:
                raise
            raise ConfigurationError(_no_such_version(self._calls.version)) from None
        if (portal_id := as_id(details.get("portalId"))) is None:
            raise IncompleteRead("HubSpot: the account details have no portal id")
        texts = [one_line(as_id(details.get(name))) for name in ("portalName", "uiDomain", "timeZone", "accountType")]
        return Portal(portal_id, *texts)

    def uninstall(self) -> None:
        """Uninstall the app from the portal whose access token this is; HubSpot tells the portal's administrators."""
        self._http.write("DELETE", _INSTALLATION, path_values={"version": self._version})

    def owners(self) -> list[Owner]:
        """Return every active owner."""
        listed = self._calls.pages(_OWNERS, {"limit": "100", "archived": "false"})
        owners = [_owner(payload) for payload in listed]
        return [owner for owner in owners if owner is not None]

    def contacts_by_email(self, emails: Iterable[str]) -> dict[str, Contact]:
        """Return the contacts by the addresses asked for, in lower case; an address that nobody has is absent (C1)."""
        return hubspot_contacts.contacts_by_email(self._calls, emails)

    def contacts_by_id(self, ids: Iterable[str]) -> dict[str, Contact]:
        """Return the live contacts by id; one that was deleted, or merged into another, is absent (C8)."""
        return hubspot_contacts.contacts_by_id(self._calls, ids)

    def surviving_contacts(self, ids: Iterable[str]) -> dict[str, str]:
        """Return, for ids of contacts, the ids under which they live on; one that was deleted is absent (C8).

        What stands as it was takes a request for 100; of the rest each is asked for alone, which follows a merge.
        """
        return hubspot_contacts.surviving_contacts(self._calls, ids)

    def create_contacts(self, contacts: Sequence[NewContact]) -> BatchResult:
        """Create at most 100 contacts."""
        inputs = [_input(contact.trace_id, contact.properties, associations=[]) for contact in contacts]
        sent = [Sent(contact.trace_id, contact.properties) for contact in contacts]
        return self._calls.batch_write("contacts", "create", inputs, sent)

    def create_activities(self, activities: Sequence[NewActivity]) -> BatchResult:
        """Create at most 100 activities, each associated with its contacts in the same breath."""
        inputs = [
            _input(activity.trace_id, activity.properties, associations=[*map(_with, _associated(activity))])
            for activity in activities
        ]
        sent = [Sent(activity.trace_id, activity.properties) for activity in activities]
        return self._calls.batch_write("meetings", "create", inputs, sent)

    def update_activities(self, updates: Sequence[ActivityUpdate]) -> BatchResult:
        """Update at most 100 activities. One that was merged away is in neither list: it comes back unmatched.

        HubSpot docs, "Update a batch of meetings": by id, or by a unique property, input by input.
        """
        inputs = [_input(update.trace_id, update.properties, **_address(update)) for update in updates]
        sent = [Sent(update.trace_id, update.properties, update.activity_id, update.key) for update in updates]
        return self._calls.batch_write("meetings", "update", inputs, sent)

    def archive_activities(self, ids: Sequence[str]) -> None:
        """Archive at most 100 activities. Anything but a plain success raises; read back what is left."""
        check_size(ids, MOST_INPUTS)
        if ids and self._calls.batch_archive("meetings", ids) not in _DONE_WITHOUT_DOUBT:
            raise OutcomeUnknown("HubSpot: some activities of a batch may not have been archived")

    def associate(self, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Associate at most 2000 pairs of activity and contact; return the pairs that are not confirmed."""
        return hubspot_associations.associate(self._calls, pairs)

    def activities_by_id(self, ids: Iterable[str], properties: Iterable[str]) -> dict[str, Activity]:
        """Return the live activities by id; one that was archived is absent."""
        wanted = tuple(properties)
        found: dict[str, Activity] = {}
        for asked in chunks(list(ids), MOST_INPUTS):
            for activity in _activities(self._calls.batch_read("meetings", asked, wanted).results):
                found[activity.id] = activity
        return found

    def activities_by_key(self, keys: Iterable[str], properties: Iterable[str]) -> dict[str, Activity]:
        """Return the live activities by marker. The portal must hold the marker as a unique property."""
        wanted = tuple(dict.fromkeys((KEY_PROPERTY, *properties)))
        found: dict[str, Activity] = {}
        for asked in chunks(list(keys), MOST_INPUTS):
            read = self._calls.batch_read("meetings", asked, wanted, id_property=KEY_PROPERTY)
            for activity in _activities(read.results):
                key = activity.properties.get(KEY_PROPERTY)
                if key:
                    found[key] = activity
        return found

    def activity_ids_of_contacts(self, contact_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the ids of each contact's activities; a contact of which HubSpot says nothing is absent."""
        return self.associated_ids("contacts", "meetings", contact_ids)

    def associated_ids(self, from_type: str, to_type: str, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the ids of associated objects of another type, in the same manner."""
        return hubspot_associations.associated_ids(self._calls, from_type, to_type, ids)

    def search_activities(self, key: str) -> list[Activity]:
        """Return the activities with this marker as far as the search index knows, which lags by up to a minute."""
        body = {
            "filterGroups": [{"filters": [{"propertyName": KEY_PROPERTY, "operator": "EQ", "value": key}]}],
            "properties": [KEY_PROPERTY],
            "limit": _MOST_SEARCHED,
        }
        return _activities(as_objects(self._calls.read("POST", _SEARCH, json=body).get("results")))

    def activity_ids_with(
        self, properties: Sequence[str], *, modified_since: datetime | None = None
    ) -> Iterator[tuple[str, ...]]:
        """Yield the ids of the activities that have a value in any of these properties, a page at a time.

        As far as the search index knows: it lags, so read by id what is to be relied on.
        """
        return hubspot_search.activity_ids_with(self._calls, properties, modified_since=modified_since)

    def activity_ids_of(self, name: str, values: Sequence[str]) -> list[str]:
        """Return the ids of the activities that have one of these values in a property, with the same reservation."""
        return [one for page in hubspot_search.activity_ids_of(self._calls, name, values) for one in page]

    def property_definition(self, object_type: str, name: str) -> PropertyDefinition | None:
        """Return one property of ``contacts`` or ``meetings``, or None where the portal has none of that name."""
        return hubspot_properties.property_definition(self._calls, object_type, name)

    def property_definitions(self, object_type: str) -> list[PropertyDefinition]:
        """Return every property of an object type."""
        return hubspot_properties.property_definitions(self._calls, object_type)

    def create_property(self, object_type: str, definition: PropertyDefinition) -> bool:
        """Make a property; return False where one of that name exists: read it back, it may differ."""
        return hubspot_properties.create_property(self._calls, object_type, definition)

    def create_property_group(self, object_type: str, name: str, label: str) -> bool:
        """Make a group of properties; return False where one of that name exists."""
        return hubspot_properties.create_property_group(self._calls, object_type, name, label)


def _input(trace_id: str, properties: Mapping[str, str], **more: object) -> dict[str, Any]:
    return {"objectWriteTraceId": trace_id, "properties": dict(properties), **more}


def _address(update: ActivityUpdate) -> dict[str, str]:
    if update.key is None:
        return {"id": update.activity_id}
    return {"id": update.key, "idProperty": KEY_PROPERTY}


def _associated(activity: NewActivity) -> dict[ObjectRef, None]:
    contacts = [ObjectRef("contacts", contact_id) for contact_id in activity.contact_ids]
    return dict.fromkeys((*contacts, *activity.others))


def _with(other: ObjectRef) -> dict[str, Any]:
    return {"to": {"id": other.id}, "types": [hubspot_associations.MEETING_TO[other.object_type]]}


def _owner(payload: dict[str, Any]) -> Owner | None:
    owner_id = as_id(payload.get("id"))
    if owner_id is None:
        return None
    email = payload.get("email")
    address = email.strip().lower() if isinstance(email, str) and email.strip() else None
    return Owner(owner_id, address, payload.get("archived") is True)


def _activities(results: list[dict[str, Any]]) -> list[Activity]:
    activities: list[Activity] = []
    for result in results:
        activity_id = as_id(result.get("id"))
        if activity_id is not None and result.get("archived") is not True:
            activities.append(Activity(activity_id, _properties(as_object(result.get("properties")))))
    return activities


def _properties(properties: dict[str, Any]) -> dict[str, str | None]:
    """Return the values as texts; HubSpot promises texts, so anything else is written as one."""
    return {name: None if value is None else str(value) for name, value in properties.items()}


def _no_such_version(version: str) -> str:
    return (
        f"HubSpot does not serve API version {version}, or does not any more. "
        "Set BOOKING_SYNC_HUBSPOT_API_VERSION to one that it serves, or install a newer version of this integration."
    )
