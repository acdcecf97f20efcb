"""Servers that answer by script, and clients that do not really sleep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.http import Exchange, HttpLimits, JsonHttp
from booking_sync.clients.hubspot import HubSpotClient
from tests.clients.scripted_server import ScriptedServer

KEY = "pat-eu1-0f1e2d3c-canary"
IMPATIENT = HttpLimits(connect_seconds=2.0, read_seconds=0.4, total_seconds=0.8, body_bytes=200_000)


@dataclass
class Bench:
    """A client's HTTP against one address, with what it waited and what it reported."""

    url: str
    limits: HttpLimits = IMPATIENT
    now: float = 1_800_000_000.0
    pauses: list[float] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def http(self) -> JsonHttp:
        return JsonHttp(
            "HubSpot",
            self.url,
            KEY,
            limits=self.limits,
            sleep=self.pauses.append,
            now=lambda: self.now,
            observer=self.exchanges.append,
        )


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    yield scripted
    scripted.close()


@pytest.fixture
def bench(server: ScriptedServer) -> Bench:
    return Bench(server.url)


@pytest.fixture
def http(bench: Bench) -> Iterator[JsonHttp]:
    client = bench.http()
    yield client
    client.close()


@pytest.fixture
def hubspot(http: JsonHttp) -> HubSpotClient:
    return HubSpotClient(http)


@pytest.fixture
def calendar(http: JsonHttp) -> CalendarClient:
    return CalendarClient(http)
