"""The FastAPI app itself."""

from __future__ import annotations

import logging

from airflow.api_fastapi.core_api.security import get_user
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from booking_sync.errors import BookingSyncError
from booking_sync_airflow.web import (
    assets,
    backfills,
    booking_page,
    connect_page,
    erase_page,
    health_page,
    hosts,
    integration_page,
    integrations_page,
    oauth_pages,
    plan_page,
    settings_page,
    status_page,
    steering,
    uninstall_page,
)
from booking_sync_airflow.web.headers import SecurityHeaders
from booking_sync_airflow.web.plain_input import refuse_odd_address
from booking_sync_airflow.web.rendering import problem_page
from booking_sync_airflow.web.same_origin import refuse_other_origins

_PAGES = (
    integrations_page,
    integration_page,
    hosts,
    settings_page,
    uninstall_page,
    connect_page,
    oauth_pages,
    plan_page,
    erase_page,
    status_page,
    booking_page,
    steering,
    backfills,
)

log = logging.getLogger(__name__)

_TITLES = {
    status.HTTP_400_BAD_REQUEST: "This request makes no sense",
    status.HTTP_401_UNAUTHORIZED: "You are not logged in",
    status.HTTP_403_FORBIDDEN: "Not allowed",
    status.HTTP_404_NOT_FOUND: "There is no such page",
}
_KEEP_SECONDS = 31_536_000


def make_application() -> FastAPI:
    """Put the app together. Anonymous callers and other sites are refused everywhere but by the health of the whole."""
    application = FastAPI(
        title="Booking sync",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    application.add_middleware(SecurityHeaders)
    application.add_exception_handler(StarletteHTTPException, _http_problem)
    application.add_exception_handler(RequestValidationError, _validation_problem)
    application.add_exception_handler(BookingSyncError, _our_problem)
    application.include_router(health_page.router)
    guarded = APIRouter(dependencies=[Depends(refuse_other_origins), Depends(refuse_odd_address), Depends(get_user)])
    for pages in _PAGES:
        guarded.include_router(pages.router)
    guarded.add_api_route("/static/{name}", static, methods=["GET"])
    application.include_router(guarded)
    return application


def static(name: str) -> Response:
    """Send the stylesheet or the script."""
    if name not in assets.MEDIA_TYPES:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "This file is not here.")
    found = assets.asset(name)
    headers = {"cache-control": f"private, max-age={_KEEP_SECONDS}, immutable"}
    return Response(found.content, media_type=found.media_type, headers=headers)


def _http_problem(_request: Request, error: Exception) -> Response:
    code = getattr(error, "status_code", status.HTTP_500_INTERNAL_SERVER_ERROR)
    sentence = str(getattr(error, "detail", ""))
    if code == status.HTTP_401_UNAUTHORIZED:
        sentence = "Log in to Airflow, then open this page again."
    return problem_page(code, _TITLES.get(code, "This did not work"), sentence)


def _validation_problem(_request: Request, _error: Exception) -> Response:
    """Say no more than that: the framework's own account repeats what was sent."""
    return problem_page(
        status.HTTP_400_BAD_REQUEST, _TITLES[status.HTTP_400_BAD_REQUEST], "A field is missing, or too long."
    )


def _our_problem(_request: Request, error: Exception) -> Response:
    """Show the sentence of an error of ours: it is written for the operator, and holds no personal data or secret."""
    log.warning("A page could not be shown: %s", error)
    return problem_page(status.HTTP_503_SERVICE_UNAVAILABLE, "This does not work at the moment", str(error))
