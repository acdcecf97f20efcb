"""Putting a backup of the mapping database back, ready for the next run.

Nothing has to be mended afterwards: the watermarks are as old as the backup, so the next run covers the time since, and
its sweep finds in HubSpot what was made meanwhile (``sweep``, ``recovery``).
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from booking_sync.store.backup import put_back
from booking_sync.store.contact_links import installation_salt
from booking_sync.store.database import refuse_absent, writing
from booking_sync.store.encryption import Vault
from booking_sync.store.lease import release_restored
from booking_sync.store.upgrade import upgrade_database


def restore(engine: Engine, vault: Vault, source: Path | None) -> str | None:
    """Replace what the database holds with a backup, upgrade it, and return the schema that the backup had.

    ``source`` is None where somebody has put the backup back already, with PostgreSQL's own tools.

    Raises:
        ConfigurationError: the file is no backup, runs are under way, nothing was put back, or, after all is restored,
            the key does not fit.
        StoreFailed: the database did not take it.
    """
    if source is None:
        refuse_absent(engine)
    else:
        put_back(engine, source)
    with writing(engine) as connection:
        release_restored(connection)
    before = upgrade_database(engine)
    with writing(engine) as connection:
        installation_salt(connection, vault)
    return before
