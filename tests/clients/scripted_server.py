"""An HTTP server that answers exactly what a test tells it to, broken answers included."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

Answering = Callable[[socket.socket], None]
"""Writes an answer to the connection. Raising ConnectionError closes the connection afterwards."""


@dataclass(frozen=True)
class Seen:
    """One request as it reached the server."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedServer:
    """Serves the scripted answers in order, over as many connections as are opened; then 599 for want of a script."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self._answers: deque[Answering] = deque()
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        scheme = "https" if self._context else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def will(self, *answers: Answering) -> Self:
        self._answers.extend(answers)
        return self

    def close(self) -> None:
        for sock in (self._listener, *self._connections):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, EOFError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._connections.append(connection)
            while True:
                self.seen.append(_received(connection))
                answer = self._answers.popleft() if self._answers else answers(599)
                answer(connection)
        connection.close()


def _received(connection: socket.socket) -> Seen:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += _some(connection, 1)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = b""
    while len(body) < int(headers.get("content-length", 0)):
        body += _some(connection, 65536)
    method, target, _ = first.split(" ")
    parts = urlsplit(target)
    return Seen(method, parts.path, dict(parse_qsl(parts.query)), headers, body)


def _some(connection: socket.socket, size: int) -> bytes:
    received = connection.recv(size)
    if not received:
        raise EOFError
    return received


def answers(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Answering:
    """Answer with a JSON value, or with bytes as they are."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return raw(_head(status, {"Content-Length": str(len(content)), **(headers or {})}) + content)


def raw(content: bytes) -> Answering:
    return lambda connection: connection.sendall(content)


def closes_early(content: bytes = b"") -> Answering:
    """Write a part of an answer, then close in good order."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(content)
        raise ConnectionError

    return answer


def resets(content: bytes = b"") -> Answering:
    """Write a part of an answer, then reset the connection."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(content)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionError

    return answer


def is_silent_for(seconds: float) -> Answering:
    """Take the request and say nothing, then close."""

    def answer(_: socket.socket) -> None:
        time.sleep(seconds)
        raise ConnectionError

    return answer


def drips(content: bytes, every_seconds: float) -> Answering:
    """Write one byte at a time, each in time for a read timeout."""

    def answer(connection: socket.socket) -> None:
        for value in content:
            connection.sendall(bytes([value]))
            time.sleep(every_seconds)

    return answer


def partial(status: int, body: bytes, *, promised: int) -> bytes:
    """Return an answer that promises more bytes than it has."""
    return _head(status, {"Content-Length": str(promised)}) + body


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Odd"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
