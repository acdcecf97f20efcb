"""``make prune``: delete what is older than ``BOOKING_SYNC_RETENTION_DAYS``, as the daily audit does."""

from __future__ import annotations

import os
import sys

from booking_sync.retention import prune
from booking_sync.settings import Settings
from booking_sync.store.clock import database_clock
from booking_sync.store.database import open_present_database
from booking_sync_airflow.database import database_url
from booking_sync_airflow.refusals import refusals_as_sentences


def main() -> None:
    """Prune the database that ``booking_sync_db`` names, and say how many rows went."""
    with refusals_as_sentences():
        engine = open_present_database(database_url())
        days = Settings.from_environment(os.environ).retention_days
        deleted = prune(engine, database_clock(engine), days)
    rows = ", ".join(f"{count} {table}" for table, count in deleted.items()) or "nothing"
    where = engine.url.render_as_string(hide_password=True)
    sys.stdout.write(f"{where}: older than {days:g} days, deleted: {rows}\n")


if __name__ == "__main__":
    main()
