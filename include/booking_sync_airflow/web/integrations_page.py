"""The page ``Integrations``."""

from __future__ import annotations

from fastapi import APIRouter, Response

from booking_sync.store import integrations
from booking_sync.store.database import reading
from booking_sync_airflow.web import backing
from booking_sync_airflow.web.access import Reader
from booking_sync_airflow.web.cards import card_of
from booking_sync_airflow.web.rendering import page

router = APIRouter()


@router.get("/integrations")
def show_integrations(visitor: Reader) -> Response:
    """Show every workspace and how it is connected."""
    with reading(backing.engine()) as connection:
        cards = [card_of(integration) for integration in integrations.all_integrations(connection)]
    return page("integrations.html", visitor, cards=cards)
