"""The mapping database, set up, and the few rows that others hang on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from booking_sync.store import integrations, runs
from booking_sync.store.database import open_database, writing
from booking_sync.store.encryption import Vault
from booking_sync.window import MANUAL, RunTrigger

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
INTEGRATION = integrations.integration_id("ws_01HV", "424242")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database with our schema and one connected integration."""
    opened = open_database(database_url)
    with writing(opened) as connection:
        integrations.connect(
            connection, workspace_id="ws_01HV", workspace_name="Acme", portal_id="424242", connected_at=NOW
        )
        for run_id in ("run_1", "run_2"):
            trigger = RunTrigger("calendar_hubspot_sync", run_id, MANUAL, "ada")
            runs.insert_run(connection, run_id, trigger, request={}, is_dry_run=False, opened_at=NOW)
            runs.insert_integration_runs(connection, run_id, {INTEGRATION: None})
    yield opened
    opened.dispose()


@pytest.fixture
def vault() -> Vault:
    return Vault(["the secret key of the store tests"])
