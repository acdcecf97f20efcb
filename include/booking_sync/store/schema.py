"""The schema of the mapping database and its revisions, kept by alembic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from booking_sync.errors import SchemaOutOfDate

VERSION_TABLE = "alembic_version_booking_sync"
"""A name of our own, so that the mapping can never be taken for another program's schema."""

UPGRADE_COMMAND = "make migrate"

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSIONS = table(VERSION_TABLE, column("version_num"))


def known_revisions() -> list[str]:
    """Return every revision that this code knows, the one that it works with last.

    They are read off the names of the files: every task looks, and alembic takes longer to load than most tasks work.
    """
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def head_revision() -> str:
    """Return the revision that this code works with."""
    return known_revisions()[-1]


def current_revision(connection: Connection) -> str | None:
    """Return the database's revision, or None where it has none of our tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    revision: str | None = connection.execute(select(_VERSIONS.c.version_num)).scalar()
    return revision


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database to this code's schema, or to an earlier one, inside the caller's transaction."""
    from alembic import command  # noqa: PLC0415 - a third of a second, which no other task is to pay
    from alembic.config import Config  # noqa: PLC0415 - a third of a second, which no other task is to pay

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def refuse_newer(current: str) -> None:
    """Refuse a schema that this code does not know.

    Raises:
        SchemaOutOfDate: a newer version of this code made it.
    """
    if current not in known_revisions():
        raise SchemaOutOfDate(
            f"The mapping database has schema {current}, which is newer than this code. "
            "Install the newer version again."
        )


def refuse_other(current: str) -> None:
    """Refuse any schema but this code's.

    Raises:
        SchemaOutOfDate: it is newer or older; the message says what to do.
    """
    needed = head_revision()
    if current == needed:
        return
    refuse_newer(current)
    raise SchemaOutOfDate(
        f"The mapping database has schema {current}, this code needs {needed}. "
        f"Stop the runs, make a backup, then run `{UPGRADE_COMMAND}`."
    )
