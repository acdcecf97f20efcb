"""``make rotate``: put everything that is encrypted under the first key of ``BOOKING_SYNC_SECRET_KEY``."""

from __future__ import annotations

import os
import sys

from booking_sync.rotation import rotate
from booking_sync.settings import Settings
from booking_sync.store.database import open_present_database
from booking_sync.store.encryption import open_vault
from booking_sync_airflow.database import database_url
from booking_sync_airflow.refusals import refusals_as_sentences


def main() -> None:
    """Rotate the keys of the database that ``booking_sync_db`` names, and say how many rows were changed."""
    with refusals_as_sentences():
        url = database_url()
        engine = open_present_database(url)
        vault = open_vault(Settings.from_environment(os.environ).secret_keys, url)
        changed = rotate(engine, vault)
    rows = ", ".join(f"{count} {table}" for table, count in changed.items()) or "nothing: it was already"
    where = engine.url.render_as_string(hide_password=True)
    sys.stdout.write(f"{where}: put under the first key: {rows}\n")
    older = vault.older_key_count
    if older:
        sys.stdout.write(
            f"BOOKING_SYNC_SECRET_KEY names {older} older key{'s' * (older > 1)}: no longer needed here.\n"
        )


if __name__ == "__main__":
    main()
