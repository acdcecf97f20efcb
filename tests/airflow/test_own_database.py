# ruff: noqa: PLC0415 - Airflow is imported late: it reads its settings, which conftest makes, when it is
from __future__ import annotations

import json
from pathlib import Path

import pytest

from booking_sync.errors import ConfigurationError
from booking_sync.store.database import open_database
from booking_sync_airflow.database import database_url
from tests.airflow.conftest import HOME

VARIABLE = "AIRFLOW_CONN_BOOKING_SYNC_DB"


def test_without_a_connection_it_is_a_file_in_the_airflow_home() -> None:
    assert database_url() == f"sqlite:///{HOME}/booking_sync.db"


def test_a_sqlite_connection_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "with space.db"
    monkeypatch.setenv(VARIABLE, json.dumps({"conn_type": "sqlite", "host": str(file)}))

    assert database_url() == f"sqlite:///{file}"


def test_the_uri_form_of_sqlite_works_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path}/bookings.db")

    assert database_url() == f"sqlite:///{tmp_path}/bookings.db"


@pytest.mark.parametrize("host", ["", "relative.db", "/"])
def test_a_sqlite_connection_without_an_absolute_file_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps({"conn_type": "sqlite", "host": host}))

    with pytest.raises(ConfigurationError, match="must be the absolute path of a SQLite file"):
        database_url()


@pytest.mark.parametrize(
    "connection",
    [
        "postgres://us%40er:p%2Fw@127.0.0.1:1/bookings?connect_timeout=1",
        "postgresql://us%40er:p%2Fw@127.0.0.1:1/bookings?connect_timeout=1",
        (
            '{"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "schema": "bookings", "login": "us@er",'
            ' "password": "p/w", "extra": {"connect_timeout": 1}}'
        ),
    ],
)
def test_a_postgres_connection_gets_its_driver_and_keeps_its_options(connection: str) -> None:
    from airflow.sdk import Connection

    from booking_sync_airflow.database import url_of

    if connection.startswith("{"):
        made = Connection.from_json(connection, conn_id="booking_sync_db")
    else:
        made = Connection.from_uri(connection, conn_id="booking_sync_db")

    assert url_of(made) == "postgresql+psycopg2://us%40er:p%2Fw@127.0.0.1:1/bookings?connect_timeout=1"


def test_a_server_that_does_not_answer_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "postgres://user:hidden@127.0.0.1:1/bookings?connect_timeout=1")

    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1:1/bookings") as refusal:
        open_database(database_url())

    assert "hidden" not in str(refusal.value)


def test_another_kind_of_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "mysql://user:pw@127.0.0.1/bookings")

    with pytest.raises(ConfigurationError, match="must be of type sqlite or postgres, not 'mysql'"):
        database_url()


@pytest.mark.airflow
def test_airflows_own_database_is_refused(metadata_database: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - its caller decides what it is given
    monkeypatch.setenv(VARIABLE, json.dumps({"conn_type": "sqlite", "host": str(HOME / "airflow.db")}))

    with pytest.raises(ConfigurationError, match="Airflow's own metadata database"):
        open_database(database_url())
