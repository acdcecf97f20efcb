"""Which integrations an apply task has anything to do for: asked before anything is loaded that only work needs."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from booking_sync.states import OPEN_NOTICES, Operation
from booking_sync.store.notice_tables import notice
from booking_sync.store.tables import IS_PLANNED, change


def integrations_to_change(connection: Connection, run_id: str, operations: Collection[Operation]) -> set[str]:
    """Return the integrations for which the run still has changes of these operations to carry out."""
    waiting = (change.c.worker_run_id == run_id, IS_PLANNED, change.c.operation.in_(operations))
    return set(connection.execute(select(change.c.integration_id).distinct().where(*waiting)).scalars())


def integrations_to_tell(connection: Connection) -> set[str]:
    """Return the integrations that have anything left to tell somebody."""
    statement = select(notice.c.integration_id).where(notice.c.state.in_(OPEN_NOTICES))
    return set(connection.execute(statement.distinct()).scalars())
