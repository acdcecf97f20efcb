"""``make restore``: put a backup of the mapping database back, brought to this version's schema."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from booking_sync.restoring import restore
from booking_sync.settings import Settings
from booking_sync.store import schema
from booking_sync.store.database import connect_database
from booking_sync.store.encryption import open_vault
from booking_sync_airflow.database import database_url
from booking_sync_airflow.refusals import refusals_as_sentences


def main() -> None:
    """Restore into the database that ``booking_sync_db`` names, and see that the secret key opens it."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("source", type=Path, nargs="?", help="a file that make backup has written")
    what.add_argument("--put-back", action="store_true", help="PostgreSQL's tools have put it back: do the rest")
    source: Path | None = parser.parse_args().source
    with refusals_as_sentences():
        url = database_url()
        engine = connect_database(url)
        vault = open_vault(Settings.from_environment(os.environ).secret_keys, url)
        before = restore(engine, vault, source)
    where = engine.url.render_as_string(hide_password=True)
    sys.stdout.write(
        f"{source or 'put back'} -> {where}: schema {before} -> {schema.head_revision()}\n"
        "BOOKING_SYNC_SECRET_KEY fits. The next run reads everything that has changed since the backup.\n"
    )


if __name__ == "__main__":
    main()
