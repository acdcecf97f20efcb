"""GRANT HUBSPOT ACCESS: to HubSpot's consent page and back."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response, status
from fastapi.responses import RedirectResponse

from booking_sync.errors import BookingSyncError
from booking_sync.grants import GOOD_FOR, begin_grant, finish_grant
from booking_sync.overview import CardState
from booking_sync.services import Services
from booking_sync_airflow.airflow_address import airflow_url
from booking_sync_airflow.web.access import Administrator
from booking_sync_airflow.web.address import framed_url, origin_of, pages_path, redirect_uri
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.headers import content_security_policy
from booking_sync_airflow.web.integration_tabs import find_view
from booking_sync_airflow.web.rendering import problem_page

router = APIRouter(prefix="/oauth")

GRANT_COOKIE = "booking_sync_grant"


def grant_policy(services: Services) -> str:
    """Let forms of a page lead to HubSpot's consent page: browsers hold a redirect against the policy as well."""
    if services.tokens is None:
        return content_security_policy()
    return content_security_policy(form_action=origin_of(services.tokens.oauth.app.authorize_url))


@router.post("/start")
def start(visitor: Administrator, services: Backing, workspace_id: Annotated[str, Form()] = "") -> Response:
    """Begin a consent and send the person to HubSpot."""
    view = find_view(services, workspace_id) if workspace_id else None
    is_back = view is not None and view.card.state is CardState.NEEDS_RECONNECTING
    begun = begin_grant(
        services,
        person=visitor.name,
        redirect_uri=redirect_uri(),
        workspace_id=workspace_id or None,
        expected_portal_id=view.card.portal.id if is_back and view and view.card.portal else None,
    )
    answer = RedirectResponse(begun.authorize_url, status.HTTP_303_SEE_OTHER)
    answer.set_cookie(
        GRANT_COOKIE,
        begun.browser_secret,
        max_age=int(GOOD_FOR.total_seconds()),
        path=f"{pages_path()}/oauth",
        secure=airflow_url().startswith("https:"),
        httponly=True,
        samesite="lax",  # it must come along when HubSpot sends the person back
    )
    return answer


@router.get("/callback")
def callback(request: Request, visitor: Administrator, services: Backing) -> Response:
    """Take the person back from HubSpot. What protects this is ``state``: random, good once, bound to this browser."""
    answer = dict(request.query_params)
    request.scope["query_string"] = b""  # Airflow's access log would keep the code and the state
    try:
        granted = finish_grant(
            services, person=visitor.name, browser_secret=request.cookies.get(GRANT_COOKIE), answer=answer
        )
    except BookingSyncError as error:
        return problem_page(400, "HubSpot access was not granted", str(error), back=framed_url("/integrations"))
    found = urlencode({"portal": granted.portal.id, "workspace": granted.workspace_id or ""})
    return RedirectResponse(framed_url(f"/connect?{found}"), status.HTTP_303_SEE_OTHER)
