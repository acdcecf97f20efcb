"""Our pages inside the real application of Airflow's API server: its auth manager, tokens and middlewares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from booking_sync.services import utc_now
from booking_sync.store import integrations
from booking_sync.store.database import open_database, writing
from tests.airflow.web.browsing import Browser, User

if TYPE_CHECKING:
    from fastapi import FastAPI


@pytest.fixture(scope="session")
def api_server(metadata_database: None) -> FastAPI:  # noqa: ARG001 - the application needs it
    from airflow.api_fastapi.app import create_app  # noqa: PLC0415 - it reads the settings that conftest makes

    return create_app(apps="core")


@pytest.fixture
def browser(api_server: FastAPI, connected: dict[str, str]) -> Callable[[User], Browser]:  # noqa: ARG001 - the pages need the connections
    return lambda user: Browser(api_server, user)


@pytest.fixture
def mapping_engine(connected: dict[str, str], tmp_path: Path) -> Engine:  # noqa: ARG001 - it says where
    return open_database(f"sqlite:///{tmp_path / 'booking_sync.db'}")


@pytest.fixture
def workspace(mapping_engine: Engine) -> str:
    """A workspace that is connected; returns its id."""
    with writing(mapping_engine) as connection:
        integrations.remember_portal(connection, "139", name="Acme Ltd", ui_domain="app.hubspot.com", time_zone="UTC")
        integrations.connect(
            connection, workspace_id="ws_sales", workspace_name="Sales", portal_id="139", connected_at=utc_now()
        )
    return "ws_sales"
