"""A whole Airflow as ``make demo`` starts it: API server, scheduler, DAG processor, LocalExecutor, SQLite.

``metadata`` is Airflow's own database, for what no call of its API can bring about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import requests
from sqlalchemy import Engine

from booking_sync_airflow.demo.airflow_api import FINISHED, AirflowApi
from booking_sync_airflow.demo.airflow_stack import AirflowPlace, command
from booking_sync_airflow.demo.processes import Processes
from booking_sync_airflow.identity import APPROVAL_DAG_ID, OUR_DAG_IDS

SECRET_KEY = "a key for the tests in a real Airflow"
_PREFIX = "AIRFLOW_CONN_"


@dataclass(frozen=True)
class RealAirflow:
    """One Airflow for several tests; each begins it with connections of its own, and with every DAG of ours at rest."""

    api: AirflowApi
    place: AirflowPlace
    processes: Processes
    metadata: Engine

    def begin(self, environment: Mapping[str, str]) -> None:
        """Store the connections that these environment variables hold, in place of those of the test before."""
        for run in self.asking():  # they would wait for a week
            self.api.patch(f"/dags/{APPROVAL_DAG_ID}/dagRuns/{run['dag_run_id']}", {"state": "failed"})
        for dag_id in OUR_DAG_IDS:
            self.api._send("PATCH", f"/dags/{dag_id}", {"is_paused": True})
            self.processes.wait_until(
                f"the tasks of {dag_id} to end", lambda dag_id=dag_id: self._is_at_rest(dag_id), timeout_seconds=120
            )
            self._end_what_is_left(dag_id)
        known = {connection["connection_id"] for connection in self.api.get("/connections")["connections"]}
        for name, value in environment.items():
            if name.startswith(_PREFIX):
                self._store(name.removeprefix(_PREFIX).lower(), json.loads(value), known)

    def finished_run(self, dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
        return self.finished(dag_id, self.api.trigger(dag_id, conf))

    def finished(self, dag_id: str, run_id: str) -> dict[str, Any]:
        self.processes.wait_until(
            run_id, lambda: self.api.run(dag_id, run_id)["state"] in FINISHED, timeout_seconds=240
        )
        return self.api.run(dag_id, run_id)

    def finished_backfill(self, dag_id: str, first: str, last: str) -> list[dict[str, Any]]:
        self.processes.wait_until(
            "the backfill to be accepted", lambda: self._is_accepted(dag_id, first, last), timeout_seconds=60
        )
        self.processes.wait_until(
            "its runs",
            lambda: all(run["state"] in FINISHED for run in self.backfilled(dag_id, first, last)),
            timeout_seconds=180,
        )
        return self.backfilled(dag_id, first, last)

    def backfilled(self, dag_id: str, first: str, last: str) -> list[dict[str, Any]]:
        """Return the runs of a backfill, the first day first."""
        span = f"logical_date_gte={quote(first)}&logical_date_lte={quote(last)}&order_by=logical_date"
        return list(self.api.get(f"/dags/{dag_id}/dagRuns?run_type=backfill&limit=100&{span}")["dag_runs"])

    def remove_connection(self, connection_id: str) -> None:
        url = f"{self.place.url}/api/v2/connections/{connection_id}"
        self.api._session.delete(url, timeout=60).raise_for_status()

    def asking(self) -> list[dict[str, Any]]:
        """Return the runs that ask, or are about to ask, people about a refused plan."""
        return [run for run in self.api.runs(APPROVAL_DAG_ID) if run["state"] not in FINISHED]

    def question(self, plan: str) -> dict[str, Any]:
        """Wait until people are asked about a plan and have had time to read it, and return what they are asked."""
        self.processes.wait_until(f"the question about {plan}", lambda: self._pending(plan), timeout_seconds=60)
        (asked,) = self._pending(plan)
        run_id = asked["task_instance"]["dag_run_id"]
        self.processes.wait_until(f"{run_id} to be at rest", lambda: self._has_put(run_id), timeout_seconds=60)
        return asked

    @contextmanager
    def triggerer(self) -> Iterator[None]:
        """Let Airflow's triggerer run along."""
        started = self.processes.start("airflow triggerer", command("triggerer", "--skip-serve-logs"))
        self.processes.wait_until("the triggerer", partial(self.api.is_healthy, "triggerer"), timeout_seconds=180)
        yield
        self.processes.end(started)

    def answer(self, question: dict[str, Any], option: str) -> None:
        """Answer as the page *Required Actions* does."""
        instance = question["task_instance"]
        path = f"/dags/{APPROVAL_DAG_ID}/dagRuns/{quote(instance['dag_run_id'])}/taskInstances/{instance['task_id']}"
        self.api.patch(f"{path}/-1/hitlDetails", {"chosen_options": [option], "params_input": {}})

    def _pending(self, plan: str) -> list[dict[str, Any]]:
        path = f"/dags/{APPROVAL_DAG_ID}/dagRuns/~/hitlDetails?response_received=false&state=awaiting_input"
        return [one for one in self.api.get(path)["hitl_details"] if plan in one["subject"]]

    def _has_put(self, run_id: str) -> bool:
        """Say whether the scheduler knows that the process which put the question has ended.

        Airflow 3.3.2 loses an answer that comes before: see PlanDecision. No person is that quick, a test is.
        """
        log = self.place.home / "logs" / "airflow-scheduler.log"
        ended = f"task_id='decide', run_id='{run_id}'"
        return any("Received executor event" in line and ended in line for line in log.read_text().splitlines())

    def _is_accepted(self, dag_id: str, first: str, last: str) -> bool:
        """Ask for the backfill; Airflow on SQLite answers 503, and does nothing, while the scheduler is writing."""
        body = {"dag_id": dag_id, "from_date": first, "to_date": last, "max_active_runs": 1}
        try:
            self.api.post("/backfills", body)
        except requests.HTTPError as error:
            if error.response.status_code != requests.codes.unavailable:
                raise
            return False
        return True

    def _is_at_rest(self, dag_id: str) -> bool:
        at_work = self.api.get(f"/dags/{dag_id}/dagRuns/~/taskInstances?state=queued&state=running&limit=1")
        return not at_work["task_instances"]

    def _end_what_is_left(self, dag_id: str) -> None:
        """End the runs that a paused DAG keeps for later: no scheduler looks at them until somebody unpauses it."""
        for run in self.api.runs(dag_id):
            if run["state"] not in FINISHED:
                self.api.patch(f"/dags/{dag_id}/dagRuns/{quote(run['dag_run_id'])}", {"state": "failed"})

    def _store(self, connection_id: str, fields: dict[str, Any], known: set[str]) -> None:
        extra = {"extra": json.dumps(fields["extra"])} if fields.get("extra") else {}
        body = {"connection_id": connection_id, **fields, **extra}
        if connection_id in known:  # changing it would leave the fields that are not named here
            self.remove_connection(connection_id)
        self.api.set_connection(body)
