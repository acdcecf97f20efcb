"""Our properties in a HubSpot portal: made on first use, read back, and probed for what the portal really enforces."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.clients.hubspot_model import KEY_PROPERTY, PropertyDefinition
from booking_sync.errors import BookingSyncError, IntegrationUnavailable, Refused
from booking_sync.record import record_entries
from booking_sync.services import Services
from booking_sync.states import AuditOutcome
from booking_sync.store import audit
from booking_sync.store.audit import AuditEntry
from booking_sync.store.database import reading, writing
from booking_sync.store.integrations import PortalRecord, load_portal, set_provisioned
from booking_sync.work import Work

GROUP = "calendar_com"
GROUP_LABEL = "Calendar.com"
ACTIVITIES = "meetings"
ACTIVITY_TYPE = "hs_activity_type"

MARKER = PropertyDefinition(KEY_PROPERTY, "Calendar.com marker", "string", "text", GROUP, has_unique_value=True)
DETAILS = (
    PropertyDefinition("calendar_event_name", "Meeting Name", "string", "text", GROUP),
    PropertyDefinition("calendar_event_duration", "Event Duration", "number", "number", GROUP),
    PropertyDefinition("calendar_booking_id", "Calendar.com booking", "string", "text", GROUP),
    PropertyDefinition("calendar_booking_revision", "Calendar.com revision", "string", "text", GROUP),
)


def provision(work: Work) -> PortalRecord:
    """Make sure that our properties exist, once per portal, and find out whether the marker is enforced as unique.

    HubSpot does not document unique properties on meetings: the portal may allow them, refuse them, or take the
    wish and ignore it. So the property is read back, and what it says there counts.

    Raises:
        MissingScope: the key may not make properties.
        IntegrationUnavailable: the portal refuses a property, or holds one of that name with another type.
    """
    services, portal_id = work.services, work.integration.portal_id
    with reading(services.engine) as connection:
        record = load_portal(connection, portal_id)
    if record.provisioned_at is not None:
        return record
    existing = {found.name: found for found in work.hubspot.property_definitions(ACTIVITIES)}
    missing = [wanted for wanted in (MARKER, *DETAILS) if wanted.name not in existing]
    if missing:
        make_group = partial(work.hubspot.create_property_group, ACTIVITIES, GROUP, GROUP_LABEL)
        audit_property(work, _audit_name(portal_id, GROUP), GROUP, make_group)
        for wanted in missing:
            audit_property(
                work, _audit_name(portal_id, wanted.name), wanted.name, partial(_create, work.hubspot, wanted)
            )
        existing = {found.name: found for found in work.hubspot.property_definitions(ACTIVITIES)}
    _check(existing)
    with writing(services.engine) as connection:
        has_unique_key = existing[KEY_PROPERTY].has_unique_value
        set_provisioned(connection, portal_id, has_unique_key=has_unique_key, provisioned_at=services.clock())
        made = (GROUP, *(wanted.name for wanted in (MARKER, *DETAILS)))
        names = [_audit_name(portal_id, name) for name in made]  # an earlier run may have died
        audit.finish_entries(connection, names, AuditOutcome.ADOPTED, at=services.clock(), object_type="property")
        return load_portal(connection, portal_id)


def forget_provisioning(services: Services, portal_id: str) -> None:
    """Have the properties looked at again by the next run: HubSpot said that one of them is missing."""
    with writing(services.engine) as connection:
        set_provisioned(connection, portal_id, has_unique_key=None, provisioned_at=None)


class ActivityTypes:
    """The meeting types that people have set up in the portal, asked for once and only where one is wanted (A5)."""

    def __init__(self, hubspot: HubSpotClient) -> None:
        self._hubspot = hubspot
        self._options: tuple[str, ...] | None = None
        self._asking = threading.Lock()

    def usable(self, wanted: str | None) -> str | None:
        """Return the type that is wanted if the portal has it."""
        if wanted is None:
            return None
        with self._asking:
            if self._options is None:
                definition = self._hubspot.property_definition(ACTIVITIES, ACTIVITY_TYPE)
                self._options = definition.options if definition is not None else ()
        return wanted if wanted in self._options else None


def audit_property(work: Work, audit_name: str, name: str, create: Callable[[], bool]) -> None:
    """Make a property or a group, unless it exists; like every write to HubSpot it leaves one audit row (W7).

    The row of an earlier run that got no answer is gone on with: if there is one now, that run has made it.
    """
    entry = AuditEntry(audit_name, "", 0, "create", "property", name, after={"properties": [name]})
    with work.recording() as (connection, at):
        is_repeated = audit.is_unfinished(connection, audit_name, "property")
        if not is_repeated:
            record_entries(work, connection, [entry], at)
    try:
        is_new = create()
    except (IntegrationUnavailable, Refused):
        _finish(work, audit_name, AuditOutcome.REFUSED)
        raise
    not_made_now = AuditOutcome.ADOPTED if is_repeated else AuditOutcome.NOT_APPLIED
    _finish(work, audit_name, AuditOutcome.APPLIED if is_new else not_made_now)


def _finish(work: Work, audit_name: str, outcome: AuditOutcome) -> None:
    with work.recording() as (connection, at):
        audit.finish_entries(connection, [audit_name], outcome, at=at, object_type="property")


def _audit_name(portal_id: str, name: str) -> str:
    return f"{portal_id}/{name}"


def _create(hubspot: HubSpotClient, wanted: PropertyDefinition) -> bool:
    try:
        return hubspot.create_property(ACTIVITIES, wanted)
    except Refused as refusal:
        if not wanted.has_unique_value:
            raise _cannot(wanted.name, refusal) from refusal
        plain = PropertyDefinition(wanted.name, wanted.label, wanted.type, wanted.field_type, wanted.group)
        return _create(hubspot, plain)


def _check(existing: dict[str, PropertyDefinition]) -> None:
    for wanted in (MARKER, *DETAILS):
        found = existing.get(wanted.name)
        if found is None or found.type != wanted.type:
            what = "is missing after it was made" if found is None else f"has type {found.type}, not {wanted.type}"
            raise IntegrationUnavailable(
                f"The HubSpot meeting property {wanted.name} {what}. "
                "Rename or remove it in HubSpot's property settings."
            )


def _cannot(name: str, refusal: BookingSyncError) -> IntegrationUnavailable:
    return IntegrationUnavailable(f"HubSpot refuses to make the meeting property {name} ({refusal}).")
