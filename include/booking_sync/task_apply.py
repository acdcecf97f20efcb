"""What the three apply tasks do: carry out the planned changes of their operations, and tell people at the end."""

from __future__ import annotations

from booking_sync.apply import apply_changes
from booking_sync.services import Services
from booking_sync.shard import for_each_integration, load_due
from booking_sync.states import RunState
from booking_sync.store import change_figures, work_left
from booking_sync.store.database import reading
from booking_sync.store.runs import IntegrationRun
from booking_sync.telling import tell
from booking_sync.work import Work
from booking_sync.work_left import OPERATIONS, ApplyTask


def apply_create(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Create the activities of new bookings, and the contacts that HubSpot does not have."""
    return _apply(services, run_id, shard, "apply_create")


def apply_recreate(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Create the new activities of rescheduled bookings, then archive the old ones."""
    return _apply(services, run_id, shard, "apply_recreate")


def apply_cancel(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Rename the activities of cancelled bookings, make all other changes in place, and tell people (M1)."""
    return _apply(services, run_id, shard, "apply_cancel") | tell(services, run_id, shard)


def _apply(services: Services, run_id: str, shard: int | None, task: ApplyTask) -> dict[str, int]:
    """Take one apply step; integrations with nothing planned for it are left alone, whoever works on them."""
    operations = OPERATIONS[task]

    def step(work: Work, _part: IntegrationRun) -> dict[str, int]:
        apply_changes(work, operations)
        with reading(services.engine) as connection:
            return change_figures.count_of_operations(connection, run_id, work.integration.id, operations)

    with reading(services.engine) as connection:
        to_change = work_left.integrations_to_change(connection, run_id, operations)
    if not to_change:
        return {}
    due = load_due(services, run_id, shard, {RunState.PLANNED}).among(to_change)
    return for_each_integration(services, due, task, step)
