"""``make demo``: a Calendar.com, a HubSpot and a whole Airflow on this machine, and a few reconciliations in it."""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import requests

from booking_sync_airflow.demo import airflow_stack, installation
from booking_sync_airflow.demo.airflow_api import FINISHED, AirflowApi
from booking_sync_airflow.demo.airflow_stack import AirflowPlace
from booking_sync_airflow.demo.processes import DemoError, Processes
from booking_sync_airflow.demo.progress import say, step
from booking_sync_airflow.demo.sandbox_control import CONNECTED_NAME, SandboxControl
from booking_sync_airflow.identity import SYNC_DAG_ID

REPOSITORY = Path(__file__).resolve().parents[3]
HOME = REPOSITORY / ".demo"
SAMPLE_SPAN = timedelta(days=15)
"""The sample bookings were made and changed in the fortnight before the sandbox started."""
_SANDBOX_SECONDS = 60.0
_RUN_SECONDS = 300.0
_SHOWN = (
    ("created", "create"),
    ("recreated", "recreate"),
    ("cancelled", "cancel"),
    ("updated", "update"),
    ("unchanged", "unchanged"),
    ("superseded", "superseded"),
    ("rejected", "rejected"),
    ("kept for later", "kept"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that is up and running."""

    processes: Processes
    place: AirflowPlace
    api: AirflowApi
    sandbox: SandboxControl


def main() -> int:
    """Run the demo; 0 only if every reconciliation went well."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the runs instead of staying up")
    stay_up = not parser.parse_args().once
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _stage() as stage:
            _play(stage)
            _say_where(stage)
            if stay_up:
                _stay(stage)
            say("Stopping …")
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    except (DemoError, requests.RequestException) as error:
        say(f"\nThe demo failed: {error}\nAll logs are under {HOME}.")
        return 1
    return 0


@contextmanager
def _stage() -> Iterator[Stage]:
    """Set everything up from nothing: the sandbox forgets on stopping, so an earlier mapping would be wrong."""
    shutil.rmtree(HOME, ignore_errors=True)
    place = airflow_stack.new_place(REPOSITORY, HOME)
    airflow_stack.prepare(place)
    environment = airflow_stack.environment(place, os.environ) | {"BOOKING_SYNC_SECRET_KEY": secrets.token_urlsafe(32)}
    with Processes(HOME / "logs", environment) as processes:
        with step("Starting a Calendar.com and a HubSpot (the sandbox), making Airflow's database"):
            sandbox = _start_sandbox(processes, place)
        with step("Starting Airflow: API server, scheduler, DAG processor"):
            api = airflow_stack.start(processes, place)
            _require_no_import_errors(api)
            for connection in [*sandbox.connections(), _own_database()]:
                api.set_connection(connection)
        with step("Connecting a workspace to a HubSpot account, by the pages of both"):
            installation.connect(api, CONNECTED_NAME, sandbox.portal_id)
        yield Stage(processes, place, api, sandbox)


def _start_sandbox(processes: Processes, place: AirflowPlace) -> SandboxControl:
    """Start it with our address registered as the one to which people come back from the consent page."""
    ready_file = HOME / "sandbox.json"
    options = ["--ready-file", str(ready_file), "--redirect-uri", f"{place.url}{installation.CALLBACK}"]
    processes.start("sandbox", [sys.executable, "-m", "booking_sandbox", *options])
    airflow_stack.migrate(processes)
    processes.wait_until("the sandbox", ready_file.exists, timeout_seconds=_SANDBOX_SECONDS)
    return SandboxControl.from_ready_file(ready_file)


def _own_database() -> dict[str, str]:
    return {"connection_id": "booking_sync_db", "conn_type": "sqlite", "host": str(HOME / "booking_sync.db")}


def _require_no_import_errors(api: AirflowApi) -> None:
    errors = api.import_errors()
    if errors:
        raise DemoError("Airflow could not load everything:\n" + "\n".join(errors))


def _play(stage: Stage) -> None:
    """Reconcile the fortnight, then what some people changed, then nothing at all."""
    since = datetime.now(UTC) - SAMPLE_SPAN
    _reconcile(stage, since, "A sales team's fortnight")
    _reconcile(stage, since, stage.sandbox.change_minds())
    if _reconcile(stage, since, "Once more, although nothing has changed"):
        raise DemoError("The last reconciliation wrote to HubSpot, although nothing had changed.")


def _reconcile(stage: Stage, since: datetime, title: str) -> int:
    """Run the DAG once and print what it did; return how many requests wrote to HubSpot."""
    writes_before = stage.sandbox.hubspot_writes()
    with step(f"{title}: running {SYNC_DAG_ID}"):
        # The DAG runs one at a time, the oldest first: these come before the scheduled run that is due at once.
        run_after = datetime.now(UTC) - timedelta(hours=1)
        run_id = stage.api.trigger(SYNC_DAG_ID, {"window_start": since.isoformat()}, run_after=run_after)
        stage.api.unpause(SYNC_DAG_ID)
        stage.processes.wait_until(
            f"the run {run_id}",
            lambda: stage.api.run(SYNC_DAG_ID, run_id)["state"] in FINISHED,
            timeout_seconds=_RUN_SECONDS,
        )
    run = stage.api.run(SYNC_DAG_ID, run_id)
    if run["state"] != "success":
        states = stage.api.task_states(SYNC_DAG_ID, run_id)
        failed = ", ".join(sorted(task for task, state in states.items() if state == "failed"))
        raise DemoError(f"The run {run_id} is red; {failed} failed. Its note:\n{run['note'] or '(none)'}")
    writes = stage.sandbox.hubspot_writes() - writes_before
    say(_table(stage.api.returned(SYNC_DAG_ID, run_id, "close_run"), writes))
    return writes


def _table(counts: dict[str, int], writes: int) -> str:
    rows = [("bookings read", counts["read"]), *((f"  {name}", counts[column]) for name, column in _SHOWN)]
    rows += [("HubSpot calls", counts["hubspot_calls"]), ("  of them writes", writes)]
    return "".join(f"    {name:<18}{count:>6}\n" for name, count in rows)


def _say_where(stage: Stage) -> None:
    say(
        f"Airflow       {stage.place.url}   user {airflow_stack.USER}, password {stage.place.password}\n"
        f"The run       {stage.place.url}/dags/{SYNC_DAG_ID}\n"
        f"Calendar.com  {stage.sandbox.calendar_page}\n"
        f"HubSpot       {stage.sandbox.hubspot_page}\n"
        f"Integrations  {stage.place.url}{installation.INTEGRATIONS}\n"
        f"Logs          {HOME / 'logs'}\n\n"
        f"{installation.instructions(stage.place.url, stage.sandbox.calendar_page, stage.sandbox.hubspot_page)}"
    )


def _stay(stage: Stage) -> None:
    say("Everything stays up until Ctrl-C.")
    try:
        while True:
            for running in stage.processes.running:
                running.require_alive()
            time.sleep(1)
    except KeyboardInterrupt:
        return


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
