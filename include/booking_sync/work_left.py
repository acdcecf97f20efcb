"""Whether an apply task has anything to do: most runs change nothing, and then it loads and connects nothing more."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Engine

from booking_sync.states import Operation
from booking_sync.store import work_left
from booking_sync.store.database import reading

ApplyTask = Literal["apply_create", "apply_recreate", "apply_cancel"]

OPERATIONS: dict[ApplyTask, frozenset[Operation]] = {
    "apply_create": frozenset({Operation.CREATE}),
    "apply_recreate": frozenset({Operation.RECREATE}),
    "apply_cancel": frozenset({Operation.CANCEL, Operation.UPDATE, Operation.MARK}),
}
"""What each apply task carries out. To HubSpot those of the last one are all updates, and they share batches."""

TELLS: ApplyTask = "apply_cancel"
"""The last task that writes: people are told there what it and those before have recorded (M1)."""


def has_work(engine: Engine, run_id: str, task: ApplyTask) -> bool:
    """Say whether a run has anything left for a task to do, for whichever integration."""
    with reading(engine) as connection:
        is_to_tell = task == TELLS and work_left.integrations_to_tell(connection)
        return bool(is_to_tell or work_left.integrations_to_change(connection, run_id, OPERATIONS[task]))
