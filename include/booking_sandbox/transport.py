"""How a server cuts a connection without an answer, which plain ASGI cannot say."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from booking_sandbox.wire import Json

_SCOPE_KEY = "booking_sandbox.protocol"


class CuttableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which also puts itself into the scope so that a response can cut the connection."""

    def __init__(self, *args: Json, **kwargs: Json) -> None:
        super().__init__(*args, **kwargs)
        application = self.app

        async def with_protocol(scope: Json, receive: Json, send: Json) -> None:
            scope[_SCOPE_KEY] = self
            await application(scope, receive, send)

        self.app = with_protocol


class CutConnection(Response):
    """Sends nothing at all: the client sees its connection die."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - sends nothing
        """Abort the transport and wait until uvicorn has noticed."""
        protocol: CuttableProtocol = scope[_SCOPE_KEY]
        protocol.transport.abort()
        while (await receive())["type"] != "http.disconnect":
            continue
