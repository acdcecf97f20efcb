"""The page ``Integrations``: every workspace, and how it is connected."""

from __future__ import annotations

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Request, Response

from booking_sync_airflow.web.access import Reader
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.cards import by_state, card_views
from booking_sync_airflow.web.hosts import remembered_coverage
from booking_sync_airflow.web.listing import current_overview
from booking_sync_airflow.web.notices import notices_of
from booking_sync_airflow.web.oauth_pages import grant_policy
from booking_sync_airflow.web.rendering import page
from booking_sync_airflow.web.schedule import next_run

router = APIRouter()


@router.get("/integrations")
def show_integrations(request: Request, visitor: Reader, services: Backing, session: SessionDep) -> Response:
    """Show the cards."""
    overview = current_overview(services)
    views = card_views(overview)
    return page(
        "integrations.html",
        visitor,
        policy=grant_policy(services),
        views=views,
        states=by_state(views),
        overview=overview,
        coverage=remembered_coverage(services),
        next_run=next_run(session),
        notices=notices_of(request),
        now=services.clock(),
    )
