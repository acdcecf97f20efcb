"""What the pages of one integration share: finding it, and the tabs above it."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException, Response, status

from booking_sync.store import integrations
from booking_sync.store.database import reading
from booking_sync_airflow.web import backing
from booking_sync_airflow.web.access import Visitor
from booking_sync_airflow.web.cards import Card, card_of, current_integrations
from booking_sync_airflow.web.rendering import page

TABS = (("/settings", "Settings"),)


def find_card(workspace_id: str) -> Card:
    """Return the integration of a workspace.

    Raises:
        HTTPException: 404, it has none.
    """
    with reading(backing.engine()) as connection:
        recorded = integrations.all_integrations(connection)
    for integration in current_integrations(recorded):
        if integration.workspace_id == workspace_id:
            return card_of(integration)
    raise HTTPException(status.HTTP_404_NOT_FOUND, "No workspace of that id is or was connected.")


def tab_page(
    template: str,
    visitor: Visitor,
    card: Card,
    *,
    tab: str,
    **values: Any,  # noqa: ANN401 - whatever the template shows
) -> Response:
    """Render one tab of an integration."""
    tabs = [(card.path + end, name) for end, name in TABS]
    values.setdefault("notices", [])
    return page(template, visitor, card=card, tabs=tabs, here=card.path + tab, **values)
