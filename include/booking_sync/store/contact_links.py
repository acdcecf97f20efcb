"""What is remembered of invitees' contacts: portal and keyed hash of the address → contact id. No addresses."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, false, func, select

from booking_sync.store.encryption import Vault
from booking_sync.store.statements import chunks, insert_or_update
from booking_sync.store.tables import contact_link, installation

SALT_BYTES = 32

_SALT = select(installation.c.salt)


@dataclass(frozen=True, slots=True)
class ContactLink:
    """One remembered address. Either ``contact_id``, or ``refusal``: why HubSpot does not take the address (C6)."""

    email_hash: str
    contact_id: str | None
    is_ours: bool
    refusal: str | None = None


def installation_salt(connection: Connection, vault: Vault) -> bytes:
    """Return the key of this installation's e-mail hashes, made on first use and kept encrypted."""
    found = connection.execute(_SALT).scalar()
    if found is None:
        fresh = {"id": 1, "salt": vault.encrypt_bytes(secrets.token_bytes(SALT_BYTES))}
        connection.execute(insert_or_update(connection, installation).values(fresh).on_conflict_do_nothing())
        found = connection.execute(_SALT).scalar_one()
    return vault.decrypt_bytes(found)


def load_links(connection: Connection, portal_id: str, hashes: Sequence[str]) -> dict[str, ContactLink]:
    """Return what is remembered of these addresses."""
    found: dict[str, ContactLink] = {}
    for some in chunks(hashes):
        statement = select(contact_link).where(
            contact_link.c.portal_id == portal_id, contact_link.c.email_hash.in_(some)
        )
        for row in connection.execute(statement):
            found[row.email_hash] = ContactLink(row.email_hash, row.contact_id, row.is_ours, row.refusal)
    return found


def save_links(connection: Connection, portal_id: str, links: Sequence[ContactLink], *, at: datetime) -> None:
    """Remember addresses. That a contact is ours is never forgotten while its id stays the same.

    Workspaces of one portal share the rows: all write them in one order, so that no two workers wait for each other.
    """
    if not links:
        return
    rows = [
        {
            "portal_id": portal_id,
            "email_hash": link.email_hash,
            "contact_id": link.contact_id,
            "is_ours": link.is_ours,
            "refusal": link.refusal,
            "recorded_at": at,
        }
        for link in sorted(links, key=lambda link: link.email_hash)
    ]
    statement = insert_or_update(connection, contact_link)
    same_id = func.coalesce(contact_link.c.contact_id == statement.excluded.contact_id, false())  # no id equals none
    same_contact = contact_link.c.is_ours & same_id
    replaced = {
        "contact_id": statement.excluded.contact_id,
        "is_ours": statement.excluded.is_ours | same_contact,
        "refusal": statement.excluded.refusal,
        "recorded_at": statement.excluded.recorded_at,
    }
    connection.execute(statement.on_conflict_do_update(index_elements=["portal_id", "email_hash"], set_=replaced), rows)
