"""A gate between our client and a sandbox server, which does to the bytes what only a network can do."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

Trouble = Callable[["Passage", bytes], None]
"""Does with one request what it likes; what comes afterwards on the connection passes freely."""

_CHUNK = 65_536
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_RESET = struct.pack("ii", 1, 0)


class Passage:
    """One connection through the gate."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server

    def reset(self) -> None:
        """Tear the connection down on both sides, without a goodbye."""
        for end in (self.client, self.server):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Gate:
    """Listens on an address of its own. ``trouble`` strikes once, at the next request whose head names the path."""

    def __init__(self, server_url: str) -> None:
        parts = urlsplit(server_url)
        self._behind = (str(parts.hostname), int(parts.port or 0))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self._open: list[Passage] = []
        self._path, self._trouble = b"", _pass_on
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._address[1]}"

    def plan(self, path: str, trouble: Trouble) -> None:
        """Let the next request to this path run into trouble."""
        self._path, self._trouble = path.encode(), trouble

    def refuse(self) -> None:
        """Refuse every connection from now on, and cut those that there are."""
        self._listener.close()
        for passage in self._open:
            passage.reset()
        self._open.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                passage = Passage(client, socket.create_connection(self._behind))
                self._open.append(passage)
                threading.Thread(target=self._requests, args=(passage,), daemon=True).start()
                threading.Thread(target=self._answers, args=(passage,), daemon=True).start()

    def _requests(self, passage: Passage) -> None:
        with suppress(OSError):
            while data := _request(passage.client):
                trouble = _pass_on
                if self._path and self._path in data.partition(b"\r\n")[0]:
                    trouble, self._path = self._trouble, b""
                trouble(passage, data)
        passage.reset()

    def _answers(self, passage: Passage) -> None:
        with suppress(OSError):
            while data := passage.server.recv(_CHUNK):
                passage.client.sendall(data)


@contextmanager
def gate_before(server_url: str) -> Iterator[Gate]:
    """Put a gate in front of a server."""
    gate = Gate(server_url)
    try:
        yield gate
    finally:
        gate.refuse()


def _request(client: socket.socket) -> bytes:
    """Return the next request, head and body; nothing where the client has gone."""
    data, wanted = b"", 1
    while len(data) < wanted:
        received = client.recv(_CHUNK)
        if not received:
            return b""
        data += received
        head, end, _ = data.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        wanted = len(head + end) + (int(length[1]) if length else 0) if end else len(data) + 1
    return data


def _pass_on(passage: Passage, data: bytes) -> None:
    passage.server.sendall(data)


def reset_in_the_request(passage: Passage, data: bytes) -> None:
    """Let half of the request through, then reset."""
    passage.server.sendall(data[: len(data) // 2])
    time.sleep(0.05)
    passage.reset()


def _server_of_its_own(passage: Passage) -> socket.socket:
    """Take the request to the server on a connection whose answers nobody else carries back."""
    return socket.create_connection(passage.server.getpeername())


def reset_in_the_answer(passage: Passage, data: bytes) -> None:
    """Let the request through and the first bytes of its answer, then reset."""
    with _server_of_its_own(passage) as server:
        server.sendall(data)
        passage.client.sendall(server.recv(_CHUNK)[:40])
    passage.reset()


def drip_the_answer(passage: Passage, data: bytes) -> None:
    """Let the request through, and its answer a byte at a time."""
    with _server_of_its_own(passage) as server:
        server.sendall(data)
        for value in server.recv(_CHUNK):
            passage.client.sendall(bytes([value]))
            time.sleep(0.05)


def swallow_the_answer(passage: Passage, data: bytes) -> None:
    """Let the request through and wait for its answer, but bring none."""
    with _server_of_its_own(passage) as server:
        server.sendall(data)
        server.recv(_CHUNK)


def swallow_the_request(_passage: Passage, _data: bytes) -> None:
    """Bring nothing to the server, and say nothing."""
