"""A run in which nothing has changed, against a DAG of as many tasks that do nothing, both as ``airflow dags test``.

In one process and in turn, so that Airflow's own work is the same for both; what is imported once is not counted. Each
DAG is a bundle of its own: ``dags test`` reads the whole bundle anew, and either would bear the other's cost. The
portal has our properties and an activity, as after the first day. Both are on the same schedule, which Airflow reads
many times in a run.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.apart import in_fresh_process
from benchmarks.figure import Figure
from benchmarks.passing import stage
from booking_sync.service_clients import Addresses

ROOT = Path(__file__).parents[1]
ROUNDS = 15
MOST_COST = 1.3
OURS, IDLE = "calendar_hubspot_sync", "nothing_at_all"
LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"

NO_OP_DAG = f"""
from datetime import UTC, datetime

from airflow.sdk import DAG, CronDataIntervalTimetable, task, task_group

schedule = CronDataIntervalTimetable("*/15 * * * *", timezone="UTC")
with DAG("{IDLE}", schedule=schedule, start_date=datetime(2000, 1, 1, tzinfo=UTC), catchup=False, max_active_runs=1):

    @task(task_id="open_run")
    def opened():
        return [{{"run_id": "one", "number": 0, "counts": {{}}}}]

    @task(task_id="close_run", trigger_rule="all_done")
    def closed():
        return {{}}

    @task_group(group_id="reconcile")
    def reconciled(shard):
        for name in ("extract", "diff", "apply_create", "apply_recreate", "apply_cancel"):

            @task(task_id=name)
            def step(given):
                return given

            shard = step(shard)

    reconciled.expand(shard=opened()) >> closed()
"""


def figures() -> Iterator[Figure]:
    """Measure."""
    with stage() as ready, TemporaryDirectory() as home:
        ours, idle = in_fresh_process(run_in_turn, ready.sandbox.addresses, ready.database, home)
    against = "a no-op DAG of as many tasks"
    yield Figure("a run without news", "CPU s", ours, idle, against, MOST_COST, note="airflow dags test")


def run_in_turn(addresses: Addresses, database: Path, home: str) -> tuple[float, float]:
    """Run both DAGs several times in this process; return the CPU seconds of the fastest run of each."""
    _set_up(addresses, database, Path(home))
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - reads its settings, which were just made
    from airflow.utils.db import initdb  # noqa: PLC0415 - reads its settings, which were just made

    initdb()
    dags = {dag_id: DagBag(str(_folder(Path(home), dag_id))).dags[dag_id] for dag_id in (OURS, IDLE)}
    seconds: dict[str, list[float]] = {OURS: [], IDLE: []}
    for _ in range(ROUNDS + 1):
        for dag_id, taken in seconds.items():
            started = time.process_time()
            run = dags[dag_id].test()
            taken.append(time.process_time() - started)
            if run.state != "success":
                raise RuntimeError(f"{dag_id} ended as {run.state}")
    return min(seconds[OURS][1:]), min(seconds[IDLE][1:])  # the first run of each imports what it needs


def _set_up(addresses: Addresses, database: Path, home: Path) -> None:
    """Make an Airflow home with both DAGs, and connections to the sandbox and the mapping database."""
    ours = (ROOT / "dags" / f"{OURS}.py").read_text(encoding="utf-8")
    for dag_id, source in ((OURS, ours), (IDLE, NO_OP_DAG)):
        _folder(home, dag_id).mkdir()
        (_folder(home, dag_id) / f"{dag_id}.py").write_text(source, encoding="utf-8")
    bundles = [
        {"name": dag_id, "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(_folder(home, dag_id))}}
        for dag_id in (OURS, IDLE)
    ]
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST=json.dumps(bundles),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home / 'airflow.db'}?timeout=60",
        AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
        **connections(addresses, database),
    )


def _folder(home: Path, dag_id: str) -> Path:
    return home / f"dags_{dag_id}"


def connections(addresses: Addresses, database: Path) -> dict[str, str]:
    """Return what leads an Airflow to the sandbox and the mapping database, as environment variables hold it."""
    services = asdict(addresses)
    return {
        "AIRFLOW_CONN_BOOKING_SYNC_DB": json.dumps({"conn_type": "sqlite", "host": str(database)}),
        "BOOKING_SYNC_SECRET_KEY": "a key for the benchmark only",
        **{
            f"AIRFLOW_CONN_{name.upper()}_DEFAULT": json.dumps(
                {"conn_type": name, "host": services[f"{name}_url"], "password": services[f"{name}_key"]}
            )
            for name in ("calendar", "hubspot")
        },
    }
