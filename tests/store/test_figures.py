"""The figures of the Integrations page take the same few queries, however many integrations there are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from booking_sync.clients.hubspot_model import Portal
from booking_sync.store import figures, integrations
from booking_sync.store.database import open_database, reading, writing
from booking_sync.store.tables import integration_run, run
from tests.store.conftest import NOW


@pytest.fixture
def engine(database_url: str) -> Engine:
    return open_database(database_url)


def plant(engine: Engine, count: int) -> None:
    """Integrations with two runs each: an hour ago, of 3 requests to HubSpot, and two days ago, of 5."""
    with writing(engine) as connection:
        for number in range(count):
            portal = f"p{number}"
            integrations.remember_portal(connection, Portal(portal, "", "", "", "STANDARD"))
            integrations.connect(
                connection, workspace_id=f"w{number}", workspace_name="W", portal_id=portal, connected_at=NOW
            )
        for id_, age, calls in (("new", timedelta(hours=1), 3), ("old", timedelta(days=2), 5)):
            at = NOW - age
            common = {"dag_id": "d", "run_type": "manual", "requested_by": "ada", "request": {}, "is_dry_run": False}
            times = {"opened_at": at, "closed_at": at, "state": "recorded", "findings": {}}
            connection.execute(run.insert(), {"id": id_, "dag_run_id": id_, **common, **times})
            parts = [
                {"run_id": id_, "integration_id": f"w{n}@p{n}", "state": "recorded", "counts": {"hubspot_calls": calls}}
                for n in range(count)
            ]
            connection.execute(integration_run.insert(), parts)


def test_the_latest_run_and_the_calls_of_the_day_are_told_apart_by_integration(engine: Engine) -> None:
    plant(engine, 3)

    with reading(engine) as connection:
        last = figures.last_parts(connection)
        calls = figures.calls_since(connection, NOW - timedelta(days=1))

    assert {id_: part.dag_run_id for id_, part in last.items()} == {f"w{n}@p{n}": "new" for n in range(3)}
    assert calls == {f"w{n}@p{n}": 3 for n in range(3)}


@pytest.mark.parametrize("count", [1, 40])
def test_the_number_of_queries_does_not_grow(engine: Engine, count: int) -> None:
    plant(engine, count)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    with reading(engine) as connection:
        figures.last_parts(connection)
        figures.counts_since(connection, NOW)
        figures.calls_since(connection, NOW)

    assert len([query for query in asked if query.startswith("SELECT")]) == 5
