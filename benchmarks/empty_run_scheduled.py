"""A run in which nothing has changed, against a DAG of as many tasks that do nothing, both by a real Airflow.

Here each task is a process, as in production, so that what our code loads counts each time; ``empty_run`` leaves that
out. Counted is the CPU time of the scheduler, of the task processes under it and of the API server; and that of the
task processes alone. One task at a time, so that both DAGs take their turns alike.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.empty_run import IDLE, LOCAL_BUNDLE, MOST_COST, NO_OP_DAG, OURS, ROOT, connections
from benchmarks.figure import Figure
from benchmarks.passing import Stage, stage
from booking_sync_airflow.demo import airflow_stack
from booking_sync_airflow.demo.airflow_api import FINISHED, AirflowApi
from booking_sync_airflow.demo.processes import Processes

ROUNDS = 4
_RUN_SECONDS = 180.0
_REST_SECONDS = 1.5
"""After a run its last process is still to be collected."""


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds, so far or of one run."""

    tasks: float
    all: float

    def since(self, before: Spent) -> Spent:
        """Return what was spent in between."""
        return Spent(self.tasks - before.tasks, self.all - before.all)


def figures() -> Iterator[Figure]:
    """Measure both DAGs in turn, several rounds, and compare the cheapest run of each."""
    with stage() as ready, TemporaryDirectory() as folder:
        spent = _run_in_turn(ready, Path(folder))
    against = "a no-op DAG of as many tasks"
    everything = {dag_id: min(one.all for one in runs) for dag_id, runs in spent.items()}
    tasks = {dag_id: min(one.tasks for one in runs) for dag_id, runs in spent.items()}
    yield Figure("a scheduled run without news", "CPU s", everything[OURS], everything[IDLE], against, MOST_COST)
    yield Figure("a scheduled run without news: its task processes", "CPU s", tasks[OURS], tasks[IDLE], against)


def _run_in_turn(ready: Stage, folder: Path) -> dict[str, list[Spent]]:
    (folder / "dags").mkdir()
    (folder / "dags" / "nothing.py").write_text(NO_OP_DAG, encoding="utf-8")
    place = airflow_stack.new_place(ROOT, folder / "airflow")
    airflow_stack.prepare(place)
    environment = airflow_stack.environment(place, {**os.environ, **_environment(ready, folder / "dags")})
    spent: dict[str, list[Spent]] = {IDLE: [], OURS: []}
    with Processes(place.home / "logs", {**environment, "AIRFLOW__CORE__PARALLELISM": "1"}) as processes:
        airflow_stack.migrate(processes)
        api = airflow_stack.start(processes, place)
        processes.wait_until("the no-op DAG", lambda: api.has_dag(IDLE), timeout_seconds=_RUN_SECONDS)
        scheduler, server = (_started(processes, name) for name in ("scheduler", "api-server"))
        for dag_id in spent:
            api.unpause(dag_id)
        for _ in range(ROUNDS + 1):
            for dag_id, runs in spent.items():
                before = _spent(scheduler, server)
                _run(processes, api, dag_id)
                runs.append(_spent(scheduler, server).since(before))
    return {dag_id: runs[1:] for dag_id, runs in spent.items()}  # in the first round each has a scheduled run, too


def _environment(ready: Stage, dags: Path) -> dict[str, str]:
    bundles = [
        {"name": "dags-folder", "classpath": LOCAL_BUNDLE, "kwargs": {}},
        {"name": "nothing", "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(dags)}},
    ]
    return {
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        **connections(ready.sandbox.addresses, ready.database),
    }


def _started(processes: Processes, name: str) -> psutil.Process:
    return next(psutil.Process(one.process.pid) for one in processes.running if one.name.endswith(name))


def _run(processes: Processes, api: AirflowApi, dag_id: str) -> None:
    """Trigger a run and wait for its end.

    Raises:
        RuntimeError: it was not green, so that nothing it shows is a figure.
    """
    run_id = api.trigger(dag_id, {})
    processes.wait_until(
        f"{dag_id} to end", lambda: api.run(dag_id, run_id)["state"] in FINISHED, timeout_seconds=_RUN_SECONDS
    )
    if (state := api.run(dag_id, run_id)["state"]) != "success":
        raise RuntimeError(f"{dag_id} ended as {state}")
    time.sleep(_REST_SECONDS)


def _spent(scheduler: psutil.Process, server: psutil.Process) -> Spent:
    tasks = sum(_of(one) for one in scheduler.children(recursive=True))
    return Spent(tasks, tasks + _of(scheduler) + _of(server) + sum(_of(one) for one in server.children(recursive=True)))


def _of(process: psutil.Process) -> float:
    """Return what a process and those that it has collected have used; what has ended counts for its parent."""
    with suppress(psutil.NoSuchProcess):
        return float(sum(process.cpu_times()[:4]))
    return 0.0
