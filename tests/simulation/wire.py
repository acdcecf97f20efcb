"""Both sandbox services without sockets: a request is handed to their ASGI application in the same thread.

What the client does around a request stays as it is; only the socket and its watchdog thread are left out.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

from requests import ConnectionError as Disconnected
from requests import PreparedRequest, Response, sessions
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from starlette.applications import Starlette

from booking_sandbox.transport import _SCOPE_KEY
from booking_sync.clients import connections, wire

CALENDAR_HOST, HUBSPOT_HOST = "calendar.test", "hubspot.test"

Applications = dict[str, Starlette]
"""Host → application."""


class _Cut:
    """Stands for the server's protocol, which a response may tell to cut the connection."""

    def __init__(self) -> None:
        self.is_cut = False
        self.transport = self

    def abort(self) -> None:
        self.is_cut = True


class ServedHere(BaseAdapter):
    """Gives requests to applications of this process; no other host exists."""

    def __init__(self, applications: Applications) -> None:
        super().__init__()
        self._applications = applications

    def send(self, request: PreparedRequest, *_args: Any, **_options: Any) -> Response:  # type: ignore[override]  # how long to wait for a socket is of no interest
        """Serve a request and return its answer; raises where the connection is cut."""
        if (watch := wire._current.get(None)) is not None:  # a browser has none
            watch.begin_sending(None)
        parts = urlsplit(str(request.url))
        status, headers, body = _serve(self._applications[str(parts.hostname)], request, parts.path, parts.query)
        response = Response()
        response.status_code, response.headers, response.raw = status, headers, BytesIO(body)
        response.request, response.url = request, str(request.url)
        return response

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def served_here(applications: Applications) -> Iterator[None]:
    """Let every client that is made inside the block talk to these applications."""
    with (
        patch.object(connections, "WatchedAdapter", lambda: ServedHere(applications)),
        patch.object(sessions, "HTTPAdapter", lambda: ServedHere(applications)),
        patch.object(wire.Watch, "start", lambda _watch: None),
    ):
        yield


def _serve(
    application: Starlette, request: PreparedRequest, path: str, query: str
) -> tuple[int, CaseInsensitiveDict[str], bytes]:
    cut, sent = _Cut(), list[dict[str, Any]]()
    scope = {
        "type": "http",
        "method": request.method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), str(value).encode()) for name, value in request.headers.items()],
        _SCOPE_KEY: cut,
    }
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""

    async def receive() -> dict[str, Any]:
        if cut.is_cut:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    _finish(application(scope, receive, send))  # type: ignore[arg-type]  # Starlette's types are looser mappings
    if cut.is_cut:
        raise Disconnected("the connection was cut")
    start, *rest = sent
    headers = CaseInsensitiveDict({name.decode(): value.decode() for name, value in start["headers"]})
    return start["status"], headers, b"".join(one.get("body", b"") for one in rest)


def _finish(serving: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that never waits for anything but itself."""
    try:
        serving.send(None)
    except StopIteration:
        return
    raise RuntimeError("a sandbox waits for something: slow answers and latency need real servers")
