"""A StatsD server on loopback: takes what is sent by UDP, and keeps it."""

from __future__ import annotations

import socket
import threading
from typing import NamedTuple, Self


class Sent(NamedTuple):
    """One line: ``airflow.booking_sync.runs_total,outcome=success:1|c``."""

    name: str
    tags: dict[str, str]
    value: float
    kind: str


class StatsdListener:
    """Use it as a context manager; ``port`` is where it listens."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self._lines: list[str] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @property
    def port(self) -> int:
        """The UDP port."""
        port: int = self._socket.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._socket.close()

    def sent(self, prefix: str = "airflow.booking_sync.") -> list[Sent]:
        """Return what has arrived; the names without the prefix."""
        return [_parsed(line, prefix) for line in list(self._lines) if line.startswith(prefix)]

    def _listen(self) -> None:
        while not self._is_over.is_set():
            try:
                self._lines += self._socket.recv(65_536).decode().splitlines()
            except TimeoutError:
                continue


def _parsed(line: str, prefix: str) -> Sent:
    name, _, rest = line.removeprefix(prefix).rpartition(":")
    name, *tags = name.split(",")
    value, kind = rest.split("|")[:2]
    return Sent(name, dict(tag.split("=") for tag in tags), float(value), kind)
