"""Connections to one service, each lent to one request at a time.

``requests`` does not promise that threads may share a session.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from booking_sync.clients.wire import WatchedAdapter


class Connections:
    """As many as requests were ever under way at once; one is opened when all others are in use."""

    def __init__(self, user_agent: str) -> None:
        self._user_agent = user_agent
        self._idle: list[requests.Session] = []

    @contextmanager
    def one(self) -> Iterator[requests.Session]:
        """Lend one for the length of the block: the one that was used last, which is most likely still open."""
        try:
            session = self._idle.pop()
        except IndexError:
            session = _session(self._user_agent)
        try:
            yield session
        finally:
            self._idle.append(session)

    def close(self) -> None:
        """Close those that are not in use."""
        while self._idle:
            self._idle.pop().close()


def _session(user_agent: str) -> requests.Session:
    session = requests.Session()
    session.headers.update({"User-Agent": user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"})
    for scheme in ("https://", "http://"):
        session.mount(scheme, WatchedAdapter())
    return session
