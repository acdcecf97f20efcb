"""What surrounds every page of the sandboxed HubSpot: its menus, and the account that one looks at."""

from __future__ import annotations

from starlette.requests import Request

from booking_sandbox.hubspot_service import HubSpotService

_NAVIGATION = (("/", "Contacts"), ("/activities", "Activities"), ("/requests", "Requests"))


def hubspot_frame(service: HubSpotService, request: Request, here: str) -> dict[str, object]:
    """The values that ``hubspot.html`` needs; links keep the account."""
    portal_id = chosen_portal(service, request)
    return {
        "brand": "HubSpot sandbox",
        "accent": "#c2410c",
        "navigation": [(f"{path}?portal={portal_id}", label, path == here) for path, label in _NAVIGATION],
        "portal_id": portal_id,
        "portals": list(service.state.portals.values()),
    }


def chosen_portal(service: HubSpotService, request: Request) -> int:
    """The account that ``?portal=`` names, otherwise the first."""
    asked, known = request.query_params.get("portal", ""), service.state.portals
    return int(asked) if asked.isdecimal() and int(asked) in known else next(iter(known))
