"""``make migrate``: bring the mapping database to this version's schema."""

from __future__ import annotations

import sys

from booking_sync.store import schema
from booking_sync.store.database import connect_database
from booking_sync.store.upgrade import upgrade_database
from booking_sync_airflow.database import database_url
from booking_sync_airflow.refusals import refusals_as_sentences


def main() -> None:
    """Upgrade the database that ``booking_sync_db`` names, and say from what to what."""
    with refusals_as_sentences():
        engine = connect_database(database_url())
        before = upgrade_database(engine)
    where = engine.url.render_as_string(hide_password=True)
    sys.stdout.write(f"{where}: schema {before or 'empty'} -> {schema.head_revision()}\n")


if __name__ == "__main__":
    main()
