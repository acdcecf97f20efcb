"""The HTTP face of the sandboxed Calendar.com: strict reading of the contract, nothing more."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from booking_sandbox.calendar_feed import CalendarError, read_limit, read_page, read_request
from booking_sandbox.calendar_state import CalendarState
from booking_sandbox.calendar_switches import CalendarSwitches
from booking_sandbox.faults import Fault, FaultKind
from booking_sandbox.history import HistoryEntry
from booking_sandbox.transport import CutConnection

BASE_PATH = "/e"
PROMISED_REQUESTS_PER_MINUTE = 600
PLANS_WITH_HUBSPOT = frozenset({"pro", "enterprise"})
_PROXY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_CUT = frozenset({FaultKind.COMMIT_THEN_HANG, FaultKind.DROP_BEFORE})
_SERVED = frozenset({FaultKind.SLOW, FaultKind.INVALID_JSON, FaultKind.REWRITE})


@dataclass
class CalendarService:
    """State and switches of one sandboxed Calendar.com."""

    state: CalendarState
    switches: CalendarSwitches = field(default_factory=CalendarSwitches)
    _recent: dict[str, deque[datetime]] = field(default_factory=dict)

    def reset(self) -> None:
        """Forget bookings, faults and history."""
        self.state.reset()
        self.switches = CalendarSwitches()
        self._recent.clear()

    def notify(self, entry: HistoryEntry, phase: str) -> None:
        """Tell the hook, where there is one."""
        if self.state.request_hook is not None:
            self.state.request_hook(entry, phase)

    def authorise(self, request: Request) -> tuple[str, frozenset[str] | None]:
        """The key of the request and the workspaces that it may read (None: all)."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key not in self.state.keys:
            raise CalendarError(401, "unauthorized", "The API key is missing or not valid.")
        return key, self.state.keys[key]

    def count(self, key: str, now: datetime) -> dict[str, str]:
        """Count a request against the limit of its key; the answer is the rate headers."""
        limit = self.switches.requests_per_minute
        recent = self._recent.setdefault(key, deque())
        while recent and recent[0] <= now - timedelta(minutes=1):
            recent.popleft()
        if limit is not None and len(recent) >= limit:
            wait = (recent[0] + timedelta(minutes=1) - now).total_seconds()
            raise RateLimitedError(wait)
        recent.append(now)
        most = limit or PROMISED_REQUESTS_PER_MINUTE
        return {"X-RateLimit-Limit": str(most), "X-RateLimit-Remaining": str(max(most - len(recent), 0))}


class RateLimitedError(CalendarError):
    """429, with the whole seconds after which it makes sense to ask again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(429, "rate_limited", "Too many requests.")
        self.retry_after = str(max(1, -int(-seconds // 1)))


Reader = Callable[[CalendarService, Request, frozenset[str] | None], str]
"""Turns a request that may read those workspaces into the JSON text of a 200."""


def calendar_routes(service: CalendarService) -> list[BaseRoute]:
    """The routes of the contract, under ``/e``."""
    readers: dict[str, Reader] = {
        "/v1/workspaces": _list_workspaces,
        "/v1/workspaces/{workspace_id}": _one_workspace,
        "/v1/workspaces/{workspace_id}/bookings": _workspace_bookings,
        "/v1/bookings": _all_bookings,
    }
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    routes: list[BaseRoute] = [
        Route(BASE_PATH + path, _endpoint(service, reader), methods=methods) for path, reader in readers.items()
    ]
    return [*routes, Route(BASE_PATH + "/{rest:path}", _endpoint(service, _nothing_here), methods=methods)]


def calendar_application(service: CalendarService, extra_routes: list[BaseRoute]) -> Starlette:
    """The ASGI application: the contract, and whatever pages and controls are added."""
    return Starlette(routes=[*calendar_routes(service), *extra_routes])


def _endpoint(service: CalendarService, reader: Reader) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        path, query = request.url.path, dict(request.query_params)
        entry = service.state.history.open(service.state.clock(), request.method, path, query)
        service.notify(entry, "before")
        fault = service.switches.faults.take(entry)
        seconds = service.switches.latency_seconds
        if fault is not None and fault.kind is FaultKind.SLOW:
            seconds += fault.seconds
        if seconds:
            await asyncio.sleep(seconds)
        response = _answer(service, reader, request, fault)
        is_cut = isinstance(response, CutConnection)
        entry.status = None if is_cut else response.status_code
        service.notify(entry, "after")
        return response

    return endpoint


def _answer(service: CalendarService, reader: Reader, request: Request, fault: Fault | None) -> Response:
    headers: dict[str, str] = {}
    try:
        if fault is not None and fault.kind not in _SERVED:
            return _faulty(fault)
        with service.state.lock:
            key, readable = service.authorise(request)
            headers = service.count(key, service.state.clock())
            text = (reader if request.method == "GET" else _never_written)(service, request, readable)
    except CalendarError as error:
        return _error_response(error, headers)
    if fault is not None and fault.kind is FaultKind.INVALID_JSON:
        text = text[: len(text) * 2 // 3]
    if fault is not None and fault.kind is FaultKind.REWRITE:
        text = json.dumps(fault.rewritten(json.loads(text)))
    return Response(text, media_type="application/json", headers=headers)


def _faulty(fault: Fault) -> Response:
    if fault.kind in _CUT:
        return CutConnection()
    if fault.kind is FaultKind.HTML:
        return Response(_PROXY_PAGE, fault.status, media_type="text/html")
    if fault.kind is FaultKind.ANSWER:
        return fault.as_response()
    if fault.kind is FaultKind.RATE_LIMITED:
        raise RateLimitedError(fault.seconds)
    raise CalendarError(fault.status, "server_error", "Something went wrong on our side.")


def _error_response(error: CalendarError, headers: dict[str, str]) -> Response:
    if isinstance(error, RateLimitedError):
        headers = {**headers, "Retry-After": error.retry_after, "X-RateLimit-Remaining": "0"}
    body = json.dumps({"error": {"code": error.code, "message": error.message}})
    return Response(body, error.status, media_type="application/json", headers=headers)


def _readable_workspace(service: CalendarService, request: Request, readable: frozenset[str] | None) -> str:
    workspace_id: str = request.path_params["workspace_id"]
    if workspace_id not in service.state.workspaces:
        raise CalendarError(404, "not_found", "There is no such workspace.")
    if readable is not None and workspace_id not in readable:
        raise CalendarError(403, "forbidden", "This key may not read that workspace.")
    return workspace_id


def _list_workspaces(service: CalendarService, request: Request, readable: frozenset[str] | None) -> str:
    query = dict(request.query_params)
    unknown = query.keys() - {"cursor", "limit"}
    if unknown:
        raise CalendarError(422, "invalid_request", f"unknown parameter: {', '.join(sorted(unknown))}")
    limit, after = read_limit(query), query.get("cursor", "")
    ids = [one for one in sorted(service.state.workspaces) if one > after and (readable is None or one in readable)]
    page = [service.state.workspaces[one] for one in ids[:limit]]
    return json.dumps({"data": page, "next_cursor": ids[limit - 1] if len(ids) > limit else None})


def _one_workspace(service: CalendarService, request: Request, readable: frozenset[str] | None) -> str:
    return json.dumps(service.state.workspaces[_readable_workspace(service, request, readable)])


def _workspace_bookings(service: CalendarService, request: Request, readable: frozenset[str] | None) -> str:
    workspace_id = _readable_workspace(service, request, readable)
    if service.state.workspaces[workspace_id]["plan"].lower() not in PLANS_WITH_HUBSPOT:
        raise CalendarError(402, "plan_required", "The HubSpot integration needs the Pro plan or above.")
    feed_request = read_request(dict(request.query_params), workspace_id)
    return read_page(service.state, service.switches, feed_request)


def _all_bookings(service: CalendarService, request: Request, readable: frozenset[str] | None) -> str:
    feed_request = replace(read_request(dict(request.query_params), None), readable=readable)
    return read_page(service.state, service.switches, feed_request)


def _nothing_here(service: CalendarService, request: Request, readable: frozenset[str] | None) -> str:  # noqa: ARG001 - its caller decides what it is given
    raise CalendarError(404, "not_found", "There is no such resource.")


def _never_written(service: CalendarService, request: Request, readable: frozenset[str] | None) -> str:  # noqa: ARG001 - its caller decides what it is given
    raise CalendarError(405, "method_not_allowed", "The read API is never written to.")
