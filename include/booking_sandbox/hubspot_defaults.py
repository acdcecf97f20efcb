"""The properties and groups that every portal has from the start: those that an integration of meetings meets."""

from __future__ import annotations

from booking_sandbox.hubspot_schema import Option, PropertyDefinition, PropertyGroup

_OUTCOMES = {
    "SCHEDULED": "Scheduled",
    "COMPLETED": "Completed",
    "RESCHEDULED": "Rescheduled",
    "NO_SHOW": "No show",
    "CANCELED": "Canceled",
}
_LIFECYCLE = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")
_LEAD_STATUS = (
    "NEW",
    "OPEN",
    "IN_PROGRESS",
    "OPEN_DEAL",
    "UNQUALIFIED",
    "ATTEMPTED_TO_CONTACT",
    "CONNECTED",
    "BAD_TIMING",
)

_SOURCE = ("hs_object_source", "hs_object_source_id", "hs_object_source_label", "hs_object_source_user_id")


def _labelled(values: tuple[str, ...]) -> tuple[Option, ...]:
    return tuple(Option(value, value.replace("_", " ").capitalize()) for value in values)


def _title(name: str) -> str:
    return name.removeprefix("hs_").replace("_", " ").capitalize()


def _texts(group: str, *names: str, field_type: str = "text") -> list[PropertyDefinition]:
    return [PropertyDefinition(name, _title(name), field_type=field_type, group_name=group) for name in names]


def _moments(group: str, *names: str, is_read_only: bool = False) -> list[PropertyDefinition]:
    return [
        PropertyDefinition(name, _title(name), "datetime", "date", group, is_read_only=is_read_only) for name in names
    ]


def _system(group: str, modified: str, created: str) -> list[PropertyDefinition]:
    read_only = [PropertyDefinition(name, _title(name), group_name=group, is_read_only=True) for name in _SOURCE]
    number = PropertyDefinition("hs_object_id", "Record ID", "number", "number", group, is_read_only=True)
    creation_key = PropertyDefinition(
        "hs_unique_creation_key", "Unique creation key", group_name=group, is_read_only=True, has_unique_value=True
    )
    merged = PropertyDefinition("hs_merged_object_ids", "Merged record IDs", group_name=group, is_read_only=True)
    moments = _moments(group, created, modified, is_read_only=True)
    return [*read_only, number, creation_key, merged, *moments]


def _owner(group: str) -> PropertyDefinition:
    return PropertyDefinition("hubspot_owner_id", "Owner", "enumeration", "select", group, references_owner=True)


def _contact_properties() -> list[PropertyDefinition]:
    group = "contactinformation"
    return [
        *_system(group, "lastmodifieddate", "createdate"),
        PropertyDefinition("email", "Email", group_name=group, is_email=True),
        *_texts(
            group, "firstname", "lastname", "phone", "mobilephone", "jobtitle", "company", "website", "city", "country"
        ),
        *_texts(group, "hs_additional_emails"),
        _owner(group),
        PropertyDefinition(
            "lifecyclestage", "Lifecycle stage", "enumeration", "radio", group, options=_labelled(_LIFECYCLE)
        ),
        PropertyDefinition(
            "hs_lead_status", "Lead status", "enumeration", "radio", group, options=_labelled(_LEAD_STATUS)
        ),
    ]


def _meeting_properties() -> list[PropertyDefinition]:
    group = "meetinginformation"
    outcomes = tuple(Option(value, label) for value, label in _OUTCOMES.items())
    kinds = tuple(Option(label, label) for label in ("Discovery call", "Demo", "Follow-up"))
    places = tuple(Option(value, value.capitalize()) for value in ("PHONE", "ADDRESS", "CUSTOM", "VCE"))
    sources = tuple(
        Option(value, _title(value.lower()))
        for value in ("CRM_UI", "MEETINGS_PUBLIC", "BIDIRECTIONAL_SYNC", "BIDIRECTIONAL_API")
    )
    return [
        *_system(group, "hs_lastmodifieddate", "hs_createdate"),
        *_moments(group, "hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time"),
        *_texts(group, "hs_meeting_title", "hs_meeting_location", "hs_meeting_external_url", "hs_guest_emails"),
        *_texts(group, "hs_i_cal_uid", "hs_external_calendar_id", "hs_meeting_change_id", "hs_unique_id"),
        *_texts(group, "hs_attendee_owner_ids", "hs_attachment_ids", "hs_meeting_source_id"),
        *_texts(group, "hs_meeting_body", "hs_internal_meeting_notes", field_type="html"),
        PropertyDefinition("hs_meeting_outcome", "Meeting outcome", "enumeration", "select", group, options=outcomes),
        PropertyDefinition("hs_activity_type", "Call and meeting type", "enumeration", "select", group, options=kinds),
        PropertyDefinition("hs_meeting_location_type", "Location type", "enumeration", "select", group, options=places),
        PropertyDefinition("hs_meeting_source", "Meeting source", "enumeration", "select", group, options=sources),
        _owner(group),
    ]


def _other_properties(group: str, *names: str) -> list[PropertyDefinition]:
    return [*_system(group, "hs_lastmodifieddate", "createdate"), *_texts(group, *names), _owner(group)]


def default_properties() -> dict[str, dict[str, PropertyDefinition]]:
    """Object type → property name → definition."""
    lists = {
        "contacts": _contact_properties(),
        "meetings": _meeting_properties(),
        "companies": _other_properties("companyinformation", "name", "domain"),
        "deals": _other_properties("dealinformation", "dealname", "amount", "dealstage"),
        "tickets": _other_properties("ticketinformation", "subject", "content", "hs_pipeline_stage"),
    }
    return {name: {one.name: one for one in definitions} for name, definitions in lists.items()}


def default_groups() -> dict[str, dict[str, PropertyGroup]]:
    """Object type → group name → group."""
    labels = {
        "contacts": ("contactinformation", "Contact information"),
        "meetings": ("meetinginformation", "Meeting information"),
        "companies": ("companyinformation", "Company information"),
        "deals": ("dealinformation", "Deal information"),
        "tickets": ("ticketinformation", "Ticket information"),
    }
    return {name: {group: PropertyGroup(group, label)} for name, (group, label) in labels.items()}
