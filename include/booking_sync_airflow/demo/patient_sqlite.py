"""SQLite for Airflow's API server, so that the dialog *Backfill* comes through while the scheduler writes.

Airflow 3.3.2 makes each run of a backfill in a savepoint, which looks first and writes then. In SQLite a transaction
that has looked may not write any more once somebody else has: "database is locked" at once, whatever the timeout
(SQLite docs, "Isolation": SQLITE_BUSY_SNAPSHOT). The dialog then tries it all again, four times, and gives up. With the
right to write taken before the savepoint, waiting its turn as the timeout says, all runs are made in one transaction.
"""

from __future__ import annotations

import sqlite3
from typing import Any


class PatientCursor(sqlite3.Cursor):
    """Takes the right to write before a savepoint."""

    def execute(self, sql: str, *parameters: Any) -> PatientCursor:  # noqa: ANN401 - as sqlite3's
        """Run a statement."""
        if sql.startswith("SAVEPOINT") and not self.connection.in_transaction:
            super().execute("BEGIN IMMEDIATE")
        super().execute(sql, *parameters)
        return self


class PatientConnection(sqlite3.Connection):
    """A connection of such cursors."""

    def cursor(self, factory: type[sqlite3.Cursor] | None = None) -> Any:  # type: ignore[override]  # noqa: ANN401 - as sqlite3's
        """Return a cursor."""
        return super().cursor(factory or PatientCursor)


CONNECT_ARGS = {"factory": PatientConnection}
"""For Airflow's setting ``[database] sql_alchemy_connect_args``."""
