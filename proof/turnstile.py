"""A turnstile before HubSpot: it stops one request on its way there or back, so that somebody can strike then."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Literal
from urllib.parse import urlsplit

Side = Literal["before", "after"]
"""Whether HubSpot has yet to see the request, or has carried it out already."""

LONGEST_HOLD_SECONDS = 120.0
_HOP = frozenset({"transfer-encoding", "connection", "content-length"})


@dataclass(slots=True)
class Hold:
    """A request that is stopped: ``is_reached`` when it has come, until somebody lets it go on."""

    path: str
    side: Side
    is_reached: threading.Event = field(default_factory=threading.Event)
    _may_go: threading.Event = field(default_factory=threading.Event)
    _is_dropped: bool = False

    def let_go(self) -> None:
        """Let the request go on, however late that is."""
        self._may_go.set()

    def drop(self) -> None:
        """Lose the request, or its answer."""
        self._is_dropped = True
        self._may_go.set()

    def stop_here(self) -> bool:
        """Wait until somebody decides; say whether the request goes on."""
        self.is_reached.set()
        self._may_go.wait(LONGEST_HOLD_SECONDS)
        return not self._is_dropped


class Turnstile:
    """Forwards everything to a server, request by request, but for the one that is to be stopped."""

    def __init__(self, server_url: str) -> None:
        parts = urlsplit(server_url)
        self.behind = (str(parts.hostname), int(parts.port or 0))
        self._hold: Hold | None = None
        self._lock = threading.Lock()
        handler = type("Handler", (_Forwarding,), {"turnstile": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop_next(self, path: str, side: Side) -> Hold:
        """Stop the next request whose path holds this text, and no other."""
        with self._lock:
            self._hold = Hold(path, side)
            return self._hold

    def take(self, path: str, side: Side) -> Hold | None:
        """Return what stops this request here; it stops one only."""
        with self._lock:
            hold = self._hold
            if hold is None or hold.side != side or hold.path not in path:
                return None
            self._hold = None
            return hold

    def close(self) -> None:
        """Let nothing through any more; what is stopped is lost."""
        if self._hold is not None:
            self._hold.drop()
        self._server.shutdown()
        self._server.server_close()


class _Forwarding(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    turnstile: ClassVar[Turnstile]

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self._passes("before"):
            return
        connection = http.client.HTTPConnection(*self.turnstile.behind, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if not self._passes("after"):
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _passes(self, side: Side) -> bool:
        hold = self.turnstile.take(self.path, side)
        is_passing = hold is None or hold.stop_here()
        self.close_connection = not is_passing
        return is_passing

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _forward  # noqa: N815 - http.server names them so

    def handle_one_request(self) -> None:
        """Answer one request; whoever asked may be dead by now."""
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing: the sandbox keeps the history."""
