"""The page of one booking: its whole story, and what a run now would do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from booking_sync.booking_outlook import outlook_of
from booking_sync.booking_search import Place, find_bookings, find_bookings_of_invitee
from booking_sync.booking_story import Story, story_of
from booking_sync.ignoring import LONGEST_REASON, Waiting, waiting_of
from booking_sync.services import Services
from booking_sync.store import integrations
from booking_sync.store.database import reading
from booking_sync.store.integrations import Integration, PortalRecord
from booking_sync_airflow.web.access import Reader, Visitor
from booking_sync_airflow.web.address import pages_path
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.links import activity_url
from booking_sync_airflow.web.notices import notices_of
from booking_sync_airflow.web.outlook_words import SOURCES, reason_of, said_of
from booking_sync_airflow.web.rendering import page

router = APIRouter()

LONGEST_SEARCH = 254
_NOT_PERMITTED = "Looking for an invitee's e-mail address needs the permissions of an operator."


@dataclass(frozen=True, slots=True)
class BookingAt:
    """One booking, in one integration, with its addresses."""

    integration: Integration
    portal: PortalRecord
    booking_id: str

    @property
    def path(self) -> str:
        """The address of its page."""
        return booking_path(self.integration.id, self.booking_id)

    def sibling(self, booking_id: str) -> str:
        """The address of another booking of the same integration."""
        return booking_path(self.integration.id, booking_id)

    @property
    def outlook_path(self) -> str:
        """The address of what a run now would do with it."""
        asked = urlencode({"integration": self.integration.id, "booking": self.booking_id})
        return f"{pages_path()}/outlook?{asked}"

    def activity_url(self, activity_id: str | None) -> str | None:
        """Where HubSpot shows an activity."""
        return activity_url(self.portal, activity_id)


def booking_path(integration_id: str, booking_id: str) -> str:
    """Return the address of a booking's page."""
    return f"{pages_path()}/bookings/{quote(booking_id, safe='')}?{urlencode({'integration': integration_id})}"


@router.get("/bookings/{booking_id:path}")
def show_booking(
    request: Request, booking_id: str, visitor: Reader, services: Backing, integration: Annotated[str, Query()] = ""
) -> Response:
    """Show the story of a booking; where the address names no integration, offer those that know the booking."""
    if not booking_id.strip():
        raise HTTPException(status.HTTP_404_NOT_FOUND, "The address names no booking.")
    if not integration:
        return _found(services, visitor, booking_id, find_bookings(services, booking_id))
    at = _booking_at(services, integration, booking_id)
    story = story_of(services, integration, booking_id)
    waiting = waiting_of(services, integration, booking_id)
    return page(
        "booking.html",
        visitor,
        at=at,
        story=story,
        waiting=waiting,
        longest_reason=LONGEST_REASON,
        status_words=_status_words(story, waiting),
        notices=notices_of(request),
        now=services.clock(),
    )


@router.get("/outlook")
def show_outlook(
    visitor: Reader,
    services: Backing,
    integration: Annotated[str, Query()],
    booking: Annotated[str, Query()],
) -> Response:
    """Show what a run now would do: the part of the page that asks Calendar.com."""
    at = _booking_at(services, integration, booking)
    outlook = outlook_of(services, at.integration, booking)
    return page(
        "outlook.html",
        visitor,
        outlook=outlook,
        said=said_of(outlook),
        reason=reason_of(outlook),
        source=SOURCES[outlook.source],
    )


@router.post("/bookings")
def search(
    visitor: Reader, services: Backing, sought: Annotated[str, Form(max_length=LONGEST_SEARCH)] = ""
) -> Response:
    """Look for a booking. By POST, so that an address never gets into a log of requests."""
    wanted = sought.strip()
    if "@" in wanted and not visitor.may_operate:
        raise HTTPException(status.HTTP_403_FORBIDDEN, _NOT_PERMITTED)
    if "@" in wanted:
        return _found(services, visitor, None, find_bookings_of_invitee(services, wanted))
    return _found(services, visitor, wanted, find_bookings(services, wanted) if wanted else [])


def _found(services: Services, visitor: Visitor, wanted: str | None, places: list[Place]) -> Response:
    """Go to the one that was found, or list them; ``wanted`` is None where it was an address."""
    if len(places) == 1:
        return RedirectResponse(booking_path(*places[0]), status.HTTP_303_SEE_OTHER)
    with reading(services.engine) as connection:
        names = {one.id: one for one in integrations.all_integrations(connection)}
    found = [(names[id_].workspace_name, booking_id, booking_path(id_, booking_id)) for id_, booking_id in places]
    offered = [(one.workspace_name, booking_path(one.id, wanted)) for one in names.values()] if wanted else []
    return page("bookings_found.html", visitor, wanted=wanted, found=found, offered=offered[:_MOST_OFFERED])


_MOST_OFFERED = 20
"""Workspaces that are offered for a booking of which nothing is recorded."""


def _booking_at(services: Services, integration_id: str, booking_id: str) -> BookingAt:
    with reading(services.engine) as connection:
        integration = integrations.find_integration(connection, integration_id)
        if integration is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no integration of that id.")
        return BookingAt(integration, integrations.load_portal(connection, integration.portal_id), booking_id)


def _status_words(story: Story, waiting: Waiting) -> tuple[str, str]:
    """Say how the booking stands, with the tone."""
    if story.ignored is not None:
        return "Ignored until it changes", ""
    if story.state is None:
        return ("Nothing in HubSpot", "warn") if not story.is_empty else ("Nothing recorded", "")
    if story.state == "replaced":
        return "Replaced by another booking", ""
    if waiting.is_waiting:
        return "In HubSpot, a change waits", "warn"
    words = {"live": ("In HubSpot", "good"), "canceled": ("In HubSpot, cancelled", "good")}
    return words[story.state]
