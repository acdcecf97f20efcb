"""What operators do about single bookings: retry, ignore, take up again. Each is recorded with its person."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Form, Response
from sqlalchemy.orm import Session

from booking_sync.errors import InvalidRequest
from booking_sync.ignoring import ignore, take_up
from booking_sync.retrying import retry, retry_all
from booking_sync_airflow.web.access import Operator
from booking_sync_airflow.web.address import pages_path
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.booking_page import booking_path
from booking_sync_airflow.web.notices import done, refused
from booking_sync_airflow.web.schedule import is_paused, start_run

router = APIRouter()

Field = Annotated[str, Form(max_length=300)]


@router.post("/retry")
def retry_booking(
    visitor: Operator, services: Backing, session: SessionDep, integration_id: Field, booking_id: Field
) -> Response:
    """Start a run for one booking."""
    path = booking_path(integration_id, booking_id)
    try:
        integration = retry(services, integration_id, booking_id, person=visitor.name)
    except InvalidRequest as error:
        return refused(error, path)
    start_run(session, visitor.name, workspaces=[integration.workspace_id], booking_ids=[booking_id])
    return done(path, _begun(session))


@router.post("/retry-all")
def retry_everything(visitor: Operator, services: Backing, session: SessionDep) -> Response:
    """Start a run for every workspace in which something waits: each run tries all of that."""
    path = f"{pages_path()}/status"
    try:
        waiting = retry_all(services, person=visitor.name)
    except InvalidRequest as error:
        return refused(error, path)
    start_run(session, visitor.name, workspaces=[one.workspace_id for one in waiting])
    return done(path, _begun(session))


@router.post("/ignore")
def ignore_booking(
    visitor: Operator,
    services: Backing,
    integration_id: Field,
    booking_id: Field,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Leave a booking as it is until it changes."""
    path = booking_path(integration_id, booking_id)
    try:
        ignore(services, integration_id, booking_id, person=visitor.name, reason=reason)
    except InvalidRequest as error:
        return refused(error, path)
    return done(path, "ignored")


@router.post("/take-up")
def take_up_booking(visitor: Operator, services: Backing, integration_id: Field, booking_id: Field) -> Response:
    """Let a booking count again."""
    path = booking_path(integration_id, booking_id)
    try:
        take_up(services, integration_id, booking_id, person=visitor.name)
    except InvalidRequest as error:
        return refused(error, path)
    return done(path, "taken-up")


def _begun(session: Session) -> str:
    return "queued" if is_paused(session) else "retrying"
