"""HubSpot's consent page. Nobody may show it in a frame, as it is with HubSpot's own."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from booking_sandbox.hubspot_apps import KNOWN_SCOPES, App, ConsentRequest
from booking_sandbox.hubspot_consent import ConsentError, decide, open_consent, read_link, refuse_unknown_fields
from booking_sandbox.hubspot_service import HubSpotService
from booking_sandbox.pages.hubspot_frame import hubspot_frame
from booking_sandbox.pages.rendering import page

AUTHORIZE_PATH = "/oauth/authorize"


def consent_pages(service: HubSpotService) -> list[BaseRoute]:
    """The page, and where its form goes."""

    async def ask(request: Request) -> Response:
        try:
            asked = read_link(service.state, request.query_params.multi_items())
        except ConsentError as error:
            return _refused(service, request, error)
        consent_id = open_consent(service.state, asked)
        app = service.state.apps.app(asked.client_id)
        return page("consent.html", {**hubspot_frame(service, request, ""), **_shown(app, asked), "id": consent_id})

    async def answer(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        portal = form.get("portal", [""])[0]
        try:
            refuse_unknown_fields(form)
            back = decide(
                service.state,
                form.get("consent", [""])[0],
                portal_id=int(portal) if portal.isdecimal() else None,
                is_granted=form.get("decision") == ["grant"],
                optional=frozenset(form.get("optional_scope", [])),
            )
        except ConsentError as error:
            return _refused(service, request, error)
        return RedirectResponse(back, 303)

    return [Route(AUTHORIZE_PATH, ask, methods=["GET"]), Route(AUTHORIZE_PATH, answer, methods=["POST"])]


def _shown(app: App, asked: ConsentRequest) -> dict[str, object]:
    return {
        "app": app,
        "scopes": [(one, KNOWN_SCOPES.get(one, one)) for one in asked.scopes],
        "optional_scopes": [(one, KNOWN_SCOPES.get(one, one)) for one in asked.optional_scopes],
        "returns_to": asked.redirect_uri,
    }


def _refused(service: HubSpotService, request: Request, error: ConsentError) -> Response:
    return page("refused.html", {**hubspot_frame(service, request, ""), "message": str(error)}, 400)
