"""HubSpot's "Connected apps": Marketplace icon, Connected apps, Actions, Uninstall, and the word that confirms it."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from booking_sandbox.hubspot_service import HubSpotService
from booking_sandbox.pages.hubspot_frame import chosen_portal, hubspot_frame
from booking_sandbox.pages.rendering import page

CONNECTED_APPS_PATH = "/connected-apps"
CONFIRMATION = "uninstall"


def connected_apps_pages(service: HubSpotService) -> list[BaseRoute]:
    """The list, and the question before an app is uninstalled."""

    async def connected(request: Request) -> Response:
        return page("connected_apps.html", _listed(service, request))

    async def ask(request: Request) -> Response:
        return _asked(service, request, request.query_params.get("app", ""), "")

    async def uninstall(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        client_id, typed = form.get("app", [""])[0], form.get("confirmation", [""])[0]
        if typed.strip().lower() != CONFIRMATION:
            return _asked(service, request, client_id, f"Type “{CONFIRMATION}” to go on.")
        portal_id = chosen_portal(service, request)
        with service.state.lock:
            service.state.portal(portal_id).grants.uninstall(client_id)
        return RedirectResponse(f"{CONNECTED_APPS_PATH}?portal={portal_id}", 303)

    path = f"{CONNECTED_APPS_PATH}/uninstall"
    return [
        Route(CONNECTED_APPS_PATH, connected),
        Route(path, ask, methods=["GET"]),
        Route(path, uninstall, methods=["POST"]),
    ]


def _listed(service: HubSpotService, request: Request) -> dict[str, object]:
    frame, state = hubspot_frame(service, request, CONNECTED_APPS_PATH), service.state
    with state.lock:
        installed = state.portal(chosen_portal(service, request)).grants.installed
        rows = [(state.apps.app(client_id), one) for client_id, one in installed.items()]
    return {**frame, "installations": rows}


def _asked(service: HubSpotService, request: Request, client_id: str, problem: str) -> Response:
    frame = hubspot_frame(service, request, CONNECTED_APPS_PATH)
    if client_id not in service.state.portal(chosen_portal(service, request)).grants.installed:
        return page("missing.html", frame, 404)
    app = service.state.apps.app(client_id)
    values = {**frame, "app": app, "problem": problem, "word": CONFIRMATION}
    return page("uninstall.html", values, 422 if problem else 200)
