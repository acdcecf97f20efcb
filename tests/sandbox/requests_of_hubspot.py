"""Bodies that several test modules send to the sandboxed HubSpot."""

from __future__ import annotations

from typing import Any

CONTACTS = "/crm/objects/2026-09/contacts"
MEETINGS = "/crm/objects/2026-09/meetings"
PROPERTIES = "/crm/properties/2026-09/meetings"
LINKS = "/crm/associations/2026-09/meetings/contacts/batch"


def contact(email: str, trace: str | None = None, **properties: str) -> dict[str, Any]:
    body: dict[str, Any] = {"properties": {"email": email, **properties}}
    return body if trace is None else {**body, "objectWriteTraceId": trace}


def meeting(
    title: str = "Intro", contact_id: str | None = None, trace: str | None = None, **more: str
) -> dict[str, Any]:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200}]
    body: dict[str, Any] = {
        "properties": {"hs_timestamp": "2026-11-22T09:00:00Z", "hs_meeting_title": title, **more},
        "associations": [] if contact_id is None else [{"to": {"id": contact_id}, "types": types}],
    }
    return body if trace is None else {**body, "objectWriteTraceId": trace}


def batch(*inputs: Any, **top: Any) -> dict[str, Any]:
    return {"inputs": list(inputs), **top}


def definition(name: str, **more: Any) -> dict[str, Any]:
    group = "meetinginformation"
    return {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": group, **more}
