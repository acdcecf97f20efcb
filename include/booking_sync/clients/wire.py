"""One request on the socket: was anything sent, and when must it be over?

``requests`` leaves two questions open that decide whether a write may be repeated. *Was it sent?* An exception alone
does not tell: a TLS failure can come before the request or in the middle of the answer. *Is it over?* The timeouts of
``requests`` count from one byte to the next, so a peer that sends a byte a minute holds the caller for ever. A
:class:`Watch` answers both from the connection itself.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError
from urllib3.poolmanager import PoolManager, ProxyManager

_current: ContextVar[Watch] = ContextVar("booking_sync_request_watch")


class Watch:
    """Follows one request. ``is_sent`` turns true just before its first byte goes to the socket."""

    def __init__(self, seconds: float) -> None:
        self.is_sent = False
        self.is_expired = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def start(self) -> None:
        """Start to count."""
        self._timer.start()

    def stop(self) -> None:
        """Stop to count; the socket is nobody's business any more."""
        self._timer.cancel()
        self._socket = None

    def begin_sending(self, sock: socket.socket | None) -> None:
        """Note the socket, which is cut when the time is up."""
        self._socket = sock
        if self.is_expired:
            raise ConnectTimeoutError("the time was up before the connection stood")
        self.is_sent = True

    def _expire(self) -> None:
        self.is_expired = True
        if self._socket is not None:
            with suppress(OSError):
                # The plain socket's method: the TLS one would take the cipher away under the thread that reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@contextmanager
def watching(seconds: float) -> Iterator[Watch]:
    """Watch the one request made inside the block."""
    watch = Watch(seconds)
    token = _current.set(watch)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
        _current.reset(token)


class _WatchedHttpConnection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on as they come
        if self.sock is None:
            self.connect()
        _current.get().begin_sending(self.sock)
        super().request(*args, **kwargs)


class _WatchedHttpsConnection(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on as they come
        if self.sock is None:
            self.connect()
        _current.get().begin_sending(self.sock)
        super().request(*args, **kwargs)


class _WatchedHttpPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHttpConnection


class _WatchedHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHttpsConnection


_POOLS = {"http": _WatchedHttpPool, "https": _WatchedHttpsPool}


class WatchedAdapter(HTTPAdapter):
    """The transport of a ``requests`` session whose requests run inside :func:`watching`. It never repeats one."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on as they come
        """Make the pool, with connections that report to the watch."""
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:  # noqa: ANN401 - handed on as they come
        """Make the pool that goes through a proxy, likewise."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager
