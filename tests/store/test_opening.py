"""Opening the mapping database: empty, ours, older, newer, somebody else's, out of reach."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from booking_sync.errors import ConfigurationError, SchemaOutOfDate
from booking_sync.store import schema
from booking_sync.store.database import connect_database, open_database, reading, writing
from booking_sync.store.tables import metadata
from tests.processes import barrier, start_process, wait_for

PASSWORD = "canary-of-the-database"


def _tables(url: str) -> set[str]:
    engine = connect_database(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def _execute(url: str, *statements: str) -> None:
    engine = connect_database(url)
    with writing(engine) as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def open_and_leave(url: str) -> None:
    """What each of several processes does at once."""
    open_database(url).dispose()


def open_each_at_once(folder: str, together: Barrier) -> None:
    """What each of several processes does with many files, so that some of them meet."""
    for file in range(80):
        together.wait(30)
        engine = connect_database(f"sqlite:///{folder}/{file}.db")
        engine.connect().close()
        engine.dispose()


def test_an_empty_database_is_set_up_on_first_use(database_url: str) -> None:
    open_database(database_url).dispose()

    assert _tables(database_url) >= {*metadata.tables, schema.VERSION_TABLE}


def test_opening_again_leaves_everything_as_it_is(database_url: str) -> None:
    open_database(database_url).dispose()
    _execute(database_url, "INSERT INTO portal (id, name) VALUES ('1', 'kept')")

    again = open_database(database_url)

    with reading(again) as connection:
        assert connection.execute(text("SELECT name FROM portal")).scalar_one() == "kept"
    again.dispose()


def test_processes_that_find_it_empty_at_the_same_time_set_it_up_once(database_url: str) -> None:
    processes = [start_process(open_and_leave, database_url) for _ in range(4)]

    assert [wait_for(process) for process in processes] == [0, 0, 0, 0]
    assert _tables(database_url) >= {*metadata.tables, schema.VERSION_TABLE}


def test_processes_that_open_new_files_at_the_same_time_are_all_let_in(tmp_path: Path) -> None:
    """SQLite refuses one of two that change a file's journal at once, however long its time limit is."""
    together = barrier(4)
    processes = [start_process(open_each_at_once, str(tmp_path), together) for _ in range(4)]

    assert [wait_for(process) for process in processes] == [0, 0, 0, 0]


def test_a_set_up_that_dies_half_way_leaves_an_empty_database(database_url: str) -> None:
    engine = connect_database(database_url)

    with pytest.raises(KeyboardInterrupt), writing(engine) as connection:  # noqa: PT012 - both belong to one moment
        schema.upgrade(connection)
        raise KeyboardInterrupt
    engine.dispose()

    assert _tables(database_url) == set()
    open_database(database_url).dispose()
    assert set(metadata.tables) <= _tables(database_url)


def test_a_newer_schema_is_refused(database_url: str) -> None:
    open_database(database_url).dispose()
    _execute(database_url, "UPDATE alembic_version_booking_sync SET version_num = '9999'")

    with pytest.raises(SchemaOutOfDate, match=r"schema 9999, which is newer than this code. Install the newer version"):
        open_database(database_url)


def test_an_older_schema_is_refused_with_the_one_command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_database(database_url).dispose()
    here = schema.head_revision()
    monkeypatch.setattr(schema, "head_revision", lambda: "9999")  # as code with one more migration sees it

    with pytest.raises(SchemaOutOfDate) as refusal:
        open_database(database_url)

    assert str(refusal.value) == (
        f"The mapping database has schema {here}, this code needs 9999. "
        "Stop the runs, make a backup, then run `make migrate`."
    )


def test_the_database_of_airflow_itself_is_refused_and_left_alone(database_url: str) -> None:
    _execute(database_url, "CREATE TABLE dag_run (id INTEGER)", "CREATE TABLE task_instance (id INTEGER)")

    with pytest.raises(ConfigurationError, match="Airflow's own metadata database"):
        open_database(database_url)

    assert _tables(database_url) == {"dag_run", "task_instance"}


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken but not listened on, so that nobody else answers there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def test_a_server_that_cannot_be_reached_is_one_sentence_without_the_password(
    closed_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgresql://booking:{PASSWORD}@127.0.0.1:{closed_port}/mapping"

    with caplog.at_level(logging.DEBUG), pytest.raises(ConfigurationError) as refusal:
        open_database(url)

    assert f"booking:***@127.0.0.1:{closed_port}/mapping cannot be opened" in str(refusal.value)
    assert "Check the connection booking_sync_db" in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
    assert PASSWORD not in str(refusal.value) + caplog.text


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "holiday.db"
    file.write_bytes(b"This is a letter, and not a database at all. " * 100)

    with pytest.raises(ConfigurationError, match=r"holiday\.db cannot be opened"):
        open_database(f"sqlite:///{file}")


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match="cannot be opened"):
        open_database(f"sqlite:///{tmp_path}/file/mapping.db")


@pytest.mark.postgres
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_an_address_without_a_driver_uses_the_one_we_install(scheme: str) -> None:
    engine = connect_database(f"{scheme}://booking@127.0.0.1/mapping")

    assert engine.driver == "psycopg2"
