"""What the mapping database holds encrypted, for putting it under another key: every column, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, select, tuple_, update

from booking_sync.store.access_tables import consent, portal_access
from booking_sync.store.notice_tables import notice
from booking_sync.store.read_tables import staged_booking
from booking_sync.store.tables import change, installation, mapping

SEALED: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (installation, ("salt",)),
    (portal_access, ("access_token", "refresh_token")),
    (consent, ("code_verifier",)),
    (change, ("payload", "appearance", "appearance_before")),
    (mapping, ("appearance",)),
    (notice, ("payload",)),
    (staged_booking, ("payload",)),
)
"""Every encrypted column, by table; the installation's salt first: a key that does not fit shows there."""

Reseal = Callable[[bytes], bytes | None]
"""Returns what the first key makes of something encrypted; None where it is the first key's already."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """One slice: how many rows were changed, and the key of its last one; None where there are no more."""

    count: int
    last: tuple[Any, ...] | None


def reseal_some(
    connection: Connection,
    table: Table,
    names: tuple[str, ...],
    reseal: Reseal,
    after: tuple[Any, ...] | None,
    most: int,
) -> Resealed:
    """Put the next rows, by primary key, under the first key.

    A row that is changed meanwhile is left as it is then: whoever changes one encrypts with the first key.
    """
    key = list(table.primary_key.columns)
    statement = select(*key, *(table.c[name] for name in names)).order_by(*key).limit(most)
    if after is not None:
        statement = statement.where(tuple_(*key) > tuple_(*after))
    rows = connection.execute(statement).all()
    count = sum(_reseal_row(connection, table, key, names, row, reseal) for row in rows)
    return Resealed(count, tuple(rows[-1][: len(key)]) if len(rows) == most else None)


def _reseal_row(
    connection: Connection,
    table: Table,
    key: list[Column[Any]],
    names: tuple[str, ...],
    row: Any,  # noqa: ANN401 - columns of any type
    reseal: Reseal,
) -> bool:
    is_row = and_(*(column == value for column, value in zip(key, row, strict=False)))
    before = {name: content for name, content in zip(names, row[len(key) :], strict=True) if content is not None}
    after = {name: fresh for name, content in before.items() if (fresh := reseal(content)) is not None}
    if not after:
        return False
    is_unchanged = and_(*(table.c[name] == before[name] for name in after))
    return connection.execute(update(table).where(is_row, is_unchanged).values(**after)).rowcount == 1
