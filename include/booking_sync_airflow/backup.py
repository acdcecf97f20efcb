"""``make backup``: copy the mapping database into one new file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from booking_sync.services import utc_now
from booking_sync.store.backup import back_up
from booking_sync.store.database import connect_database
from booking_sync_airflow.database import database_url
from booking_sync_airflow.refusals import refusals_as_sentences


def main() -> None:
    """Back up the database that ``booking_sync_db`` names, and say where to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path, help="a new file, or a folder (ends with /) for one named by the time")
    target = parser.parse_args().target
    with refusals_as_sentences():
        engine = connect_database(database_url())
        if str(target).endswith("/") or target.is_dir() or not target.suffix:
            target.mkdir(parents=True, exist_ok=True)
            ending = "db" if engine.dialect.name == "sqlite" else "dump"
            target /= f"booking_sync-{utc_now():%Y%m%dT%H%M%SZ}.{ending}"
        back_up(engine, target)
    where = engine.url.render_as_string(hide_password=True)
    sys.stdout.write(
        f"{where} -> {target} ({target.stat().st_size:,} bytes)\n"
        "BOOKING_SYNC_SECRET_KEY is not in it, and without that key it cannot be used: keep both, apart.\n"
    )


if __name__ == "__main__":
    main()
