"""Pages of the sandboxed HubSpot: contacts, their timelines, all activities, requests."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from booking_sandbox.hubspot_schema import CONTACTS, MEETINGS
from booking_sandbox.hubspot_service import HubSpotService
from booking_sandbox.pages.hubspot_frame import chosen_portal, hubspot_frame
from booking_sandbox.pages.rendering import page

_MOST_ROWS = 500
_CANCELED_PREFIX = "[Canceled]"


def hubspot_pages(service: HubSpotService) -> list[BaseRoute]:
    """The routes of the pages; ``?portal=`` chooses one, otherwise it is the first."""

    async def contacts(request: Request) -> Response:
        portal_id = chosen_portal(service, request)
        owners = _owner_names(service, portal_id)
        found = sorted(service.state.contacts(portal_id=portal_id), key=lambda one: -len(one["activity_ids"]))
        values = {"contacts": found[:_MOST_ROWS], "total": len(found), "owners": owners}
        return page("contacts.html", {**hubspot_frame(service, request, "/"), **values})

    async def contact(request: Request) -> Response:
        portal_id, contact_id = chosen_portal(service, request), request.path_params["contact_id"]
        record = service.state.portal(portal_id).store.survivor(CONTACTS, contact_id)
        if record is None:
            return page("missing.html", hubspot_frame(service, request, ""), 404)
        mine = [one for one in _activities(service, portal_id) if record.id in one["contact_ids"]]
        values = {"properties": dict(record.properties), "activities": mine, "owners": _owner_names(service, portal_id)}
        return page("contact.html", {**hubspot_frame(service, request, "/"), **values})

    async def activities(request: Request) -> Response:
        portal_id = chosen_portal(service, request)
        found = _activities(service, portal_id)
        values = {"activities": found[:_MOST_ROWS], "total": len(found), "owners": _owner_names(service, portal_id)}
        return page("activities.html", {**hubspot_frame(service, request, "/activities"), **values})

    async def requests(request: Request) -> Response:
        entries = list(service.state.history)[: -_MOST_ROWS - 1 : -1]
        return page("requests.html", {**hubspot_frame(service, request, "/requests"), "entries": entries})

    async def known_address(request: Request) -> Response:
        """HubSpot's own addresses of lists and records, so that links to them lead somewhere here, too."""
        params = request.path_params
        return RedirectResponse(_here(params["portal_id"], params["type_id"], params.get("record_id")), 307)

    return [
        Route("/contacts/{portal_id:int}/objects/{type_id}", known_address),
        Route("/contacts/{portal_id:int}/record/{type_id}/{record_id:int}", known_address),
        Route("/", contacts),
        Route("/contacts/{contact_id}", contact),
        Route("/activities", activities),
        Route("/requests", requests),
    ]


def _here(portal_id: int, type_id: str, record_id: int | None) -> str:
    if type_id == MEETINGS.type_id:
        return f"/activities?portal={portal_id}" + (f"#{record_id}" if record_id else "")
    return f"/contacts/{record_id}?portal={portal_id}" if record_id else f"/?portal={portal_id}"


def _owner_names(service: HubSpotService, portal_id: int) -> dict[str, str]:
    owners = service.state.portal(portal_id).owners.values()
    return {one.id: f"{one.first_name} {one.last_name}".strip() or one.email for one in owners}


def _activities(service: HubSpotService, portal_id: int) -> list[dict[str, Any]]:
    """Live activities, the latest meeting first."""
    found = service.state.activities(portal_id=portal_id)
    for one in found:
        one["is_canceled"] = one["properties"].get("hs_meeting_title", "").startswith(_CANCELED_PREFIX)
    return sorted(found, key=lambda one: str(one["properties"].get("hs_timestamp", "")), reverse=True)
