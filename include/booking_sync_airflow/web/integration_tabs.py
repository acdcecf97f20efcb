"""What the pages of one integration share: finding it, and the tabs above it."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException, Response, status

from booking_sync.services import Services
from booking_sync_airflow.web.access import Visitor
from booking_sync_airflow.web.cards import CardView, card_views
from booking_sync_airflow.web.listing import current_overview
from booking_sync_airflow.web.rendering import page

OVERVIEW = ""
SETTINGS = "/settings"
UNINSTALL = "/uninstall"


def find_view(services: Services, workspace_id: str) -> CardView:
    """Return the card of a workspace.

    Raises:
        HTTPException: 404, there is no such workspace.
    """
    for view in card_views(current_overview(services)):
        if view.card.workspace_id == workspace_id:
            return view
    raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no workspace of that id.")


def find_integration(services: Services, workspace_id: str) -> tuple[CardView, str]:
    """Return the card of a workspace that is or was connected, and the id of its integration.

    Raises:
        HTTPException: 404, it never was.
    """
    view = find_view(services, workspace_id)
    if view.card.integration_id is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "This workspace never was connected.")
    return view, view.card.integration_id


def tab_page(
    template: str,
    visitor: Visitor,
    view: CardView,
    *,
    tab: str,
    **values: Any,  # noqa: ANN401 - whatever the template shows
) -> Response:
    """Render one tab of an integration; those that need an integration are left out where there is none."""
    names = [(OVERVIEW, "Overview")]
    if view.card.integration_id is not None:
        names += [(SETTINGS, "Settings"), (UNINSTALL, "Uninstall")]
    values.setdefault("notices", [])
    tabs = [(view.path + end, name) for end, name in names]
    return page(template, visitor, view=view, card=view.card, tabs=tabs, here=view.path + tab, **values)
