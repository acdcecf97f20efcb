"""One test's world: both sandbox servers, a database, a clock that can be put forward, and the runs made in it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.process import BaseProcess

from booking_sandbox.calendar_app import CalendarService
from booking_sandbox.faults import FaultKind
from booking_sandbox.history import HistoryEntry
from booking_sandbox.hubspot_service import HubSpotService
from booking_sandbox.hubspot_switches import UniqueProperties
from booking_sandbox.server import Sandbox
from booking_sync.clients.hubspot_calls import MOST_INPUTS
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.report import RunReport
from booking_sync.request import RunRequest
from tests.crash.oracle import foreign_objects, problems, staged_count
from tests.crash.place import Place
from tests.crash.walk import PHASES, prepare
from tests.crash.worker import start_worker
from tests.processes import KILLED, PATIENCE_SECONDS, wait_for

QUIET_SECONDS = 1_200.0
"""By how much the clock is put forward between runs: more than an unknown outcome rests, or windows overlap."""
A_DAY_SECONDS = 90_000.0
MOST_RUNS = 3
"""After how many runs everything has to be right again."""

BEFORE, AFTER = "before", "after"
"""When a worker dies at a request: nothing of it was done, or all of it was, and the answer is lost with the worker."""


class World:
    """Make it with :func:`open_world`."""

    def __init__(self, sandbox: Sandbox, database_url: str, lease_seconds: float) -> None:
        self.sandbox = sandbox
        self.offset_seconds = 0.0
        self.batch_size = MOST_INPUTS
        self._database_url = database_url
        self._lease_seconds = lease_seconds
        self._runs = 0
        prepare(sandbox)
        self._foreign = foreign_objects(sandbox)
        self.services = self.place().services(self.clock)  # all of them, the rate gate too, go by the same clock

    def clock(self) -> datetime:
        """The time in this world."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds)

    def place(self) -> Place:
        """Where another process finds everything, at this moment."""
        calendar, hubspot = self.sandbox.calendar, self.sandbox.hubspot
        addresses = (calendar.url, calendar.api_key, hubspot.url, hubspot.service_key)
        return Place(self._database_url, *addresses, self._lease_seconds, self.offset_seconds, self.batch_size)

    def next_run_id(self) -> str:
        """A new id for a DAG run."""
        self._runs += 1
        return f"run-{self._runs}"

    def live_through(self, phase: str) -> None:
        """Let happen what happens in a phase, and let so much time pass that no overlap of windows covers it."""
        PHASES[phase](self.sandbox)
        self.offset_seconds += QUIET_SECONDS

    def request_count(self) -> int:
        """How many requests both servers have had."""
        return len(self.sandbox.hubspot.history) + len(self.sandbox.calendar.history)

    def write_count(self) -> int:
        """How many writes HubSpot was sent."""
        return len(self.sandbox.hubspot.history.writes())

    def run(self, dag_run_id: str | None = None) -> RunReport:
        """Reconcile in this process."""
        trigger = manual_trigger(dag_run_id or self.next_run_id(), "crash tests")
        return reconcile(self.services, trigger, RunRequest())

    def run_killed_at_request(self, number: int, phase: str, dag_run_id: str) -> bool:
        """Reconcile in another process that is killed at its n-th request; False where it made fewer and ended."""
        trap = _RequestTrap(number, phase, signal.SIGKILL)
        with self._hooked(trap):
            worker = start_worker(self.place(), dag_run_id)
            trap.aim(worker)
            return _was_killed(wait_for(worker))

    @contextmanager
    def worker_asleep_at_request(self, number: int, dag_run_id: str) -> Iterator[None]:
        """Start a worker that sleeps through the block: its n-th request is carried out, the answer waits for it.

        The block begins when its lease has run out. After the block the worker wakes up and ends, well or not.
        """
        trap = _RequestTrap(number, AFTER, signal.SIGSTOP)
        with self._hooked(trap):
            worker = start_worker(self.place(), dag_run_id)
            trap.aim(worker)
            assert trap.struck.wait(PATIENCE_SECONDS), f"the worker made fewer than {number} requests"
        time.sleep(self._lease_seconds)
        try:
            yield
        finally:
            os.kill(worker.pid or 0, signal.SIGCONT)
            wait_for(worker)

    def run_killed_at_commit(self, number: int, dag_run_id: str) -> bool:
        """Reconcile in another process that is killed before its n-th commit; False where it made fewer."""
        return _was_killed(wait_for(start_worker(self.place(), dag_run_id, killed_at_commit=number)))

    def recover(self, repeated_run_id: str | None = None) -> list[str]:
        """Run until all is right, three times at most, and return what is wrong.

        The first run repeats ``repeated_run_id``, as Airflow repeats a task, or is a new one.
        """
        wrong = ["no run was made"]
        for dag_run_id in (repeated_run_id, *[None] * (MOST_RUNS - 1)):
            self.offset_seconds += QUIET_SECONDS
            self.run(dag_run_id)
            wrong = self.problems()
            if not wrong:
                break
        return wrong

    def problems(self) -> list[str]:
        """What is wrong now that all should be quiet."""
        return problems(self.sandbox, self.services.engine, self._foreign)

    def rest(self) -> None:
        """Check the end of a walk: a run a day later writes nothing, is not red, and wipes what dead runs read (W2)."""
        self.offset_seconds += A_DAY_SECONDS
        before = self.write_count()
        report = self.run()
        assert self.write_count() == before, "the repeated run wrote again"
        assert not report.is_red, report.note
        assert staged_count(self.services.engine) == 0, "bookings that a dead run had read are still kept"

    @contextmanager
    def _hooked(self, trap: _RequestTrap) -> Iterator[None]:
        hubspot, calendar = self.sandbox.hubspot, self.sandbox.calendar
        hubspot.state.request_hook = partial(trap, hubspot.service)
        calendar.state.request_hook = partial(trap, calendar.service)
        try:
            yield
        finally:
            hubspot.state.request_hook = calendar.state.request_hook = None


class _RequestTrap:
    """Counts the requests to both servers together, and strikes at one of them."""

    def __init__(self, number: int, phase: str, signal_number: int) -> None:
        self._number, self._phase, self._signal = number, phase, signal_number
        self._seen = self._pid = 0
        self._is_aimed = threading.Event()
        self.struck = threading.Event()

    def aim(self, worker: BaseProcess) -> None:
        """Name the process to strike; a request that comes before that waits."""
        self._pid = worker.pid or 0
        self._is_aimed.set()

    def __call__(self, service: HubSpotService | CalendarService, _entry: HistoryEntry, phase: str) -> None:
        self._seen += phase == BEFORE
        if (self._seen, phase) != (self._number, self._phase):
            return
        self._is_aimed.wait(PATIENCE_SECONDS)
        os.kill(self._pid, self._signal)
        self.struck.set()
        if phase == BEFORE:
            service.switches.faults.add(FaultKind.DROP_BEFORE)  # hits this very request: nothing of it is done


@contextmanager
def open_world(
    database_url: str, unique_properties: UniqueProperties = "allowed", *, lease_seconds: float = 180.0
) -> Iterator[World]:
    """Start the servers around a world, and prepare it."""
    worlds: list[World] = []
    sandbox = Sandbox(seed=7, clock=lambda: worlds[0].clock() if worlds else datetime.now(UTC))
    sandbox.hubspot.switches.unique_properties_on_meetings = unique_properties
    with sandbox:
        world = World(sandbox, database_url, lease_seconds)
        worlds.append(world)
        try:
            yield world
        finally:
            world.services.engine.dispose()


def _was_killed(exit_code: int) -> bool:
    assert exit_code in (0, KILLED), f"the worker ended with exit code {exit_code}"
    return exit_code == KILLED
