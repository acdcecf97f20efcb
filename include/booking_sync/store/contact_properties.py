"""Which contact properties of ours a portal is known to have (Q2)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select, update

from booking_sync.store.tables import portal


def load_known(connection: Connection, portal_id: str) -> set[str]:
    """Return the names of those that were found or made."""
    return set(connection.execute(select(portal.c.contact_properties).where(portal.c.id == portal_id)).scalar() or ())


def save_known(connection: Connection, portal_id: str, names: Collection[str]) -> None:
    """Remember them. Two integrations of one portal may overwrite each other: then a name is looked for once more."""
    connection.execute(update(portal).where(portal.c.id == portal_id).values(contact_properties=sorted(names)))


def forget(connection: Connection, portal_id: str) -> None:
    """Have all of them looked at again: one was removed in HubSpot."""
    connection.execute(update(portal).where(portal.c.id == portal_id).values(contact_properties=None))
