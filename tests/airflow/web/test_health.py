"""What a load balancer is told: whether anything is passed on, without names, secrets or a log-in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from booking_sync.services import utc_now
from booking_sync.store.database import connect_database, writing
from booking_sync.store.schema import VERSION_TABLE
from booking_sync.store.tables import integration, run
from booking_sync_airflow.web import health_page
from booking_sync_airflow.web.health_page import KEPT_SECONDS, Latest
from tests.airflow.web.browsing import NOBODY, Browser, User

pytestmark = pytest.mark.airflow

Ask = Callable[[], tuple[int, Any]]


@pytest.fixture
def ask(browser: Callable[[User], Browser], monkeypatch: pytest.MonkeyPatch, acme: str) -> Ask:  # noqa: ARG001 - Acme is connected
    """Ask as somebody who is not logged in, each time anew."""

    def answer() -> tuple[int, Any]:
        monkeypatch.setattr(health_page, "_latest", Latest(health_page._look))
        found = browser(NOBODY).get("/health")
        return found.status_code, found.json()

    return answer


def change(path: Path, statement: Any) -> None:
    engine = connect_database(f"sqlite:///{path}")
    with writing(engine) as connection:
        connection.execute(statement)
    engine.dispose()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "booking_sync.db"


def test_all_is_well(ask: Ask) -> None:
    assert ask() == (200, {"status": "ok", "reasons": {}})


def test_one_portal_that_has_to_be_connected_again_takes_nothing_out_of_service(ask: Ask, database: Path) -> None:
    change(database, update(integration).values(state="needs_reconnecting", state_reason="portal 424242 of Acme"))
    assert ask() == (200, {"status": "degraded", "reasons": {"reconnect": 1}})


def test_a_sync_that_does_not_run_is_failing(ask: Ask, database: Path) -> None:
    long_ago = utc_now() - timedelta(hours=3)
    change(
        database,
        insert(run).values(
            id="old",
            dag_id="calendar_hubspot_sync",
            dag_run_id="old",
            run_type="scheduled",
            requested_by="",
            request={},
            is_dry_run=False,
            state="recorded",
            findings={},
            opened_at=long_ago,
            closed_at=long_ago,
        ),
    )
    assert ask() == (503, {"status": "failing", "reasons": {"no_run": 1}})


def test_a_database_of_another_version_is_failing_and_where_it_is_stays_our_business(ask: Ask, database: Path) -> None:
    assert ask()[0] == 200
    change(database, text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608 - our own table
    from booking_sync_airflow.web import backing  # noqa: PLC0415 - it reads the settings that conftest makes

    backing.engine_of.cache_clear()
    assert ask() == (503, {"status": "failing", "reasons": {"schema": 1}})


def test_a_connection_that_makes_no_sense_is_failing(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BOOKING_SYNC_DB", '{"conn_type": "mysql", "password": "swordfish"}')
    assert ask() == (503, {"status": "failing", "reasons": {"configuration": 1}})


def test_many_callers_cost_one_look() -> None:
    looks: list[int] = []
    now = [0.0]
    latest = Latest(lambda: looks.append(1), lambda: now[0])  # type: ignore[arg-type,func-returns-value]  # what it finds does not matter
    for moment in (0.0, 1.0, KEPT_SECONDS - 0.1, KEPT_SECONDS, KEPT_SECONDS + 1):
        now[0] = moment
        latest.get()
    assert len(looks) == 2
