"""One pair of servers for the folder, emptied before every test, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from booking_sandbox.server import Sandbox
from tests.flow.clock import SceneClock

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Api:
    """A plain client of one server: no retries, no interpretation."""

    def __init__(self, root: str, key: str) -> None:
        self.root = root
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self.session.request(method, self.root + path, json=body, params=query, timeout=10)


CLOCK = SceneClock(START)


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock=CLOCK) as sandbox:
        yield sandbox


@pytest.fixture
def clock() -> SceneClock:
    CLOCK.now = START
    return CLOCK


@pytest.fixture
def sandbox(running_sandbox: Sandbox, clock: SceneClock) -> Sandbox:
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
