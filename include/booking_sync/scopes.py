"""What our HubSpot app asks for, and what each scope is for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

REQUIRED_SCOPES = (
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.owners.read",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
)
"""Without these nothing works. HubSpot docs: meetings use the scopes of contacts."""

OPTIONAL_SCOPES = (
    "crm.schemas.meetings.read",
    "crm.schemas.meetings.write",
    "crm.objects.companies.read",
    "crm.objects.deals.read",
    "tickets",
)
"""HubSpot's specifications of 2026-03 and 2026-09 differ: properties of meetings may need a scope of their own.

Companies, deals and tickets: only to carry what people attached to an activity to the one that replaces it (R5).
HubSpot docs, "Associations": reading them takes the scopes of both sides. Without one of these, that kind is not
carried.
"""


def missing_scopes(granted: Collection[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Return those that were not granted, in the order in which they are asked for."""
    return tuple(scope for scope in wanted if scope not in granted)
