"""A copy of the whole mapping database in one file, and putting it back.

SQLite copies itself while runs go on. PostgreSQL is copied by its own tools, ``pg_dump``, ``pg_restore`` and ``psql``,
which come with every server and client package.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, inspect
from sqlalchemy.engine.interfaces import DBAPIConnection

from booking_sync.errors import ConfigurationError, StoreFailed
from booking_sync.store import schema
from booking_sync.store.all_tables import metadata
from booking_sync.store.database import reading, refuse_absent
from booking_sync.store.lease import present_holders

_BEGUN = ".part"


def back_up(engine: Engine, target: Path) -> None:
    """Write the database into a new file, whole or not at all; only its owner can read it.

    Raises:
        ConfigurationError: there is no mapping database, the file exists, the folder does not, or PostgreSQL's tools
            are missing.
        StoreFailed: the database could not be copied.
    """
    refuse_absent(engine)
    if target.exists():
        raise ConfigurationError(f"{target} exists already: a backup never replaces another one.")
    begun = target.with_name(target.name + _BEGUN)
    try:
        begun.unlink(missing_ok=True)
        begun.touch(mode=0o600)
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be written ({type(error).__name__}).") from None
    if engine.dialect.name == "sqlite":
        _copy_sqlite(engine, begun)
    else:
        _postgres(engine, ["pg_dump", "--format=custom", f"--file={begun}"])
    begun.rename(target)


def put_back(engine: Engine, source: Path) -> None:
    """Replace what the database holds with a backup, whole or not at all.

    Raises:
        ConfigurationError: the file is no backup of a mapping database; or the database is another program's, is being
            worked on, or is newer than this code.
        StoreFailed: the backup could not be read or written; the database holds what it held before.
    """
    if not source.is_file():
        raise ConfigurationError(f"There is no file {source}.")
    replaced = _tables_to_replace(engine)
    if engine.dialect.name == "sqlite":
        _put_back_sqlite(engine, source)
    else:
        _put_back_postgres(engine, source, replaced)


def _tables_to_replace(engine: Engine) -> list[str]:
    """Return the tables that are there, if all of them are ours and nobody works on them."""
    with reading(engine) as connection:
        present = inspect(connection).get_table_names()
        unknown = sorted(set(present) - set(metadata.tables) - {schema.VERSION_TABLE})
        if unknown:
            raise ConfigurationError(
                f"The database holds tables that this version does not know: {', '.join(unknown)}. "
                "Restore into a new, empty database, and let booking_sync_db name that one."
            )
        at_work = present_holders(connection) if schema.current_revision(connection) else []
    if at_work:
        raise ConfigurationError(f"Stop the runs first: {'; '.join(at_work)}.")
    return present


def _copy_sqlite(engine: Engine, target: Path) -> None:
    with engine.connect() as connection, closing(sqlite3.connect(target)) as copy:
        _raw(connection.connection.dbapi_connection).backup(copy)


def _put_back_sqlite(engine: Engine, source: Path) -> None:
    as_it_is = f"{source.resolve().as_uri()}?mode=ro&immutable=1"  # no files beside it, where there may be none
    with closing(sqlite3.connect(as_it_is, uri=True)) as backup:
        try:
            names = {name for (name,) in backup.execute("SELECT name FROM sqlite_master")}
            is_whole = backup.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        except sqlite3.DatabaseError:
            names, is_whole = set(), False
        if not is_whole or schema.VERSION_TABLE not in names:
            raise _no_backup(source)
        with engine.connect() as connection:
            backup.backup(_raw(connection.connection.dbapi_connection))


def _raw(connection: DBAPIConnection | None) -> sqlite3.Connection:
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError("not a connection of Python's own SQLite driver")
    return connection


def _put_back_postgres(engine: Engine, source: Path, replaced: Sequence[str]) -> None:
    """Read the backup whole, before anything is changed; then replace everything in one transaction."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "restore.sql"
        try:
            _run(["pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(source)], {})
        except StoreFailed:
            raise _no_backup(source) from None
        if schema.VERSION_TABLE not in script.read_text():
            raise _no_backup(source)
        quoted = ", ".join(engine.dialect.identifier_preparer.quote(name) for name in replaced)
        drop = [f"--command=DROP TABLE {quoted} CASCADE"] if replaced else []
        quiet = ["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        _postgres(engine, ["psql", *quiet, "--single-transaction", *drop, f"--file={script}"])


def _no_backup(source: Path) -> ConfigurationError:
    return ConfigurationError(f"{source} is no whole backup of a mapping database of this kind.")


def _postgres(engine: Engine, command: Sequence[str]) -> None:
    """Run one of PostgreSQL's tools on the database; its password does not show in the list of processes."""
    from psycopg2.extensions import make_dsn  # type: ignore[import-untyped]  # noqa: PLC0415 - only with PostgreSQL; it has no types

    _, options = engine.dialect.create_connect_args(engine.url)
    password = options.pop("password", None)
    _run([*command, f"--dbname={make_dsn(**options)}"], {"PGPASSWORD": str(password)} if password else {})


def _run(command: Sequence[str], variables: dict[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own tools
            command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise ConfigurationError(
            f"{command[0]} is not installed here: it comes with PostgreSQL's client (Debian: postgresql-client)."
        ) from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise StoreFailed(f"{command[0]}: {said[0]}", is_transient=False)
