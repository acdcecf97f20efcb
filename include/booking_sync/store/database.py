"""Opening the mapping database: SQLite by default, PostgreSQL in production.

An empty database is set up on first use. One with another schema is refused with the one command that upgrades it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from booking_sync.boundary import Act, Moment, reach
from booking_sync.errors import ConfigurationError, StoreFailed
from booking_sync.store import schema
from booking_sync.store.failures import in_plain_words

BUSY_SECONDS = 60
"""How long a writer waits for another one: SQLite has one at a time."""

PLAIN_POSTGRESQL = ("postgresql", "postgres")
"""Addresses that name no driver get the one we install; SQLAlchemy 2.1 would look for another one."""

READS_ONLY = "booking_sync_reads_only"
"""Execution option of connections that begin no transaction.

Each of their statements sees what is committed by then.
"""

SETUP_LOCK = 7_032_606_117_226
"""Key of the PostgreSQL advisory lock under which the schema is changed; any constant of our own will do."""


def open_database(url: str) -> Engine:
    """Return an engine on a database that has this code's schema, setting up an empty one.

    Raises:
        ConfigurationError: the database cannot be reached, or is Airflow's own.
        SchemaOutOfDate: its schema is older or newer than this code.
    """
    engine = connect_database(url)
    with _clear_sentence(engine):
        with reading(engine) as connection:
            current = schema.current_revision(connection)
        if current is None:
            _set_up(engine)
        else:
            schema.refuse_other(current)
    return engine


def open_present_database(url: str) -> Engine:
    """Return an engine like :func:`open_database`, on a database that somebody has set up before.

    Raises:
        ConfigurationError: there is none, or it cannot be used.
        SchemaOutOfDate: its schema is older or newer than this code.
    """
    engine = connect_database(url)
    refuse_absent(engine)
    engine.dispose()
    return open_database(url)


def refuse_absent(engine: Engine) -> None:
    """Refuse where nobody has set up a mapping database, without making one: a person is looking at the wrong place.

    Raises:
        ConfigurationError: there is none.
    """
    path = engine.url.database if engine.dialect.name == "sqlite" else None
    if path is None or Path(path).exists():
        with reading(engine) as connection:
            if schema.current_revision(connection) is not None:
                return
    raise ConfigurationError(
        f"There is no mapping database at {engine.url.render_as_string(hide_password=True)}. Set in this shell what "
        "Airflow's components have in their environment: AIRFLOW_HOME, AIRFLOW_CONN_BOOKING_SYNC_DB and what begins "
        "with BOOKING_SYNC_."
    )


def connect_database(url: str) -> Engine:
    """Return an engine without looking at the schema."""
    location = make_url(url)
    if location.get_backend_name() == "sqlite":
        return _sqlite(url, location.database)
    if location.drivername in PLAIN_POSTGRESQL:
        location = location.set(drivername="postgresql+psycopg2")
    return create_engine(
        location,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10},
        executemany_mode="values_plus_batch",  # a hundred updates cost one round trip instead of a hundred
    )


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that commits at the end of the block.

    Raises:
        StoreFailed: the database did not take it; where the answer to the commit was lost, it may have all the same.
    """
    with in_plain_words(), engine.begin() as connection:
        yield connection
        reach(Act.COMMIT, Moment.BEFORE)
    reach(Act.COMMIT, Moment.AFTER)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a connection for reads that holds no lock between statements.

    Raises:
        StoreFailed: the database did not answer.
    """
    with in_plain_words(), engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            yield connection.execution_options(**{READS_ONLY: True})
        else:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")


def one_at_a_time(connection: Connection) -> None:
    """Wait until nobody else changes the schema. On SQLite every transaction that writes does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SETUP_LOCK})


def _sqlite(url: str, path: str | None) -> Engine:
    if path and path != ":memory:" and not path.startswith("file:"):  # SQLite's own form of an address: no path
        _make_folder(Path(path).parent)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The mapping database cannot be opened: the folder {folder} cannot be made ({type(error).__name__}). "
            "Check the path in the connection booking_sync_db."
        ) from None


def _prepare_sqlite(dbapi_connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Let SQLAlchemy rather than the driver begin transactions; readers and the one writer do not block each other."""
    raw: Any = dbapi_connection
    raw.isolation_level = None
    for attempt in _patiently():
        with attempt:
            raw.execute("PRAGMA journal_mode=WAL")
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        raw.execute(f"PRAGMA {pragma}")


def _patiently() -> Retrying:
    """Ask again while the file is busy: SQLite refuses one of two that change its journal at once, without waiting."""
    return Retrying(
        retry=retry_if_exception(_is_busy),
        stop=stop_after_delay(BUSY_SECONDS),
        wait=wait_random(0.001, 0.02),
        reraise=True,
    )


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: a transaction that upgrades its lock half-way can fail without waiting."""
    if not connection.get_execution_options().get(READS_ONLY):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _set_up(engine: Engine) -> None:
    """Create the tables, once even when two processes find the database empty at the same time."""
    with writing(engine) as connection:
        one_at_a_time(connection)
        tables = set(inspect(connection).get_table_names())
        if {"dag_run", "task_instance"} <= tables:
            raise ConfigurationError(
                "The connection booking_sync_db points to Airflow's own metadata database. "
                "Give the mapping a database of its own."
            )
        if schema.VERSION_TABLE not in tables:
            schema.upgrade(connection)


@contextmanager
def _clear_sentence(engine: Engine) -> Iterator[None]:
    try:
        yield
    except StoreFailed as failed:
        raise _cannot_be_opened(engine, failed.why) from None
    except DatabaseError as error:
        if type(error) is not DatabaseError:  # its subclasses are our mistakes, not the operator's
            raise
        raise _cannot_be_opened(engine, type(error.orig).__name__) from None


def _cannot_be_opened(engine: Engine, why: str) -> ConfigurationError:
    where = engine.url.render_as_string(hide_password=True)
    return ConfigurationError(
        f"The mapping database {where} cannot be opened ({why}). "
        "Check the connection booking_sync_db: host, port, database, login and password, or the path of the file."
    )
