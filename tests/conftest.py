"""What several suites share: the two databases, and which tests only run when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from proof.postgres_programs import find_binaries

from tests import scorecard
from tests.faults.numbers import MOST, numbers_of
from tests.postgres_server import HOW_TO_INSTALL, PostgresServer

SENT = "score card"

SOAK = "SOAK"
"""Set to 1, this environment variable runs the tests marked ``soak`` too."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "lease_seconds(seconds): how long a worker of a crash test holds an integration")
    config.addinivalue_line("markers", f"soak: part of the long run; only with {SOAK}=1 in the environment")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get(SOAK) == "1":
        return
    left_out = [item for item in items if item.get_closest_marker("soak")]
    if left_out:
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=left_out)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what this process has counted to the one that prints it, where the tests are shared out."""
    sent: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if sent is not None:
        sent[SENT] = scorecard.counted()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what another process has counted."""
    scorecard.take_over(getattr(node, "workeroutput", {}).get(SENT))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    scorecard.print_card(terminalreporter)
    if shown := numbers_of([report.nodeid for report in terminalreporter.stats.get("passed", ())]):
        terminalreporter.write_line(f"8  faults of the list with a test that passed: {len(shown)} of {MOST}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None and os.environ.get("CI") == "true":
        pytest.fail(HOW_TO_INSTALL)
    if binaries is None:
        pytest.skip(HOW_TO_INSTALL)
    server = PostgresServer(binaries)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_url_factory(postgres_server: PostgresServer) -> Callable[..., str]:
    """Makes PostgreSQL databases: with our schema, or without any table (``is_empty=True``)."""
    return postgres_server.new_url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """The database of the test; every test that uses it runs on both."""
    kind: str = request.param
    return kind


@pytest.fixture
def new_database(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes an empty database of the kind and returns its address."""
    if database_kind == "postgresql":
        factory: Callable[..., str] = request.getfixturevalue("postgres_url_factory")
        return lambda: factory(is_empty=True)
    numbers = iter(range(1_000))
    return lambda: f"sqlite:///{tmp_path}/database_{next(numbers)}.db"


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """The address of an empty database, once on SQLite and once on PostgreSQL."""
    return new_database()
