"""One pair of servers for the folder, emptied before every test, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from booking_sandbox.server import Sandbox

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Api:
    """A plain client of one server: no retries, no interpretation."""

    def __init__(self, root: str, key: str) -> None:
        self.root = root
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self.session.request(method, self.root + path, json=body, params=query, timeout=10)


CLOCK = ManualClock()


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock=CLOCK) as sandbox:
        yield sandbox


@pytest.fixture
def clock() -> ManualClock:
    CLOCK.now = START
    return CLOCK


@pytest.fixture
def sandbox(running_sandbox: Sandbox, clock: ManualClock) -> Sandbox:
    assert clock.now == START
    running_sandbox.calendar.service.reset()
    running_sandbox.hubspot.service.reset()
    running_sandbox.calendar.state.add_workspace("ws_1")
    return running_sandbox


@pytest.fixture
def calendar(sandbox: Sandbox) -> Api:
    return Api(sandbox.calendar.url, sandbox.calendar.api_key)


@pytest.fixture
def hubspot(sandbox: Sandbox) -> Api:
    return Api(sandbox.hubspot.url, sandbox.hubspot.service_key)
