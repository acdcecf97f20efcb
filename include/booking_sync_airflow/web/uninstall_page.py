"""Uninstalling: HubSpot's own path, and one button that does it through the API (K4)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from booking_sync.disconnecting import CONFIRMATION, NotConfirmed, uninstall
from booking_sync.errors import BookingSyncError
from booking_sync.services import Services
from booking_sync_airflow.web.access import Administrator, Reader, Visitor
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.integration_tabs import UNINSTALL, find_integration, tab_page
from booking_sync_airflow.web.notices import done, notices_of

router = APIRouter(prefix="/integrations/{workspace_id}/uninstall")

STEPS = (
    "In your HubSpot account select the Marketplace icon in the main navigation bar.",
    "Under Manage, select Connected apps.",
    "In the Calendar app, select Actions, then select Uninstall",
    "Type “uninstall” then select uninstall.",
)
"""Word for word from Calendar.com's help page "HubSpot Integration": people compare them with what they see."""


@router.get("")
def show_uninstall(request: Request, workspace_id: str, visitor: Reader, services: Backing) -> Response:
    """Show both ways."""
    return _shown(request, workspace_id, visitor, services, None, 200)


@router.post("")
def uninstall_app(
    request: Request, workspace_id: str, visitor: Administrator, services: Backing, typed: Annotated[str, Form()] = ""
) -> Response:
    """Uninstall the app after the word was typed."""
    view, integration_id = find_integration(services, workspace_id)
    try:
        is_done = uninstall(services, integration_id, person=visitor.name, typed=typed)
    except NotConfirmed as error:
        return _shown(request, workspace_id, visitor, services, str(error), 422)
    except BookingSyncError as error:
        return _shown(request, workspace_id, visitor, services, str(error), 409)
    return done(view.path, "uninstalled" if is_done else "uninstalling")


def _shown(
    request: Request, workspace_id: str, visitor: Visitor, services: Services, problem: str | None, status_code: int
) -> Response:
    view, _ = find_integration(services, workspace_id)
    return tab_page(
        "uninstall.html",
        visitor,
        view,
        tab=UNINSTALL,
        status_code=status_code,
        steps=STEPS,
        word=CONFIRMATION,
        problem=problem,
        notices=notices_of(request),
    )
