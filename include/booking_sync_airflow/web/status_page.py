"""The page ``Booking sync``: what has reached HubSpot, what has not, and why."""

from __future__ import annotations

from fastapi import APIRouter, Response

from booking_sync_airflow.web.access import Reader
from booking_sync_airflow.web.rendering import page

router = APIRouter()


@router.get("/status")
def show_status(visitor: Reader) -> Response:
    """Show the page."""
    return page("status.html", visitor)
