"""What a person can do on the pages of the sandboxed Calendar.com: book, move, cancel, change a plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from booking_sandbox.calendar_app import CalendarService
from booking_sandbox.calendar_state import CalendarState
from booking_sandbox.moments import parse_moment

PLANS = ("free", "basic", "pro", "enterprise")
_DEFAULTS = {"event_name": "Intro call", "name": "Ada Example", "email": "ada@example.com"}
_LONGEST_TEXT = 200

Deed = Callable[[CalendarState, str, dict[str, str]], str]
"""Does something to a workspace or a booking with the fields of a form; the answer is the page to show next."""


def calendar_deeds(service: CalendarService) -> list[BaseRoute]:
    """Where the forms of the pages go."""
    deeds: dict[str, Deed] = {
        "/workspaces/{id}/book": _book,
        "/workspaces/{id}/plan": _change_plan,
        "/bookings/{id}/move": _move,
        "/bookings/{id}/cancel": _cancel,
    }
    return [Route(path, _endpoint(service, deed), methods=["POST"]) for path, deed in deeds.items()]


def _endpoint(service: CalendarService, deed: Deed) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        fields = {name: values[0][:_LONGEST_TEXT] for name, values in form.items()}
        try:
            there = deed(service.state, request.path_params["id"], fields)
        except (KeyError, ValueError) as error:
            return Response(f"That cannot be done: {error}", 422, media_type="text/plain")
        return RedirectResponse(there, 303)

    return endpoint


def _book(state: CalendarState, workspace_id: str, fields: dict[str, str]) -> str:
    """Book with the host of the workspace's latest booking, whom its HubSpot account may know."""
    given = {**_DEFAULTS, **fields}
    latest: list[dict[str, Any]] = [one for one in state.bookings(workspace_id) if isinstance(one.get("host"), dict)]
    booked = state.book(
        workspace_id,
        event_name=given["event_name"],
        host=latest[-1]["host"] if latest else None,
        invitees=[{"name": given["name"], "email": given["email"]}],
    )
    return _page_of(booked["id"])


def _change_plan(state: CalendarState, workspace_id: str, fields: dict[str, str]) -> str:
    workspace = state.workspaces[workspace_id]
    if fields.get("plan") not in PLANS:
        raise ValueError("there is no such plan")
    state.add_workspace(**{**workspace, "plan": fields["plan"]})
    return "/"


def _move(state: CalendarState, booking_id: str, fields: dict[str, str]) -> str:
    """Reschedule to the same time of the next day."""
    del fields
    booking = state.booking(booking_id)
    state.reschedule_in_place(booking_id, parse_moment(booking["start_at"]) + timedelta(days=1))
    return _page_of(booking_id)


def _cancel(state: CalendarState, booking_id: str, fields: dict[str, str]) -> str:
    state.cancel(booking_id, reason=fields.get("reason"))
    return _page_of(booking_id)


def _page_of(booking_id: str) -> str:
    return f"/bookings/{quote(booking_id, safe='')}"
