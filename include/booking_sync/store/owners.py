"""A portal's active owners as they were last read: keyed hash of the address → owner id. No addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from booking_sync.store.owner_table import portal_owners
from booking_sync.store.statements import insert_or_update


def load_owners(connection: Connection, portal_id: str, *, since: datetime) -> dict[str, str]:
    """Return them, or nothing where they were not read since then."""
    statement = select(portal_owners.c.owner_ids).where(
        portal_owners.c.portal_id == portal_id, portal_owners.c.read_at >= since
    )
    found: dict[str, str] | None = connection.execute(statement).scalar()
    return found or {}


def save_owners(connection: Connection, portal_id: str, owner_ids: Mapping[str, str], *, at: datetime) -> None:
    """Record what was read."""
    values = {"owner_ids": dict(owner_ids), "read_at": at}
    statement = insert_or_update(connection, portal_owners).values(portal_id=portal_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["portal_id"], set_=values))


def forget_owners(connection: Connection, portal_id: str) -> None:
    """Have them read again."""
    connection.execute(delete(portal_owners).where(portal_owners.c.portal_id == portal_id))
