"""A whole Airflow between the two sandbox servers, and everything that can be done to it in the middle of a run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psutil
import requests
from proof import ledger, oracle
from proof.turnstile import Hold, Side, Turnstile
from sqlalchemy import select, update

from booking_sandbox.history import HistoryEntry
from booking_sandbox.server import Sandbox
from booking_sync.reconcile import reconcile
from booking_sync.report import RunReport
from booking_sync.request import RunRequest
from booking_sync.services import Services, utc_now
from booking_sync.store.database import reading, writing
from booking_sync.store.tables import change, lease
from booking_sync.window import MANUAL, RunTrigger
from booking_sync_airflow.demo.airflow_api import FINISHED, AirflowApi
from booking_sync_airflow.demo.airflow_stack import command
from booking_sync_airflow.demo.processes import Processes, Running
from booking_sync_airflow.identity import BACKFILL_DAG_ID, SYNC_DAG_ID
from tests import scorecard

WORKSPACE = "ws_1"
QUIET_SECONDS = 3.0
HEARTBEAT_TIMEOUT_SECONDS = 12
PATIENCE_SECONDS = 150.0
CREATE, UPDATE, ARCHIVE = "meetings/batch/create", "meetings/batch/update", "meetings/batch/archive"


@dataclass
class Stage:
    """One Airflow for all cases. Bookings pile up from case to case; each case ends with the oracle."""

    sandbox: Sandbox
    turnstile: Turnstile
    services: Services
    processes: Processes
    api: AirflowApi
    _runs: int = 0
    _orphans: list[int] = field(default_factory=list)

    # --- bookings -----------------------------------------------------------------------------------------------------

    def book(self, count: int = 3) -> list[str]:
        """Book meetings a week from now."""
        start = utc_now().replace(microsecond=0) + timedelta(days=7)
        made = [self.sandbox.calendar.state.book(WORKSPACE, start_at=start + timedelta(hours=n)) for n in range(count)]
        return [str(one["id"]) for one in made]

    def move(self, booking_id: str) -> None:
        """Reschedule a meeting by a day."""
        at = utc_now().replace(microsecond=0) + timedelta(days=8)
        self.sandbox.calendar.state.reschedule_in_place(booking_id, at)

    def cancel(self, booking_id: str) -> None:
        self.sandbox.calendar.state.cancel(booking_id)

    def standing(self) -> list[str]:
        """Return the bookings that stand, the oldest first."""
        return [one["id"] for one in self.sandbox.calendar.state.bookings() if one["status"] == "scheduled"]

    def activities(self, booking_id: str) -> list[dict[str, Any]]:
        """Return our live activities of a booking."""
        return oracle.activities_of(self.sandbox, booking_id)

    # --- runs ---------------------------------------------------------------------------------------------------------

    def trigger(self, dag_id: str = SYNC_DAG_ID, **conf: Any) -> str:
        """Start a run by hand."""
        return self.patiently(lambda: self.api.trigger(dag_id, conf))

    def backfill(self, *, reprocess: str = "none") -> None:
        """Ask for a backfill of today and yesterday."""
        today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
        body = {
            "dag_id": BACKFILL_DAG_ID,
            "from_date": (today - timedelta(days=1)).isoformat(),
            "to_date": today.isoformat(),
            "max_active_runs": 1,
            "reprocess_behavior": reprocess,
        }
        self.patiently(lambda: self.api.post("/backfills", body))

    def finished(self, run_id: str, dag_id: str = SYNC_DAG_ID) -> str:
        """Wait for a run to end, and return its state."""
        self.wait_for(f"{run_id} to end", lambda: self.api.run(dag_id, run_id)["state"] in FINISHED)
        return str(self.api.run(dag_id, run_id)["state"])

    def all_is_quiet(self) -> None:
        """Wait until no run of either DAG is queued or at work."""
        for dag_id in (SYNC_DAG_ID, BACKFILL_DAG_ID):
            self.wait_for(
                f"{dag_id} to come to rest",
                lambda dag_id=dag_id: all(run["state"] in FINISHED for run in self.api.runs(dag_id)),  # type: ignore[misc]  # bound at once
            )

    def task_state(self, run_id: str, task: str, dag_id: str = SYNC_DAG_ID) -> str | None:
        """Return the state of a task, by its name as the API shows it."""
        return self.api.task_states(dag_id, run_id).get(task)

    def log_of(self, dag_id: str, run_id: str, task: str) -> str:
        """Return the log of the last try of a mapped task of the first shard."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}"
        tries = int(self.api.get(f"{path}/0")["try_number"])
        return str(self.api.get(f"{path}/logs/{tries}?map_index=0"))

    # --- in the middle ------------------------------------------------------------------------------------------------

    def stop_next(self, path: str, side: Side) -> Hold:
        """Stop the next such request to HubSpot."""
        return self.turnstile.stop_next(path, side)

    def reached(self, hold: Hold) -> psutil.Process:
        """Wait until the request is stopped, and return the process of the task that sent it."""
        self.wait_for(f"a request to {hold.path}", hold.is_reached.is_set)
        return psutil.Process(int(self.held_lease()["process_id"]))

    def held_lease(self) -> dict[str, Any]:
        """Return the lease as it is held now."""
        with reading(self.services.engine) as connection:
            return dict(connection.execute(select(lease)).mappings().one())

    def holder_run_id(self) -> str:
        """Return the DAG run whose task holds the lease."""
        return str(self.held_lease()["holder"]).split()[1].partition("#")[0]

    def let_lease_end(self) -> None:
        """Let as much time pass as the lease lasts, as far as the database is concerned."""
        with writing(self.services.engine) as connection:
            connection.execute(update(lease).values(expires_at=utc_now() - timedelta(seconds=1)))

    def component(self, name: str) -> Running:
        """Return a process of Airflow's."""
        return next(one for one in self.processes.running if one.name == f"airflow {name}")

    def kill(self, name: str, *, with_children: bool = False) -> None:
        """Kill a component with SIGKILL, alone or with everything that it started."""
        found = self.component(name)
        self._orphans.append(found.process.pid)
        if with_children:
            found.signal_group(signal.SIGKILL)
        else:
            os.kill(found.process.pid, signal.SIGKILL)
        found.process.wait()
        self.processes.running.remove(found)

    def start_again(self, name: str, *arguments: str) -> None:
        """Start a component that was killed."""
        self.processes.start(f"airflow {name}", command(name, *arguments))

    def end_orphans(self) -> None:
        """End what killed components have left behind: each was the leader of its own group."""
        for group in self._orphans:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                continue

    # --- waiting and judging ------------------------------------------------------------------------------------------

    def wait_for(self, what: str, is_so: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait for something, as long as Airflow lives; an API server that is away is asked again."""
        self.processes.wait_until(what, lambda: _asked_again(is_so), timeout_seconds=seconds)

    def patiently(self, ask: Callable[[], Any]) -> Any:
        """Ask Airflow until it takes it: on SQLite it answers 503 while the scheduler is writing."""
        answers: list[Any] = []
        self.wait_for("Airflow to take a request", lambda: bool(answers.append(ask()) or True))
        return answers[0]

    def writes_since(self, before: int) -> list[HistoryEntry]:
        return self.sandbox.hubspot.history.writes()[before:]

    def write_count(self) -> int:
        return len(self.sandbox.hubspot.history.writes())

    def reconcile_here(self) -> RunReport:
        """Go through a run in this process: the very steps that the tasks take."""
        self._runs += 1
        trigger = RunTrigger(SYNC_DAG_ID, f"here {self._runs}", MANUAL, "ada")
        return reconcile(self.services, trigger, RunRequest(window_start=utc_now() - timedelta(days=1)))

    def everything_is_right(self) -> None:
        """What must hold after any case, once it has come to rest and unknown outcomes have rested (I1-I10).

        Every booking has one live activity, nothing is double or open, the audit has every write, and one more run
        writes nothing.
        """
        self.all_is_quiet()
        self.wait_for("the lease", lambda: self.held_lease()["holder"] is None or _is_over(self.held_lease()))
        time.sleep(QUIET_SECONDS)
        report = self.reconcile_here()
        assert not report.is_red, report.note
        assert not oracle.mirroring_mistakes(self.sandbox, WORKSPACE, set())
        with reading(self.services.engine) as connection:
            left = connection.execute(select(change.c.id).where(change.c.state.in_(("sending", "unknown", "kept"))))
            assert left.all() == []
        before = self.write_count()
        assert not self.reconcile_here().is_red
        assert self.writes_since(before) == []  # W2
        assert not ledger.audit_mistakes(self.services.engine, self.sandbox, is_exact=False)  # W7
        scorecard.count("airflow", {"cases": 1})


def _is_over(row: dict[str, Any]) -> bool:
    return bool(row["expires_at"] < utc_now()) or not psutil.pid_exists(int(row["process_id"]))


def _asked_again(is_so: Callable[[], bool]) -> bool:
    try:
        return is_so()
    except requests.RequestException:
        return False
