"""Statements that SQLite and PostgreSQL spell alike but SQLAlchemy keeps in each dialect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Item = TypeVar("Item")

MOST_PARAMETERS = 500
"""How many values one IN list takes; SQLite's oldest limit is 999 for the whole statement."""


def insert_or_update(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that knows ON CONFLICT, for the connection's dialect."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def chunks(items: Sequence[Item], size: int = MOST_PARAMETERS) -> Iterator[Sequence[Item]]:
    """Cut a sequence into pieces that fit one statement or one request."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
