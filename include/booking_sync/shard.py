"""A run's integrations, dealt out to a few shards; each is worked on under its lease and apart from the others (W6)."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from booking_sync import telemetry
from booking_sync.at_once import at_once
from booking_sync.errors import BookingSyncError, Fenced, LeaseHeld, NeedsReconnecting, StoreFailed
from booking_sync.integration_settings import read_settings
from booking_sync.log_line import log_line
from booking_sync.services import Services
from booking_sync.states import RunState
from booking_sync.store import integrations, part_figures, runs
from booking_sync.store.database import reading, writing
from booking_sync.store.integrations import Integration
from booking_sync.store.lease import hold_lease
from booking_sync.store.part_figures import StepTimes
from booking_sync.store.runs import IntegrationRun, Run
from booking_sync.work import Work

logger = logging.getLogger(__name__)

StepOfOne = Callable[[Work, IntegrationRun], dict[str, int]]
"""One step with one integration; returns what it counted."""


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run that is ready to go: its id, and the numbers of its shards."""

    run_id: str
    shards: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """What a step is to work on: parts of a run, each with its integration.

    ``is_shared``: the run works on several portals, which wait for its end together.
    """

    run: Run
    parts: Sequence[tuple[Integration, IntegrationRun]]
    is_shared: bool

    def among(self, integration_ids: Collection[str]) -> Due:
        """Return what of it belongs to these integrations."""
        return replace(self, parts=[part for part in self.parts if part[0].id in integration_ids])


def load_due(services: Services, run_id: str, shard: int | None, ready: set[RunState]) -> Due:
    """Return the parts of a shard that are ready for a step; ``shard``: None for all of them."""
    with reading(services.engine) as connection:
        parts = runs.parts_ready(connection, run_id, shard, ready)
        is_shared = bool(parts) and runs.count_portals(connection, run_id) > 1
        return Due(runs.load_run(connection, run_id), parts, is_shared)


def for_each_integration(services: Services, due: Due, task: str, step: StepOfOne) -> dict[str, int]:
    """Take one step with every integration that is due, each under its lease.

    Raises:
        LeaseHeld, Fenced: after all others, if one is being worked on by another run; the step can be repeated.
    """
    if not due.parts:
        return {}
    by_portal: dict[str, list[tuple[Integration, IntegrationRun]]] = {}
    for integration, part in due.parts:
        by_portal.setdefault(integration.portal_id, []).append((integration, part))

    def work_on(mine: Services, of_portal: Sequence[tuple[Integration, IntegrationRun]]) -> _Outcome:
        outcome = _Outcome()
        for integration, part in of_portal:
            try:
                turn = Turn(due.run, integration, part, task, due.is_shared)
                outcome.counts.update(_isolated(mine, turn, step))
            except (LeaseHeld, Fenced) as busy:
                outcome.interrupted = busy
        return outcome

    outcomes = at_once(services, list(by_portal.values()), work_on)
    for outcome in outcomes:
        if outcome.interrupted is not None:
            raise outcome.interrupted
    return dict(sum((outcome.counts for outcome in outcomes), Counter[str]()))


@dataclass(slots=True)
class _Outcome:
    counts: Counter[str] = field(default_factory=Counter)
    interrupted: LeaseHeld | Fenced | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One integration's turn in one task. ``is_shared``: other portals wait for the end of the same run."""

    run: Run
    integration: Integration
    part: IntegrationRun
    task: str
    is_shared: bool

    def ends_at(self, services: Services) -> datetime | None:
        """Say when it ends, so that one portal with much to do does not hold up the others."""
        if not self.is_shared:
            return None
        return services.clock() + timedelta(seconds=services.settings.portal_turn_seconds)


def _isolated(services: Services, turn: Turn, step: StepOfOne) -> dict[str, int]:
    integration, part, task = turn.integration, turn.part, turn.task
    try:
        return _repeated(_under_lease, services, turn, step)
    except (LeaseHeld, Fenced):
        raise
    except BookingSyncError as error:
        logger.warning(_line(turn, type(error), booking=error.booking_id, why=error))
        _give_up(services, part, str(error), is_mending=error.is_transient)
        if isinstance(error, NeedsReconnecting):
            with writing(services.engine) as connection:  # this run alarms; the next ones only mention it
                integrations.note_alerted(connection, integration.id, services.clock())
        return {}
    except Exception as error:  # noqa: BLE001 - a mistake of ours with one integration must not stop the others (W6)
        where = "".join(traceback.format_tb(error.__traceback__))  # without the message: it may quote a booking
        logger.error("%s\n%s", _line(turn, type(error)), where)  # noqa: TRY400 - exception() would log the message too
        _give_up(services, part, f"{task} ended with {type(error).__name__}; its log says where", is_mending=False)
        return {}


def _line(turn: Turn, kind: type[Exception], **more: object) -> str:
    """Return the log line of an integration that cannot go on."""
    ids = {"run": turn.run.id, "integration": turn.integration.id, "task": turn.task}
    return log_line("integration stopped", **ids, error=kind.__name__, **more)


def _under_lease(services: Services, turn: Turn, step: StepOfOne) -> dict[str, int]:
    integration = turn.integration
    holder = f"{turn.run.dag_id} {turn.run.dag_run_id} {turn.task}"
    seconds = services.settings.lease_seconds
    record = _turn_record(services, turn)
    with (
        telemetry.span("integration", run=turn.run.id, integration=integration.id, task=turn.task),
        hold_lease(services.engine, integration.id, holder=holder, seconds=seconds, at_the_end=record) as lease,
    ):
        settings = read_settings(integration.settings)
        work = Work(services, turn.run, integration, lease, settings, turn_ends_at=turn.ends_at(services))
        return step(work, turn.part)


def _turn_record(services: Services, turn: Turn) -> Callable[[Connection], None]:
    """Return what records the time from now on, and the requests that are made in it."""
    services.hubspot_requests.take_budget()  # what was said to another integration
    hubspot_before, calendar_before = services.hubspot_requests.requests, services.calendar_requests.requests
    began_at = services.clock()

    def record(connection: Connection) -> None:
        part_figures.record_turn(
            connection,
            turn.run.id,
            turn.integration.id,
            StepTimes(turn.task, began_at, services.clock()),
            budget=services.hubspot_requests.take_budget(),
            hubspot_calls=services.hubspot_requests.requests - hubspot_before,
            calendar_calls=services.calendar_requests.requests - calendar_before,
        )
        services.rates.of(turn.integration.portal_id).give_back(connection)

    return record


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
