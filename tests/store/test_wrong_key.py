"""A run with a secret key that does not fit: one clear sentence, nothing asked, nothing written."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from booking_sandbox.server import Sandbox
from booking_sync.errors import ConfigurationError
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.request import RunRequest
from booking_sync.service_clients import Addresses
from booking_sync.services import Services, build_services
from booking_sync.settings import Settings
from booking_sync.store.database import reading
from booking_sync.store.tables import change, run

RIGHT, WRONG = "the key that was used from the start", "a key that somebody made up later on"


def _services(sandbox: Sandbox, database_url: str, *keys: str) -> Services:
    return build_services(
        Settings(secret_keys=keys),
        database_url=database_url,
        addresses=lambda: Addresses(
            sandbox.calendar.url, sandbox.calendar.api_key, sandbox.hubspot.url, sandbox.hubspot.service_key
        ),
    )


def _counts(services: Services) -> tuple[int, int]:
    with reading(services.engine) as connection:
        tables = (run, change)
        runs, changes = (connection.execute(select(func.count()).select_from(one)).scalar_one() for one in tables)
    return (runs, changes)


def test_a_run_with_another_secret_key_is_refused_before_anything_happens(database_url: str) -> None:
    with Sandbox(seed=7) as sandbox:
        sandbox.calendar.state.add_workspace("ws_1", "Acme", "pro", "Europe/Berlin")
        sandbox.calendar.state.book("ws_1")
        right = _services(sandbox, database_url, RIGHT)
        reconcile(right, manual_trigger("first", "ada"), RunRequest())
        sandbox.calendar.state.book("ws_1")
        requests = len(sandbox.hubspot.history) + len(sandbox.calendar.history)
        before = _counts(right)

        with pytest.raises(ConfigurationError, match="BOOKING_SYNC_SECRET_KEY does not fit"):
            reconcile(_services(sandbox, database_url, WRONG), manual_trigger("second", "ada"), RunRequest())

        assert len(sandbox.hubspot.history) + len(sandbox.calendar.history) == requests
        assert _counts(right) == before
        report = reconcile(_services(sandbox, database_url, WRONG, RIGHT), manual_trigger("third", "ada"), RunRequest())
        assert not report.is_red
        assert len(sandbox.hubspot.state.activities()) == 2
