"""Consents that people have begun: what came with each, under the hash of its ``state``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from booking_sync.store.access_tables import consent

REMEMBERED = timedelta(days=1)
"""How long a used or expired state is known, so that a second use can be told from an unknown one."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent. ``state_hash`` and ``browser_hash`` are SHA-256 of random values, which are not stored."""

    state_hash: str
    browser_hash: str
    person: str
    workspace_id: str | None
    expected_portal_id: str | None
    redirect_uri: str
    code_verifier: bytes | None = field(repr=False)
    begun_at: datetime
    expires_at: datetime


def insert_consent(connection: Connection, begun: Consent) -> None:
    """Record a consent, and forget those that are long over."""
    connection.execute(delete(consent).where(consent.c.expires_at < begun.begun_at - REMEMBERED))
    connection.execute(insert(consent), {name: getattr(begun, name) for name in Consent.__dataclass_fields__})


def load_consent(connection: Connection, state_hash: str) -> Consent | None:
    """Return the consent, or None where there is none of that hash."""
    row = connection.execute(select(consent).where(consent.c.state_hash == state_hash)).mappings().first()
    return None if row is None else Consent(**{name: row[name] for name in Consent.__dataclass_fields__})


def use_consent(connection: Connection, state_hash: str, at: datetime) -> bool:
    """Use a consent up, and wipe its verifier; return False where it was used before."""
    statement = update(consent).where(consent.c.state_hash == state_hash, consent.c.used_at.is_(None))
    return connection.execute(statement.values(used_at=at, code_verifier=None)).rowcount == 1
