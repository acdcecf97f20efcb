"""Changing the secret key: everything that is encrypted is put under the first key, so that the others can go."""

from __future__ import annotations

from sqlalchemy import Engine

from booking_sync.store import sealed
from booking_sync.store.database import writing
from booking_sync.store.encryption import Vault

AT_ONCE = 500
"""Rows of one transaction: runs go on meanwhile."""


def rotate(engine: Engine, vault: Vault) -> dict[str, int]:
    """Put everything under the vault's first key, and return how many rows of each table were not yet.

    It can be interrupted and repeated, and runs may be under way, if all of them know the first key.

    Raises:
        ConfigurationError: something is encrypted with a key that the vault does not have.
        StoreFailed: the database did not take it; what was done before stays done.
    """
    counts = {table.name: _rotate_table(engine, vault, position) for position, (table, _) in enumerate(sealed.SEALED)}
    return {name: count for name, count in counts.items() if count}


def _rotate_table(engine: Engine, vault: Vault, position: int) -> int:
    table, names = sealed.SEALED[position]
    count, last, is_over = 0, None, False
    while not is_over:
        with writing(engine) as connection:
            done = sealed.reseal_some(connection, table, names, vault.under_first_key, last, AT_ONCE)
        count, last, is_over = count + done.count, done.last, done.last is None
    return count
