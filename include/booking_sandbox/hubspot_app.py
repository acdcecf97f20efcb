"""The routes of the sandboxed HubSpot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from booking_sandbox import hubspot_accounts as accounts
from booking_sandbox import hubspot_associations as associations
from booking_sandbox import hubspot_batches as batches
from booking_sandbox import hubspot_objects as objects
from booking_sandbox import hubspot_properties as properties
from booking_sandbox.faults import FaultKind
from booking_sandbox.hubspot_calls import Answer, Call, Operation
from booking_sandbox.hubspot_oauth import OAUTH_OPERATIONS, FormOperation
from booking_sandbox.hubspot_schema import OBJECT_TYPES
from booking_sandbox.hubspot_search import search
from booking_sandbox.hubspot_service import HubSpotService, Incoming
from booking_sandbox.transport import CutConnection

Scopes = Callable[[dict[str, str]], tuple[str, ...]]


def _object_scope(right: str) -> Scopes:
    def scopes(params: dict[str, str]) -> tuple[str, ...]:
        found = OBJECT_TYPES.get(params.get("object_type") or params.get("from_type") or "contacts")
        return (f"crm.objects.{found.scope}.{right}",) if found else ()

    return scopes


def _schema_write(params: dict[str, str]) -> tuple[str, ...]:
    found = OBJECT_TYPES.get(params["object_type"])
    return (
        tuple(dict.fromkeys((f"crm.schemas.{found.scope}.write", f"crm.schemas.{found.name}.write"))) if found else ()
    )


def _schema_read(params: dict[str, str]) -> tuple[str, ...]:
    found = OBJECT_TYPES.get(params["object_type"])
    return (f"crm.schemas.{found.scope}.read", f"crm.objects.{found.scope}.read") if found else ()


def _other_side(params: dict[str, str]) -> tuple[str, ...]:
    """HubSpot docs, "Associations": reading them takes the scopes of the objects on both sides."""
    found = OBJECT_TYPES.get(params["to_type"])
    if found is None:
        return ()
    return ("tickets",) if found.name == "tickets" else (f"crm.objects.{found.scope}.read",)


_READ, _WRITE = _object_scope("read"), _object_scope("write")


def _read(run: Callable[[Call], Answer], scopes: Scopes = _READ) -> Operation:
    return Operation(run, scopes=scopes)


def _write(run: Callable[[Call], Answer], scopes: Scopes = _WRITE) -> Operation:
    return Operation(run, is_write=True, scopes=scopes)


def _owner_scope(params: dict[str, str]) -> tuple[str, ...]:  # noqa: ARG001 - its caller decides what it is given
    return ("crm.objects.owners.read",)


def _oauth_scope(params: dict[str, str]) -> tuple[str, ...]:  # noqa: ARG001 - its caller decides what it is given
    return ("oauth",)


_OBJECTS = "/crm/objects/{version}/{object_type}"
_LINK = "/crm/objects/{version}/{from_type}/{from_id}/associations"
_LINKS = "/crm/associations/{version}/{from_type}/{to_type}/batch"
_PROPERTIES = "/crm/properties/{version}/{object_type}"

OPERATIONS: dict[str, dict[str, Operation]] = {
    f"{_OBJECTS}/search": {"POST": Operation(search, is_search=True, scopes=_READ)},
    f"{_OBJECTS}/batch/read": {"POST": _read(objects.read_batch)},
    f"{_OBJECTS}/batch/create": {"POST": _write(batches.create_batch)},
    f"{_OBJECTS}/batch/update": {"POST": _write(batches.update_batch)},
    f"{_OBJECTS}/batch/upsert": {"POST": _write(batches.upsert_batch)},
    f"{_OBJECTS}/batch/archive": {"POST": _write(objects.archive_batch)},
    "/crm/objects/{version}/contacts/merge": {"POST": _write(objects.merge)},
    "/crm/objects/{version}/0-1/merge": {"POST": _write(objects.merge)},
    "/crm/objects/{version}/contacts/gdpr-delete": {"POST": _write(objects.gdpr_delete)},
    "/crm/objects/{version}/0-1/gdpr-delete": {"POST": _write(objects.gdpr_delete)},
    _OBJECTS: {"GET": _read(objects.list_page), "POST": _write(objects.create_one)},
    f"{_OBJECTS}/{{record_id}}": {
        "GET": _read(objects.read_one),
        "PATCH": _write(objects.update_one),
        "DELETE": _write(objects.archive_one),
    },
    f"{_LINK}/default/{{to_type}}/{{to_id}}": {"PUT": _write(associations.put_default_link)},
    f"{_LINK}/{{to_type}}/{{to_id}}": {
        "PUT": _write(associations.put_link),
        "DELETE": _write(associations.delete_link),
    },
    f"{_LINK}/{{to_type}}": {
        "GET": Operation(associations.list_links, scopes=_READ, other_side_scopes=_other_side),
    },
    f"{_LINKS}/read": {
        "POST": Operation(associations.read_links, scopes=_READ, other_side_scopes=_other_side),
    },
    f"{_LINKS}/create": {"POST": _write(associations.create_links)},
    f"{_LINKS}/associate/default": {"POST": _write(associations.create_default_links)},
    f"{_LINKS}/archive": {"POST": _write(associations.archive_links)},
    "/crm/owners/{version}": {"GET": _read(accounts.list_owners, _owner_scope)},
    "/crm/owners/{version}/{owner_id}": {"GET": _read(accounts.read_owner, _owner_scope)},
    f"{_PROPERTIES}/groups": {
        "GET": _read(properties.list_groups, _schema_read),
        "POST": _write(properties.create_group, _schema_write),
    },
    f"{_PROPERTIES}/groups/{{name}}": {
        "GET": _read(properties.read_group, _schema_read),
        "PATCH": _write(properties.update_group, _schema_write),
        "DELETE": _write(properties.delete_group, _schema_write),
    },
    f"{_PROPERTIES}/batch/create": {"POST": _write(properties.create_properties, _schema_write)},
    f"{_PROPERTIES}/batch/read": {"POST": _read(properties.read_properties, _schema_read)},
    _PROPERTIES: {
        "GET": _read(properties.list_properties, _schema_read),
        "POST": _write(properties.create_property, _schema_write),
    },
    f"{_PROPERTIES}/{{name}}": {
        "GET": _read(properties.read_property, _schema_read),
        "PATCH": _write(properties.update_property, _schema_write),
        "DELETE": _write(properties.archive_property, _schema_write),
    },
    "/account-info/{version}/details": {"GET": _read(accounts.account_details, _oauth_scope)},
    "/appinstalls/{version}/external-install": {"DELETE": _write(accounts.uninstall, _oauth_scope)},
}
"""Path → method → operation. The order decides: a fixed path stands before a pattern that would match it too."""


def hubspot_application(service: HubSpotService, extra_routes: list[BaseRoute]) -> Starlette:
    """The ASGI application: the API, and whatever pages and controls are added."""
    api = [_route(service, path, by_method) for path, by_method in OPERATIONS.items()]
    oauth = [_route(service, path, by_method) for path, by_method in OAUTH_OPERATIONS.items()]
    return Starlette(routes=[*api, *oauth, *extra_routes])


def _route(service: HubSpotService, path: str, by_method: Mapping[str, Operation | FormOperation]) -> BaseRoute:
    return Route(path, _endpoint(service, by_method), methods=["GET", "POST", "PUT", "PATCH", "DELETE"])


def _endpoint(
    service: HubSpotService, by_method: Mapping[str, Operation | FormOperation]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        operation = by_method.get(request.method)
        entry = service.state.history.open(
            service.clock(), request.method, request.url.path, dict(request.query_params)
        )
        if operation is None:
            entry.status = 405
            return Response('{"status":"error","message":"Method not allowed"}', 405, media_type="application/json")
        entry.is_write = operation.is_write
        incoming = await _incoming(request)
        service.recognise(entry, incoming)
        service.notify(entry, "before")
        fault = service.switches.faults.take(entry)
        slow = fault.seconds if fault is not None and fault.kind is FaultKind.SLOW else 0.0
        if slow or service.switches.latency_seconds:
            await asyncio.sleep(slow + service.switches.latency_seconds)
        response = service.respond(entry, operation, incoming, fault=fault)
        entry.status = None if isinstance(response, CutConnection) else response.status_code
        service.notify(entry, "after")
        return response

    return endpoint


async def _incoming(request: Request) -> Incoming:
    headers = request.headers
    params, raw = dict(request.path_params), await request.body()
    return Incoming(params, headers.get("authorization", ""), headers.get("content-type", ""), raw)
