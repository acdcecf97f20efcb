"""How long what a run has carried out had been waiting in Calendar.com: counted by the database, kept with the run."""

from __future__ import annotations

from sqlalchemy import Connection, case, extract, func, literal, select

from booking_sync.freshness import LONGEST_OF_CLASS, class_name
from booking_sync.states import ChangeState, Operation
from booking_sync.store.runs import Run
from booking_sync.store.tables import change, integration
from booking_sync.window import BACKFILL


def freshness_counts(connection: Connection, run: Run) -> dict[str, int]:
    """Count a run's changes by how long they took from Calendar.com to HubSpot.

    What was asked for by its age, by a window or a backfill, says nothing of that, nor does what comes with time
    (A8), nor what changed before its workspace was connected (K5).
    """
    if run.is_dry_run or run.run_type == BACKFILL or run.request.get("window_start"):
        return {}
    done = (change.c.worker_run_id == run.id, change.c.state == ChangeState.DONE)
    if connection.execute(select(change.c.id).where(*done).limit(1)).first() is None:
        return {}  # as in most runs: and what follows is costly to put together
    seconds = extract("epoch", change.c.closed_at) - extract("epoch", change.c.booking_updated_at)
    classes = [(seconds <= longest, literal(class_name(longest))) for longest in LONGEST_OF_CLASS]
    name = case(*classes, else_=literal(class_name(None)))
    statement = (
        select(name, func.count())
        .join(integration, integration.c.id == change.c.integration_id)
        .where(
            *done,
            change.c.operation != Operation.MARK,
            change.c.booking_updated_at >= integration.c.connected_at,
        )
        .group_by(name)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}
