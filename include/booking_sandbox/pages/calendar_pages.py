"""Pages of the sandboxed Calendar.com: workspaces, bookings, requests."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from booking_sandbox.calendar_app import CalendarService
from booking_sandbox.pages.calendar_deeds import PLANS
from booking_sandbox.pages.rendering import page

_MOST_ROWS = 500
_NAVIGATION = (("/", "Bookings"), ("/requests", "Requests"))


def _frame(here: str = "") -> dict[str, object]:
    navigation = [(path, label, path == here) for path, label in _NAVIGATION]
    return {"brand": "Calendar.com sandbox", "accent": "#0b7a75", "navigation": navigation}


def calendar_pages(service: CalendarService) -> list[BaseRoute]:
    """The routes of the pages."""

    async def bookings(request: Request) -> Response:
        status = request.query_params.get("status", "")
        newest_first = list(reversed(service.state.bookings()))
        shown = [_row(one) for one in newest_first if status in {"", one.get("status")}]
        statuses = sorted({str(one.get("status")) for one in newest_first})
        workspaces = list(service.state.workspaces.values())
        values = {"bookings": shown[:_MOST_ROWS], "total": len(shown), "chosen": status, "statuses": statuses}
        return page("bookings.html", {**_frame("/"), **values, "workspaces": workspaces, "plans": PLANS})

    async def booking(request: Request) -> Response:
        try:
            found = service.state.booking(request.path_params["booking_id"])
        except KeyError:
            return page("missing.html", _frame(), 404)
        return page("booking.html", {**_frame("/"), "booking": found, "row": _row(found)})

    async def requests(request: Request) -> Response:  # noqa: ARG001 - its caller decides what it is given
        entries = list(service.state.history)[: -_MOST_ROWS - 1 : -1]
        return page("requests.html", {**_frame("/requests"), "entries": entries})

    return [Route("/", bookings), Route("/bookings/{booking_id}", booking), Route("/requests", requests)]


def _row(booking: dict[str, Any]) -> dict[str, Any]:
    """What the list shows; bookings that are broken on purpose must not break the page."""
    host, event = booking.get("host") or {}, booking.get("event") or {}
    invitees = booking.get("invitees") if isinstance(booking.get("invitees"), list) else []
    return {
        "id": booking.get("id"),
        "status": booking.get("status"),
        "version": booking.get("version"),
        "event": event.get("name") if isinstance(event, dict) else event,
        "host": host.get("name") if isinstance(host, dict) else host,
        "invitees": [one for one in invitees or [] if isinstance(one, dict)],
        "start_at": booking.get("start_at"),
        "updated_at": booking.get("updated_at"),
    }
