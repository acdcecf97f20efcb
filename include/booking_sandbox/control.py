"""The control endpoints of both servers, for scripts and demos that are not in the same process."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from booking_sandbox.calendar_app import CalendarService
from booking_sandbox.calendar_state import CalendarState
from booking_sandbox.faults import set_switches
from booking_sandbox.hubspot_service import HubSpotService
from booking_sandbox.hubspot_state import HubSpotState
from booking_sandbox.moments import parse_moment

PREFIX = "/__sandbox"
CALENDAR_ACTIONS = frozenset(
    {
        "add_workspace",
        "book",
        "cancel",
        "cancel_invitee",
        "edit",
        "mark_no_show",
        "put_raw",
        "reschedule_in_place",
        "reschedule_to_new",
        "uncancel",
    }
)
HUBSPOT_ACTIONS = frozenset(
    {
        "add_activity",
        "add_contact",
        "add_owner",
        "add_record",
        "associate",
        "clone_activity",
        "delete_activity",
        "delete_contact",
        "dissociate",
        "edit_activity",
        "edit_contact",
        "expire_access_tokens",
        "install_app",
        "merge_contacts",
        "register_redirect_uri",
        "gdpr_delete_contact",
        "restore_activity",
        "restore_contact",
        "revoke_refresh_tokens",
        "uninstall_app",
    }
)
_MOMENTS = frozenset({"at", "start_at", "end_at"})


class _Service(Protocol):
    switches: Any

    def reset(self) -> None: ...


def calendar_control(service: CalendarService) -> list[BaseRoute]:
    """Control of the sandboxed Calendar.com."""

    def state() -> dict[str, Any]:
        return {"workspaces": list(service.state.workspaces.values()), "bookings": service.state.bookings()}

    return _control(service, state, service.state, CALENDAR_ACTIONS)


def hubspot_control(service: HubSpotService) -> list[BaseRoute]:
    """Control of the sandboxed HubSpot."""

    def state() -> dict[str, Any]:
        return {"portals": {str(one): _portal_json(service, one) for one in service.state.portals}}

    return _control(service, state, service.state, HUBSPOT_ACTIONS)


def _portal_json(service: HubSpotService, portal_id: int) -> dict[str, Any]:
    state = service.state
    return {
        "contacts": state.contacts(include_archived=True, portal_id=portal_id),
        "activities": state.activities(include_archived=True, portal_id=portal_id),
        "owners": [one.as_json() for one in state.portal(portal_id).owners.values()],
    }


def _control(
    service: _Service,
    state: Callable[[], dict[str, Any]],
    target: CalendarState | HubSpotState,
    actions: frozenset[str],
) -> list[BaseRoute]:
    async def read_state(request: Request) -> Response:  # noqa: ARG001 - its caller decides what it is given
        return _json({**state(), "faults": service.switches.faults.as_json()})

    async def read_history(request: Request) -> Response:  # noqa: ARG001 - its caller decides what it is given
        return _json({"requests": [entry.as_json() for entry in target.history]})

    async def reset(request: Request) -> Response:  # noqa: ARG001 - its caller decides what it is given
        service.reset()
        return _json({"done": True})

    async def switch(request: Request) -> Response:
        try:
            set_switches(service.switches, await request.json())
        except ValueError as error:
            return _json({"error": str(error)}, 422)
        return _json({"done": True})

    async def act(request: Request) -> Response:
        fields = await request.json()
        name = fields.pop("action", None)
        if name not in actions:
            return _json({"error": f"no such action; there are: {', '.join(sorted(actions))}"}, 422)
        try:
            return _json({"done": True, "result": getattr(target, name)(**_with_moments(fields))})
        except (ValueError, TypeError, KeyError, StopIteration) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 422)

    endpoints: dict[str, tuple[str, Callable[[Request], Awaitable[Response]]]] = {
        "state": ("GET", read_state),
        "history": ("GET", read_history),
        "reset": ("POST", reset),
        "switches": ("POST", switch),
        "actions": ("POST", act),
    }
    return [Route(f"{PREFIX}/{name}", run, methods=[method]) for name, (method, run) in endpoints.items()]


def _with_moments(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        key: parse_moment(value) if key in _MOMENTS and isinstance(value, str) else value
        for key, value in fields.items()
    }


def _json(body: dict[str, Any], status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False, default=_plain)
    return Response(text, status, media_type="application/json")


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
