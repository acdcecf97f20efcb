"""Our OAuth access to portals: the tokens, encrypted, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from booking_sync.states import AccessState
from booking_sync.store.access_tables import portal_access
from booking_sync.store.encryption import Vault
from booking_sync.store.statements import insert_or_update


@dataclass(frozen=True, slots=True)
class Access:
    """Access to one portal. The tokens are as they are stored; ``expires_at`` is that of the access token."""

    portal_id: str
    state: AccessState
    state_reason: str | None
    access_token: bytes | None = field(repr=False)
    refresh_token: bytes | None = field(repr=False)
    expires_at: datetime
    generation: int
    scopes: tuple[str, ...]
    granted_by: str
    granted_at: datetime
    refreshed_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewTokens:
    """A pair of tokens in the clear, on its way into the database."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...]


def save_granted(
    connection: Connection,
    vault: Vault,
    portal_id: str,
    tokens: NewTokens,
    *,
    granted_by: str,
    user_id: str,
    at: datetime,
) -> None:
    """Record access that a person has just granted; it takes the place of what was there."""
    values = {
        **_encrypted(vault, tokens),
        "state": AccessState.USABLE,
        "state_reason": None,
        "scopes": list(tokens.scopes),
        "hubspot_user_id": user_id[:64],
        "granted_by": granted_by[:250],
        "granted_at": at,
        "refreshed_at": None,
    }
    statement = insert_or_update(connection, portal_access).values(portal_id=portal_id, generation=1, **values)
    newer = {**values, "generation": portal_access.c.generation + 1}
    connection.execute(statement.on_conflict_do_update(index_elements=["portal_id"], set_=newer))


def save_refreshed(connection: Connection, vault: Vault, access: Access, tokens: NewTokens, *, at: datetime) -> bool:
    """Record refreshed tokens, unless others have been recorded since ``access`` was read; return whether they were."""
    statement = (
        update(portal_access)
        .where(
            portal_access.c.portal_id == access.portal_id,
            portal_access.c.generation == access.generation,
            portal_access.c.state.in_((AccessState.USABLE, AccessState.UNINSTALLING)),
        )
        .values(
            **_encrypted(vault, tokens),
            generation=access.generation + 1,
            scopes=list(tokens.scopes or access.scopes),
            refreshed_at=at,
        )
    )
    return connection.execute(statement).rowcount == 1


def load_access(connection: Connection, portal_id: str) -> Access | None:
    """Return what is recorded of a portal, or None where nobody ever granted access."""
    row = connection.execute(select(portal_access).where(portal_access.c.portal_id == portal_id)).mappings().first()
    return None if row is None else _access(row)


def all_accesses(connection: Connection) -> list[Access]:
    """Return what is recorded of every portal, by its id."""
    return [
        _access(row) for row in connection.execute(select(portal_access).order_by(portal_access.c.portal_id)).mappings()
    ]


def portals_with_access(connection: Connection, states: Collection[AccessState]) -> list[str]:
    """Return the portals access to which is in one of these states."""
    statement = select(portal_access.c.portal_id).where(portal_access.c.state.in_(states))
    return list(connection.execute(statement.order_by(portal_access.c.portal_id)).scalars())


def set_access_state(
    connection: Connection, portal_id: str, state: AccessState, reason: str | None, *, only_from: Sequence[AccessState]
) -> bool:
    """Move access to another state, if it is in one of those named; return whether it was."""
    statement = update(portal_access).where(
        portal_access.c.portal_id == portal_id, portal_access.c.state.in_(only_from)
    )
    return connection.execute(statement.values(state=state, state_reason=reason)).rowcount == 1


def erase_tokens(connection: Connection, portal_id: str, reason: str) -> None:
    """Forget the tokens of a portal; that there was access, and who granted it, stays."""
    statement = update(portal_access).where(portal_access.c.portal_id == portal_id)
    values = {"access_token": None, "refresh_token": None, "generation": portal_access.c.generation + 1}
    connection.execute(statement.values(**values, state=AccessState.ERASED, state_reason=reason))


def _encrypted(vault: Vault, tokens: NewTokens) -> dict[str, object]:
    return {
        "access_token": vault.encrypt(tokens.access_token),
        "refresh_token": vault.encrypt(tokens.refresh_token),
        "expires_at": tokens.expires_at,
    }


def _access(row: RowMapping) -> Access:
    fields = {name: row[name] for name in Access.__dataclass_fields__}
    return Access(**{**fields, "state": AccessState(row["state"]), "scopes": tuple(row["scopes"])})
