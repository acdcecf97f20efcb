"""``make plan``: print what a run will do or did, item by item, from what it has written down.

For a dry run in a terminal ``airflow dags test calendar_hubspot_sync -c '{"dry_run": true}'`` prints the same, in the
log of ``diff``, up to a number of items.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from booking_sync.plan_view import lines_of_part
from booking_sync.services import Services
from booking_sync.store import plan_items, runs
from booking_sync.store.database import reading
from booking_sync.utc_minute import utc_minute
from booking_sync_airflow.refusals import refusals_as_sentences
from booking_sync_airflow.steps import open_services


def main(arguments: Sequence[str]) -> None:
    """Print the plan of the run that is named by its id in Airflow, or of the newest one."""
    with refusals_as_sentences():
        services = open_services()
        for line in printed(services, arguments[0] if arguments else None):
            sys.stdout.write(f"{line}\n")


def printed(services: Services, dag_run_id: str | None) -> Iterator[str]:
    """Yield the lines: the run, then the plan of each integration."""
    with reading(services.engine) as connection:
        attempt = plan_items.newest_attempt(connection, dag_run_id)
        if attempt is None:
            raise SystemExit("There is no such run." if dag_run_id else "There is no run yet.")
        parts = runs.integration_runs(connection, attempt.id)
    dry = "dry run" if attempt.is_dry_run else "run"
    yield f"{attempt.dag_id}, {dry} {attempt.dag_run_id} of {utc_minute(attempt.opened_at)}: {attempt.state}"
    for part in parts:
        yield ""
        yield from lines_of_part(services, attempt.id, part.integration_id)


if __name__ == "__main__":
    main(sys.argv[1:])
