"""What a refusal of the core means to Airflow: fail now, try again, or come back later."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException

from booking_sync.errors import BookingSyncError, Fenced, LeaseHeld
from booking_sync_airflow.identity import NOTE_KEY
from booking_sync_airflow.metrics import sending_what_is_told

if TYPE_CHECKING:
    from airflow.sdk import Context

SHORTEST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 15.0
PATIENCE = timedelta(minutes=30)
"""How long a task waits for another run altogether, before it fails with what it waited for."""

log = logging.getLogger(__name__)


@contextmanager
def airflow_outcomes(context: Context) -> Iterator[None]:
    """Run the body of a task.

    * A lease that another run holds gives the worker slot back; the task comes again when the lease may be free.
    * What will not mend itself fails at once, in one sentence: a retry cannot help.
    * Everything else is left to the task's retries.

    What the core tells meanwhile is sent as metrics and spans. The sentence also becomes the run's note, until
    ``close_run`` has a better one.
    """
    with sending_what_is_told():
        try:
            yield
        except LeaseHeld as held:
            raise AirflowRescheduleException(_come_back_at(held, context)) from None  # type: ignore[no-untyped-call]  # Airflow's has no types
        except BookingSyncError as error:
            context["ti"].xcom_push(NOTE_KEY, str(error))
            if error.is_transient or isinstance(error, Fenced):
                raise
            raise AirflowFailException(str(error)) from None


def _come_back_at(held: LeaseHeld, context: Context) -> datetime:
    now = datetime.now(UTC)
    wait_seconds = min(max(held.seconds_left, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
    first_asked_at = context["ti"].get_first_reschedule_date(context) or now
    if now - first_asked_at > PATIENCE:
        raise AirflowFailException(f"{held} Waited for {held.holder} since {first_asked_at:%H:%M} UTC, in vain.")
    log.info(
        "%s Waiting for %s since %s; looking again in %.0f seconds.",
        held,
        held.holder,
        first_asked_at.isoformat(timespec="seconds"),
        wait_seconds,
    )
    return now + timedelta(seconds=wait_seconds)
