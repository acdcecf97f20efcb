"""What is rehearsed: a backfill, a sync whose worker dies over a write, a stop in the middle of a task, and no news."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from proof.turnstile import Hold, Turnstile
from sqlalchemy import Engine, create_engine, select

from booking_sandbox.sample import load_sample
from booking_sandbox.server import Sandbox
from booking_sync.store.database import reading
from booking_sync.store.tables import lease
from booking_sync_airflow.demo.airflow_api import FINISHED
from booking_sync_airflow.demo.progress import say, step
from booking_sync_airflow.identity import BACKFILL_DAG_ID, SYNC_DAG_ID
from rehearsal import stack as shape
from rehearsal.judge import RehearsalError, judge, require, standing
from rehearsal.stack import COMPONENTS, WORKERS, Stack

CREATE = "meetings/batch/create"
FORTNIGHT = timedelta(days=15)
DAY = timedelta(days=1)
MOVED = 3
QUIET_SECONDS = 6.0
_RUN_SECONDS = 420.0
_WARM_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Both ends, and what is between them."""

    stack: Stack
    sandbox: Sandbox
    turnstile: Turnstile
    ours: Engine

    def since(self) -> dict[str, str]:
        """Return the window of the whole sample."""
        return {"window_start": (datetime.now(UTC) - FORTNIGHT).isoformat()}

    def run(self, dag_id: str = SYNC_DAG_ID) -> str:
        """Start a sync of the whole fortnight."""
        return self.stack.api.trigger(dag_id, self.since())

    def wait_for(self, run_id: str, dag_id: str = SYNC_DAG_ID) -> dict[str, int]:
        """Wait for a run to end, and return what it counted."""
        api = self.stack.api
        self.stack.processes.wait_until(
            f"the run {run_id}", lambda: self._has_ended(dag_id, run_id), timeout_seconds=_RUN_SECONDS
        )
        found = api.run(dag_id, run_id)
        if found["state"] != "success":
            raise RehearsalError(f"the run {run_id} is red. Its note:\n{found['note']}")
        return dict(api.returned(dag_id, run_id, "close_run"))

    def _has_ended(self, dag_id: str, run_id: str) -> bool:
        """Ask, and not too often: the machine has other things to do."""
        time.sleep(1)
        return self.stack.api.run(dag_id, run_id)["state"] in FINISHED

    def struck(self, hold: Hold) -> str:
        """Wait until a request is stopped, and return the worker whose task sent it."""
        self.stack.processes.wait_until("a write to HubSpot", hold.is_reached.is_set, timeout_seconds=_RUN_SECONDS)
        with reading(self.ours) as connection:
            holder = connection.execute(select(lease.c.process_id).where(lease.c.holder.is_not(None))).scalar_one()
        return self.stack.worker_of(int(holder))

    def writes(self) -> int:
        """Count the requests that wrote to HubSpot."""
        return len(self.sandbox.hubspot.history.writes())


def play() -> None:
    """Go through all of it.

    Raises:
        RehearsalError: something did not end right.
    """
    began = time.monotonic()
    with Sandbox() as sandbox, closing(Turnstile(sandbox.hubspot.url)) as turnstile:
        load_sample(sandbox.calendar.state, sandbox.hubspot.state, datetime.now(UTC))
        say("PostgreSQL and Redis, with passwords; a database for Airflow, one for us (compose/create-databases.sh)")
        with shape.with_stores(sandbox, turnstile.url) as stack:
            with step("Both schemas and the administrator (compose/prepare.sh)"):
                shape.prepare(stack)
            with step(f"{', '.join((*COMPONENTS, *WORKERS))}, until each says that it is healthy"):
                shape.start_airflow(stack)
            ours = create_engine(stack.database_url)
            try:
                _acts(Scene(stack, sandbox, turnstile, ours))
            finally:
                ours.dispose()
    say(f"All of it took {time.monotonic() - began:.0f} s.")


def _acts(scene: Scene) -> None:
    require(not scene.stack.leaks(), "a secret is in an environment or a command: " + ", ".join(scene.stack.leaks()))
    say("No secret is in the environment or the command of any process.")
    _backfill(scene)
    _killed(scene)
    _ended_warmly(scene)
    _no_news(scene)


def _backfill(scene: Scene) -> None:
    """Bring in three days of history, a run each."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    span = {"from_date": str(today - 6 * DAY), "to_date": str(today - 4 * DAY)}
    api = scene.stack.api
    with step("A backfill of three days"):
        api.unpause(BACKFILL_DAG_ID)
        api.post("/backfills", {"dag_id": BACKFILL_DAG_ID, "max_active_runs": 1, **span})
        runs = [run["dag_run_id"] for run in api.runs(BACKFILL_DAG_ID) if run["run_type"] == "backfill"]
        counted = Counter[str]()
        for run_id in runs:
            counted.update(scene.wait_for(run_id, BACKFILL_DAG_ID))
    require(len(runs) == 3, f"the backfill has {len(runs)} runs")  # noqa: PLR2004 - three days
    say(f"    {len(runs)} runs, {counted['create']} activities created")


def _killed(scene: Scene) -> None:
    """Kill a worker whose batch HubSpot has carried out, while the answer is on its way."""
    stack = scene.stack
    with step("A sync of the fortnight; its worker is killed over a batch that HubSpot has just carried out"):
        hold = scene.turnstile.stop_next(CREATE, "after")
        run_id = scene.run()
        stack.api.unpause(SYNC_DAG_ID)
        worker = scene.struck(hold)
        died = stack.kill(worker)
        killed_at = time.monotonic()
        hold.drop()
        counted = scene.wait_for(run_id)
        ended_seconds = time.monotonic() - killed_at
    say(
        f"    {worker} killed with all its {died} processes; the other ended the run {ended_seconds:.0f} s later:"
        f" {counted['create']} created, {counted['kept']} kept for the next run"
    )
    with step(f"{worker} again, and the next sync"):
        stack.start(worker)
        time.sleep(QUIET_SECONDS)
        counted = scene.wait_for(scene.run())
    say(f"    {counted['create']} created, {counted['unchanged']} unchanged, {counted['kept']} kept")
    _judge(scene)


def _ended_warmly(scene: Scene) -> None:
    """Ask a worker to end in the middle of a write: it takes its time."""
    state = scene.sandbox.calendar.state
    for booking_id in standing(scene.sandbox)[:MOVED]:
        state.reschedule_in_place(booking_id, datetime.now(UTC).replace(microsecond=0) + 9 * DAY)
    with step(f"{MOVED} meetings are moved; the worker of the sync is asked to end in the middle of its task"):
        hold = scene.turnstile.stop_next(CREATE, "before")
        run_id = scene.run()
        worker = scene.struck(hold)
        ending = scene.stack.end_warmly(worker)
        time.sleep(1)
        hold.let_go()
        counted = scene.wait_for(run_id)
        code = ending.process.wait(_WARM_SECONDS)
        tries = _most_tries(scene, run_id)
    say(f"    {worker} ended with code {code}; {counted['recreate']} recreated, {counted['kept']} kept, tries {tries}")
    require(code == 0, f"{worker} did not end by itself: code {code}")
    require(tries == 1, f"a task of {run_id} was tried {tries} times")
    _judge(scene)


def _no_news(scene: Scene) -> None:
    before = scene.writes()
    with step("One more sync, without news"):
        counted = scene.wait_for(scene.run())
    written = scene.writes() - before
    say(f"    {counted['read']} read, {counted['unchanged']} unchanged, {written} writes to HubSpot")
    require(written == 0, f"the last sync wrote {written} times, although nothing had changed")


def _judge(scene: Scene) -> None:
    say(f"    {judge(scene.sandbox, scene.ours)}")


def _most_tries(scene: Scene, run_id: str) -> int:
    found = scene.stack.api.get(f"/dags/{SYNC_DAG_ID}/dagRuns/{quote(run_id)}/taskInstances")["task_instances"]
    return max(int(one["try_number"]) for one in found)
