"""A run's integrations, dealt out to a few shards; each is worked on under its lease and apart from the others (W6)."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from booking_sync.errors import BookingSyncError, Fenced, LeaseHeld, NeedsReconnecting, StoreFailed
from booking_sync.integration_settings import read_settings
from booking_sync.services import Services
from booking_sync.states import RunState
from booking_sync.store import integrations, runs
from booking_sync.store.database import reading, writing
from booking_sync.store.integrations import Integration
from booking_sync.store.lease import hold_lease
from booking_sync.store.runs import IntegrationRun, Run
from booking_sync.work import Work

logger = logging.getLogger(__name__)

MOST_SHARDS = 4
"""Into how many mapped task groups a run is cut at most, whatever the number of integrations."""

StepOfOne = Callable[[Work, IntegrationRun], dict[str, int]]
"""One step with one integration; returns what it counted."""


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run that is ready to go: its id, and the integration ids of each shard."""

    run_id: str
    shards: tuple[tuple[str, ...], ...]


def deal(run_id: str, integration_ids: Sequence[str]) -> OpenedRun:
    """Deal the integrations of a run out to shards."""
    count = min(MOST_SHARDS, len(integration_ids))
    return OpenedRun(run_id, tuple(tuple(integration_ids[n::MOST_SHARDS]) for n in range(count)))


def for_each_integration(
    services: Services,
    run_id: str,
    integration_ids: Sequence[str],
    task: str,
    ready: set[RunState],
    step: StepOfOne,
) -> dict[str, int]:
    """Take one step with every integration of a shard that is ready for it, each under its lease.

    Raises:
        LeaseHeld, Fenced: after all others, if one is being worked on by another run; the step can be repeated.
    """
    with reading(services.engine) as connection:
        run = runs.load_run(connection, run_id)
        parts = runs.integration_runs(connection, run_id, integration_ids)
    total: Counter[str] = Counter()
    interrupted: LeaseHeld | Fenced | None = None
    for part in parts:
        if part.state not in ready:
            continue
        with reading(services.engine) as connection:
            integration = integrations.load_integration(connection, part.integration_id)
        try:
            total.update(_isolated(services, run, integration, part, task, step))
        except (LeaseHeld, Fenced) as busy:
            interrupted = busy
    if interrupted is not None:
        raise interrupted
    return dict(total)


def _isolated(
    services: Services,
    run: Run,
    integration: Integration,
    part: IntegrationRun,
    task: str,
    step: StepOfOne,
) -> dict[str, int]:
    hubspot_before, calendar_before = services.hubspot_requests.requests, services.calendar_requests.requests
    try:
        return _repeated(_under_lease, services, run, integration, part, task, step)
    except (LeaseHeld, Fenced):
        raise
    except BookingSyncError as error:
        logger.warning("%s: %s: %s", integration.workspace_id, task, error)
        _give_up(services, part, str(error), is_mending=error.is_transient)
        if isinstance(error, NeedsReconnecting):
            with writing(services.engine) as connection:  # this run alarms; the next ones only mention it
                integrations.note_alerted(connection, integration.id, services.clock())
        return {}
    except Exception as error:  # noqa: BLE001 - a mistake of ours with one integration must not stop the others (W6)
        where = "".join(traceback.format_tb(error.__traceback__))  # without the message: it may quote a booking
        logger.error("%s: %s: %s\n%s", integration.workspace_id, task, type(error).__name__, where)  # noqa: TRY400 - same
        _give_up(services, part, f"{task} ended with {type(error).__name__}; its log says where", is_mending=False)
        return {}
    finally:
        with writing(services.engine) as connection:
            runs.add_counts(
                connection,
                run.id,
                integration.id,
                hubspot_calls=services.hubspot_requests.requests - hubspot_before,
                calendar_calls=services.calendar_requests.requests - calendar_before,
            )


def _under_lease(
    services: Services, run: Run, integration: Integration, part: IntegrationRun, task: str, step: StepOfOne
) -> dict[str, int]:
    holder = f"{run.dag_id} {run.dag_run_id} {task}"
    with hold_lease(services.engine, integration.id, holder=holder, seconds=services.settings.lease_seconds) as lease:
        return step(Work(services, run, integration, lease, read_settings(integration.settings)), part)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, StoreFailed) and error.is_transient


_repeated = Retrying(
    retry=retry_if_exception(_may_pass), stop=stop_after_attempt(3), wait=wait_random(0.05, 0.5), reraise=True
)
"""Repeats a whole step where the database lost the connection, or ended a transaction: every step can be repeated."""


def _give_up(services: Services, part: IntegrationRun, reason: str, *, is_mending: bool) -> None:
    """Record why an integration cannot go on in this run."""
    state = RunState.STOPPED if part.state is RunState.PLANNED else RunState.FAILED
    with writing(services.engine) as connection:
        runs.set_integration_run(
            connection, part.run_id, part.integration_id, state, reason=reason, is_mending=is_mending
        )
