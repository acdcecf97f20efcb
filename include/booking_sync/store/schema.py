"""The schema of the mapping database and its revisions, kept by alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from booking_sync.errors import SchemaOutOfDate

VERSION_TABLE = "alembic_version_booking_sync"
"""A name of our own, so that the mapping can never be taken for another program's schema."""

UPGRADE_COMMAND = "make migrate"


def head_revision() -> str:
    """Return the revision that this code works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:  # pragma: no cover - the package ships its migrations
        raise RuntimeError("the migrations are missing from this installation")
    return head


def current_revision(connection: Connection) -> str | None:
    """Return the database's revision, or None where it has none of our tables."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database to this code's schema, or to an earlier one, inside the caller's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def refuse_newer(current: str) -> None:
    """Refuse a schema that this code does not know.

    Raises:
        SchemaOutOfDate: a newer version of this code made it.
    """
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current not in known:
        raise SchemaOutOfDate(
            f"The mapping database has schema {current}, which is newer than this code. "
            "Install the newer version again."
        )


def refuse_other(current: str) -> None:
    """Refuse any schema but this code's.

    Raises:
        SchemaOutOfDate: it is newer or older; the message says what to do.
    """
    refuse_newer(current)
    if current != head_revision():
        raise SchemaOutOfDate(
            f"The mapping database has schema {current}, this code needs {head_revision()}. "
            f"Stop the runs, make a backup, then run `{UPGRADE_COMMAND}`."
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
