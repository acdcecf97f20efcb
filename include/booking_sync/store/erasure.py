"""Taking one person out of the tables: by the keyed hash of their address, and by the ids of their contacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, String, Table, cast, delete, select, update

from booking_sync.store.read_tables import staged_booking
from booking_sync.store.tables import audit, change, contact_link, mapping


@dataclass(frozen=True, slots=True)
class Payload:
    """One encrypted booking: where it is stored, and what is stored."""

    table: Table
    key: tuple[str, ...]
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PortalContact:
    """A contact of the person in one portal."""

    portal_id: str
    contact_id: str


def contact_ids_of(connection: Connection, hashed: str) -> list[PortalContact]:
    """Return the contacts that are remembered for an address."""
    statement = select(contact_link.c.portal_id, contact_link.c.contact_id).where(
        contact_link.c.email_hash == hashed, contact_link.c.contact_id.is_not(None)
    )
    return [PortalContact(row.portal_id, row.contact_id) for row in connection.execute(statement)]


def delete_links(connection: Connection, hashed: str) -> int:
    """Forget an address; return in how many portals it was remembered."""
    return connection.execute(delete(contact_link).where(contact_link.c.email_hash == hashed)).rowcount


def forget_hash(connection: Connection, hashed: str) -> int:
    """Take an address out of the audit rows, which stay."""
    statement = update(audit).where(audit.c.email_hash == hashed).values(email_hash=None)
    return connection.execute(statement).rowcount


def take_out_of_mappings(connection: Connection, contacts: Sequence[PortalContact]) -> int:
    """Take contacts off the mapping rows that name them."""
    return sum(_take_out(connection, mapping, ("integration_id", "booking_id"), contact) for contact in contacts)


def take_out_of_changes(connection: Connection, contacts: Sequence[PortalContact]) -> int:
    """Take contacts off the changes that name them."""
    for contact in contacts:
        _forget_decisions(connection, contact)
    return sum(_take_out(connection, change, ("id",), contact) for contact in contacts)


def payloads_of_changes(connection: Connection) -> list[Payload]:
    """Return the bookings of all open changes."""
    statement = select(change.c.id, change.c.payload).where(change.c.payload.is_not(None))
    return [Payload(change, (row.id,), row.payload) for row in connection.execute(statement)]


def payloads_of_staging(connection: Connection) -> list[Payload]:
    """Return the bookings that runs have read and not planned yet."""
    keys = (staged_booking.c.run_id, staged_booking.c.integration_id, staged_booking.c.booking_id)
    rows = connection.execute(select(*keys, staged_booking.c.payload))
    return [Payload(staged_booking, tuple(row[:3]), row.payload) for row in rows]


def replace_payloads(connection: Connection, payloads: Sequence[Payload]) -> None:
    """Write bookings back."""
    for payload in payloads:
        columns = payload.table.primary_key.columns
        mine = [column == value for column, value in zip(columns, payload.key, strict=True)]
        connection.execute(update(payload.table).where(*mine).values(payload=payload.content))


def _forget_decisions(connection: Connection, contact: PortalContact) -> None:
    """Take a contact off what changes say of how their contacts were come by."""
    of_portal = change.c.integration_id.like(f"%@{contact.portal_id}")
    names_it = cast(change.c.contact_decisions, String).like(f'%"{contact.contact_id}"%')
    for row in connection.execute(select(change.c.id, change.c.contact_decisions).where(of_portal, names_it)).all():
        left = [pair for pair in row.contact_decisions if pair[0] != contact.contact_id]
        connection.execute(update(change).where(change.c.id == row.id).values(contact_decisions=left))


def _take_out(connection: Connection, table: Table, keys: tuple[str, ...], contact: PortalContact) -> int:
    """Take one contact off the rows of its portal; other portals may have another contact with that id."""
    of_portal = table.c.integration_id.like(f"%@{contact.portal_id}")
    names_it = cast(table.c.contact_ids, String).like(f'%"{contact.contact_id}"%')
    columns: list[Any] = [table.c[key] for key in keys]
    rows = connection.execute(select(*columns, table.c.contact_ids).where(of_portal, names_it)).all()
    for row in rows:
        mine = [column == row._mapping[column.name] for column in columns]  # noqa: SLF001 - SQLAlchemy's public name for it
        left = [one for one in row.contact_ids if one != contact.contact_id]
        connection.execute(update(table).where(*mine).values(contact_ids=left))
    return len(rows)
