"""Our own database: where the connection ``booking_sync_db`` says, else a SQLite file under ``AIRFLOW_HOME``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from booking_sync.errors import ConfigurationError
from booking_sync_airflow.connections import environment_form, extra_fields, optional_connection

if TYPE_CHECKING:
    from airflow.sdk import Connection

CONNECTION_ID = "booking_sync_db"
FILE_NAME = "booking_sync.db"


def database_url(connection_id: str = CONNECTION_ID) -> str:
    """Say where our database is, as a SQLAlchemy URL; who opens it refuses Airflow's own by its tables.

    Raises:
        ConfigurationError: the connection makes no sense.
    """
    connection = optional_connection(connection_id)
    return _default_url() if connection is None else url_of(connection)


def url_of(connection: Connection) -> str:
    """Turn the connection into a SQLAlchemy URL."""
    kind = (connection.conn_type or "").lower()
    if kind == "sqlite":
        return _sqlite_url(connection)
    if kind in {"postgres", "postgresql"}:
        return _postgres_url(connection)
    example = environment_form(connection.conn_id, '{"conn_type": "sqlite", "host": "/var/lib/booking_sync.db"}')
    raise ConfigurationError(
        f"The connection '{connection.conn_id}' must be of type sqlite or postgres, not {kind!r}; "
        f"for example {example}."
    )


def _default_url() -> str:
    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    return f"sqlite:///{home / FILE_NAME}"


def _sqlite_url(connection: Connection) -> str:
    # A URI keeps the path in what Airflow calls the schema: sqlite:////var/lib/x.db gives '/var/lib/x.db'.
    text = (connection.host or connection.schema or "").removeprefix("sqlite:///")
    path = Path(text).expanduser()
    if not text or not path.is_absolute() or path.is_dir():
        raise ConfigurationError(
            f"The host of the connection '{connection.conn_id}' must be the absolute path of a SQLite file, such as "
            f"/var/lib/{FILE_NAME}."
        )
    return f"sqlite:///{path}"


def _postgres_url(connection: Connection) -> str:
    from sqlalchemy import URL  # noqa: PLC0415 - DAG files must not pay for it

    if not connection.host or not connection.schema:
        raise ConfigurationError(
            f"The connection '{connection.conn_id}' needs a host and, in its schema field, the name of the database."
        )
    return URL.create(
        "postgresql+psycopg2",
        username=connection.login,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.schema,
        query=_options(connection),
    ).render_as_string(hide_password=False)


def _options(connection: Connection) -> dict[str, str]:
    """Pass libpq's own options through (``sslmode``, ``options`` …)."""
    return {name: str(value) for name, value in extra_fields(connection).items() if isinstance(value, str | int)}
