"""The page of one integration: how it is going, and what can be done: run, pause, resume, disconnect."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Form, Request, Response

from booking_sync.disconnecting import disconnect
from booking_sync.errors import InvalidRequest
from booking_sync.pausing import LONGEST_REASON, pause, resume
from booking_sync.services import Services
from booking_sync.store.database import reading
from booking_sync.store.integration_events import RecordedEvent, events_of
from booking_sync_airflow.web.access import Administrator, Operator, Reader
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.hosts import remembered_coverage
from booking_sync_airflow.web.integration_tabs import OVERVIEW, find_integration, find_view, tab_page
from booking_sync_airflow.web.notices import done, notices_of, refused
from booking_sync_airflow.web.oauth_pages import grant_policy
from booking_sync_airflow.web.schedule import is_paused, next_run, start_run

router = APIRouter(prefix="/integrations/{workspace_id}")

_SHOWN_EVENTS = 20


@router.get("")
def show_integration(
    request: Request, workspace_id: str, visitor: Reader, services: Backing, session: SessionDep
) -> Response:
    """Show one integration."""
    view = find_view(services, workspace_id)
    return tab_page(
        "integration.html",
        visitor,
        view,
        tab=OVERVIEW,
        policy=grant_policy(services),
        coverage=remembered_coverage(services).get(view.card.integration_id or ""),
        next_run=next_run(session),
        notices=notices_of(request),
        events=_history(services, view.card.integration_id),
        longest_reason=LONGEST_REASON,
        now=services.clock(),
    )


@router.post("/run")
def run_now(workspace_id: str, visitor: Operator, services: Backing, session: SessionDep) -> Response:
    """Start a run for this workspace."""
    view, _ = find_integration(services, workspace_id)
    start_run(session, visitor.name, workspaces=[view.card.workspace_id])
    return done(view.path, "queued" if is_paused(session) else "started")


@router.post("/pause")
def pause_integration(
    workspace_id: str, visitor: Operator, services: Backing, reason: Annotated[str, Form()] = ""
) -> Response:
    """Pass nothing on until somebody resumes."""
    view, integration_id = find_integration(services, workspace_id)
    try:
        pause(services, integration_id, person=visitor.name, reason=reason)
    except InvalidRequest as error:
        return refused(error, view.path)
    return done(view.path, "paused")


@router.post("/resume")
def resume_integration(workspace_id: str, visitor: Operator, services: Backing) -> Response:
    """End a pause."""
    view, integration_id = find_integration(services, workspace_id)
    try:
        resume(services, integration_id, person=visitor.name)
    except InvalidRequest as error:
        return refused(error, view.path)
    return done(view.path, "resumed")


@router.post("/disconnect")
def disconnect_integration(workspace_id: str, visitor: Administrator, services: Backing) -> Response:
    """Pass nothing on any more, give the tokens back and erase them (K3)."""
    view, integration_id = find_integration(services, workspace_id)
    is_given_back = disconnect(services, integration_id, person=visitor.name)
    return done(view.path, "disconnected" if is_given_back else "disconnecting")


def _history(services: Services, integration_id: str | None) -> list[RecordedEvent]:
    if integration_id is None:
        return []
    with reading(services.engine) as connection:
        return events_of(connection, integration_id, _SHOWN_EVENTS)
