"""What a person does on the Integrations page, recorded like a run: each write to HubSpot says who asked (W7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from booking_sync.services import Services
from booking_sync.states import RunState
from booking_sync.store import runs
from booking_sync.store.database import writing
from booking_sync.store.runs import Run
from booking_sync.window import MANUAL, PAGE, RunTrigger


@contextmanager
def page_run(
    services: Services,
    what: str,
    *,
    person: str,
    workspace_id: str | None = None,
    counts: Mapping[str, int] | None = None,
) -> Iterator[Run]:
    """Record a run for the length of the block; ``counts`` are taken at its end."""
    run_id = services.new_id()
    trigger = RunTrigger(PAGE, f"{what} {run_id}", MANUAL, person)
    asked = {"workspaces": [workspace_id] if workspace_id else [], "booking_ids": [], "dry_run": False}
    with writing(services.engine) as connection:
        run = runs.insert_run(connection, run_id, trigger, request=asked, is_dry_run=False, opened_at=services.clock())
    state = RunState.FAILED
    try:
        yield run
        state = RunState.RECORDED
    finally:
        with writing(services.engine) as connection:
            runs.close_run(connection, run_id, state=state, counts=counts or {}, closed_at=services.clock())
