"""Our pages inside the real application of Airflow's API server: its auth manager, tokens and middlewares."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from booking_sandbox.server import Sandbox
from booking_sync.store.database import open_database
from tests.airflow.web.browsing import ADMIN, CALLBACK, Browser, User

if TYPE_CHECKING:
    from fastapi import FastAPI

FIRST, SECOND = 424_242, 868_686


@pytest.fixture(scope="session")
def api_server(metadata_database: None) -> FastAPI:  # noqa: ARG001 - the application needs it
    from airflow.api_fastapi.app import create_app  # noqa: PLC0415 - it reads the settings that conftest makes

    return create_app(apps="core")


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """Three empty portals, two workspaces on Pro and one on Basic; our app may send people back to our callback."""
    running_sandbox.calendar.service.reset()
    running_sandbox.hubspot.service.reset()
    running_sandbox.hubspot.state.register_redirect_uri(CALLBACK)
    for id_, name, plan in (("ws_acme", "Acme", "pro"), ("ws_globex", "Globex", "pro"), ("ws_small", "Small", "basic")):
        running_sandbox.calendar.state.add_workspace(id_, name, plan)
    return running_sandbox


@pytest.fixture
def key_mode(connected: dict[str, str], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """One portal by its service key, and a Calendar.com key that reads every workspace."""
    calendar = {"conn_type": "calendar", "host": sandbox.calendar.url, "password": sandbox.calendar.api_key}
    monkeypatch.setenv("AIRFLOW_CONN_CALENDAR_DEFAULT", json.dumps(calendar))
    return connected


@pytest.fixture
def oauth_mode(key_mode: dict[str, str], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Many portals through our OAuth app."""
    hubspot = sandbox.hubspot
    extra = {"client_secret": hubspot.app.client_secret, "authorize_url": hubspot.authorize_url}
    connection = {"conn_type": "hubspot", "host": hubspot.url, "login": hubspot.app.client_id, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))
    return key_mode


@pytest.fixture
def browser(api_server: FastAPI, oauth_mode: dict[str, str]) -> Callable[[User], Browser]:  # noqa: ARG001 - the pages need the connections
    return lambda user: Browser(api_server, user)


@pytest.fixture
def admin(browser: Callable[[User], Browser]) -> Browser:
    return browser(ADMIN)


@pytest.fixture
def mapping(oauth_mode: dict[str, str], tmp_path: Path) -> Iterator[Engine]:  # noqa: ARG001 - it says where
    """Our own database."""
    engine = open_database(f"sqlite:///{tmp_path / 'booking_sync.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def acme(admin: Browser, sandbox: Sandbox) -> str:
    """A workspace that an administrator has connected to the first portal; returns its id."""
    assert admin.connect(sandbox, "ws_acme", FIRST).status_code == 303
    return "ws_acme"
