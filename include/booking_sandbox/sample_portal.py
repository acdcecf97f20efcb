"""The HubSpot side of the sample: owners, contacts that were there before, and meetings that are not ours."""

from __future__ import annotations

from random import Random
from typing import Any

from booking_sandbox.hubspot_state import HubSpotState
from booking_sandbox.sample_people import HOSTS, SampleHost

_KNOWN_INVITEES = 26
_STRANGERS = 14
_FOREIGN_MEETINGS = 9
_FIRST_USER_ID = 1_296_600


def load_portal(hubspot: HubSpotState, random: Random, pool: list[dict[str, Any]]) -> None:
    """Fill the first portal."""
    owner_ids = add_owners(hubspot, HOSTS, None)
    contact_ids = _add_contacts(hubspot, random, pool, owner_ids)
    _add_foreign_meetings(hubspot, random, contact_ids, owner_ids)


def add_owners(hubspot: HubSpotState, hosts: tuple[SampleHost, ...], portal_id: int | None) -> list[str]:
    """Owners of those hosts whom HubSpot knows, some of whom have left it. The answer are the active ones."""
    active = []
    for number, host in enumerate(hosts):
        if host.owner == "none":
            continue
        is_archived = host.owner == "archived"
        owner_id = hubspot.add_owner(
            host.email.lower(),
            _FIRST_USER_ID + number,
            is_archived,
            first_name=host.first_name,
            last_name=host.last_name,
            portal_id=portal_id,
        )
        active += [] if is_archived else [owner_id]
    return active


def _add_contacts(hubspot: HubSpotState, random: Random, pool: list[dict[str, Any]], owner_ids: list[str]) -> list[str]:
    """Some invitees are known already: by another letter case, by a second address, with an owner of their own."""
    contact_ids = []
    for number, invitee in enumerate(random.sample(pool, _KNOWN_INVITEES)):
        email = str(invitee["email"])
        properties = {"firstname": f"Known {number}", "lastname": "Contact", "jobtitle": "Head of Operations"}
        if number % 5 == 0:
            properties |= {"email": f"main.{email}", "hs_additional_emails": email}
        else:
            properties["email"] = email.upper() if number % 5 == 1 else email
        if number % 2:
            properties["hubspot_owner_id"] = random.choice(owner_ids)
        contact_ids.append(hubspot.add_contact(portal_id=None, **properties))
    for number in range(_STRANGERS):
        properties = {"email": f"lead{number}@elsewhere.example", "firstname": "Lead", "lastname": str(number)}
        contact_ids.append(hubspot.add_contact(portal_id=None, **properties))
    return contact_ids


def _add_foreign_meetings(hubspot: HubSpotState, random: Random, contact_ids: list[str], owner_ids: list[str]) -> None:
    """Meetings that people logged by hand; no integration may touch them."""
    for number in range(_FOREIGN_MEETINGS):
        is_ours_by_title = number == 0
        title = "Meeting - Calendar.com: Intro call" if is_ours_by_title else f"Customer lunch {number}"
        hubspot.add_activity(
            contact_ids=[random.choice(contact_ids)],
            hs_timestamp=f"2026-03-{number + 1:02}T12:00:00Z",
            hs_meeting_title=title,
            hs_meeting_body="<p>Logged by hand.</p>",
            hs_meeting_start_time=f"2026-03-{number + 1:02}T12:00:00Z",
            hs_meeting_end_time=f"2026-03-{number + 1:02}T13:00:00Z",
            hs_meeting_outcome="COMPLETED",
            hubspot_owner_id=random.choice(owner_ids),
        )
    deal_id = hubspot.add_record("deals", dealname="Globex rollout", amount="48000")
    hubspot.associate("meetings", hubspot.activities()[0]["id"], "deals", deal_id)
