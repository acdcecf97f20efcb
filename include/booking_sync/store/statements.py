"""Statements that SQLite and PostgreSQL spell alike but SQLAlchemy keeps in each dialect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, or_
from sqlalchemy.dialects import postgresql, sqlite

Item = TypeVar("Item")

MOST_PARAMETERS = 500
"""How many values one IN list takes; SQLite's oldest limit is 999 for the whole statement."""

ESCAPE = "\\"


def insert_or_update(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that knows ON CONFLICT, for the connection's dialect."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def containing(sought: str, *columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """Return the criterion that one of the columns has this part, word for word and in any letter case; none for ""."""
    if not sought:
        return []
    pattern = f"%{escaped(sought)}%"
    return [or_(*(column.ilike(pattern, escape=ESCAPE) for column in columns))]


def escaped(text: str) -> str:
    """Return a text that LIKE takes word for word, with :data:`ESCAPE`."""
    return text.replace(ESCAPE, ESCAPE * 2).replace("%", rf"{ESCAPE}%").replace("_", rf"{ESCAPE}_")


def filled(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows for one INSERT without the columns that are empty in all of them: each value of each row costs."""
    used = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    return [{name: row[name] for name in used} for row in rows]


def chunks(items: Sequence[Item], size: int = MOST_PARAMETERS) -> Iterator[Sequence[Item]]:
    """Cut a sequence into pieces that fit one statement or one request."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
