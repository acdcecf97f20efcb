"""The rival that is met most: a client that makes one HubSpot call for one record, and does nothing it need not do.

It knows the ids of what it made (a table of its own would hold them), so it searches nothing twice; it never repeats,
checks, records or paces anything. What such integrations really do costs more: four to five calls for a booking.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests

from booking_sync.service_clients import Addresses

RIVAL = "one call for each record"
_OBJECTS = "/crm/objects/2026-09"
_MEETING_TO_CONTACT = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200}
_TIMEOUT_SECONDS = 30


@dataclass(slots=True)
class PlainClient:
    """Passes bookings on, one after another."""

    addresses: Addresses
    session: requests.Session = field(default_factory=requests.Session)
    contact_ids: dict[str, str] = field(default_factory=dict)
    meeting_ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session.headers["Authorization"] = f"Bearer {self.addresses.hubspot_key}"

    def create(self, booking: dict[str, Any]) -> None:
        """Find or make the invitee's contact, then make the meeting with it."""
        invitee = booking["invitees"][0]
        email = invitee["email"].lower()
        if email not in self.contact_ids:
            self.contact_ids[email] = self._found(email) or self._new_contact(email, invitee)
        link = {"to": {"id": self.contact_ids[email]}, "types": [_MEETING_TO_CONTACT]}
        body = {"properties": _properties(booking), "associations": [link]}
        self.meeting_ids[booking["id"]] = self._call("POST", "/meetings", body)["id"]

    def recreate(self, booking: dict[str, Any]) -> None:
        """Make the meeting anew, then delete the old one."""
        old = self.meeting_ids[booking["id"]]
        self.create(booking)
        self._call("DELETE", f"/meetings/{old}")

    def cancel(self, booking: dict[str, Any]) -> None:
        """Rename the meeting."""
        title = {"hs_meeting_title": f"[Canceled] {booking['event']['name']}", "hs_meeting_outcome": "CANCELED"}
        self._call("PATCH", f"/meetings/{self.meeting_ids[booking['id']]}", {"properties": title})

    def _found(self, email: str) -> str | None:
        filters = [{"propertyName": "email", "operator": "EQ", "value": email}]
        found = self._call("POST", "/contacts/search", {"filterGroups": [{"filters": filters}], "limit": 1})
        return next((one["id"] for one in found["results"]), None)

    def _new_contact(self, email: str, invitee: dict[str, Any]) -> str:
        first, _, last = (invitee.get("name") or "").partition(" ")
        properties = {"email": email, "firstname": first, "lastname": last}
        new_id: str = self._call("POST", "/contacts", {"properties": properties, "associations": []})["id"]
        return new_id

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        address = f"{self.addresses.hubspot_url}{_OBJECTS}{path}"
        response = self.session.request(method, address, json=body, timeout=_TIMEOUT_SECONDS)
        response.raise_for_status()
        answer: dict[str, Any] = response.json() if response.content else {}
        return answer


def _properties(booking: dict[str, Any]) -> dict[str, str]:
    return {
        "hs_timestamp": booking["start_at"],
        "hs_meeting_start_time": booking["start_at"],
        "hs_meeting_end_time": booking["end_at"],
        "hs_meeting_title": f"Meeting - Calendar.com: {booking['event']['name']}",
        "hs_meeting_outcome": "SCHEDULED",
    }
