"""Pages of the sandboxed HubSpot: contacts, their timelines, all activities, requests."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from booking_sandbox.hubspot_schema import CONTACTS
from booking_sandbox.hubspot_service import HubSpotService
from booking_sandbox.pages.rendering import page

_MOST_ROWS = 500
_NAVIGATION = (("/", "Contacts"), ("/activities", "Activities"), ("/requests", "Requests"))
_FRAME: dict[str, object] = {"brand": "HubSpot sandbox", "accent": "#c2410c", "navigation": _NAVIGATION}
_CANCELED_PREFIX = "[Canceled]"


def hubspot_pages(service: HubSpotService) -> list[BaseRoute]:
    """The routes of the pages; ``?portal=`` chooses one, otherwise it is the first."""

    async def contacts(request: Request) -> Response:
        portal_id = _portal_id(service, request)
        owners = _owner_names(service, portal_id)
        found = sorted(service.state.contacts(portal_id=portal_id), key=lambda one: -len(one["activity_ids"]))
        values = {"contacts": found[:_MOST_ROWS], "total": len(found), "owners": owners, "portal_id": portal_id}
        return page("contacts.html", {**_FRAME, **values, "here": "/", "portals": list(service.state.portals)})

    async def contact(request: Request) -> Response:
        portal_id, contact_id = _portal_id(service, request), request.path_params["contact_id"]
        record = service.state.portal(portal_id).store.survivor(CONTACTS, contact_id)
        if record is None:
            return page("missing.html", _FRAME, 404)
        mine = [one for one in _activities(service, portal_id) if record.id in one["contact_ids"]]
        values = {"properties": dict(record.properties), "activities": mine, "owners": _owner_names(service, portal_id)}
        return page("contact.html", {**_FRAME, **values, "here": "/"})

    async def activities(request: Request) -> Response:
        portal_id = _portal_id(service, request)
        found = _activities(service, portal_id)
        values = {"activities": found[:_MOST_ROWS], "total": len(found), "owners": _owner_names(service, portal_id)}
        return page("activities.html", {**_FRAME, **values, "here": "/activities", "portal_id": portal_id})

    async def requests(request: Request) -> Response:  # noqa: ARG001 - its caller decides what it is given
        entries = list(service.state.history)[: -_MOST_ROWS - 1 : -1]
        return page("requests.html", {**_FRAME, "here": "/requests", "entries": entries})

    return [
        Route("/", contacts),
        Route("/contacts/{contact_id}", contact),
        Route("/activities", activities),
        Route("/requests", requests),
    ]


def _portal_id(service: HubSpotService, request: Request) -> int:
    asked = request.query_params.get("portal", "")
    known = service.state.portals
    return int(asked) if asked.isdigit() and int(asked) in known else next(iter(known))


def _owner_names(service: HubSpotService, portal_id: int) -> dict[str, str]:
    owners = service.state.portal(portal_id).owners.values()
    return {one.id: f"{one.first_name} {one.last_name}".strip() or one.email for one in owners}


def _activities(service: HubSpotService, portal_id: int) -> list[dict[str, Any]]:
    """Live activities, the latest meeting first."""
    found = service.state.activities(portal_id=portal_id)
    for one in found:
        one["is_canceled"] = one["properties"].get("hs_meeting_title", "").startswith(_CANCELED_PREFIX)
    return sorted(found, key=lambda one: str(one["properties"].get("hs_timestamp", "")), reverse=True)
