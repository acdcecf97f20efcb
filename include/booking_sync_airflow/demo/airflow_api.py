"""The few calls of Airflow's REST API (v2) that the demo and the tests make."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import requests

_TIMEOUT_SECONDS = 60.0
FINISHED = frozenset({"success", "failed"})


class AirflowApi:
    """One Airflow, one user."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._credentials = {"username": user, "password": password}
        self._session = requests.Session()
        self.token = ""

    def log_in(self) -> None:
        """Get a token, which lasts a day; as the cookie ``_token`` it opens pages, too."""
        answer = self._session.post(f"{self.url}/auth/token", json=self._credentials, timeout=_TIMEOUT_SECONDS)
        answer.raise_for_status()
        self.token = str(answer.json()["access_token"])
        self._session.headers["Authorization"] = f"Bearer {self.token}"

    def is_healthy(self, *components: str) -> bool:
        """Say whether the API answers and the named components are at work; no log-in needed."""
        try:
            answer = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=5)
        except requests.RequestException:
            return False
        health = answer.json() if answer.ok else {}
        return answer.ok and all((health.get(name) or {}).get("status") == "healthy" for name in components)

    def has_dag(self, dag_id: str) -> bool:
        """Say whether the DAG has been read."""
        return self._session.get(f"{self.url}/api/v2/dags/{dag_id}", timeout=_TIMEOUT_SECONDS).ok

    def import_errors(self) -> list[str]:
        """Return why DAG files or plugins could not be loaded."""
        dags = self.get("/importErrors")["import_errors"]
        plugins = self.get("/plugins/importErrors")["import_errors"]
        return [
            f"{error.get('filename') or error.get('source')}: {error.get('stack_trace') or error.get('error')}"
            for error in [*dags, *plugins]
        ]

    def set_connection(self, connection: dict[str, Any]) -> None:
        """Add a connection."""
        self.post("/connections", connection)

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler work on a DAG."""
        self.patch(f"/dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, conf: dict[str, Any], *, run_after: datetime | None = None) -> str:
        """Start a manual run without a logical date, due now or at ``run_after``; return its id."""
        due = {"run_after": run_after.isoformat()} if run_after else {}
        run = self.post(f"/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf, **due})
        return str(run["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return a DAG run."""
        return self.get(f"/dags/{dag_id}/dagRuns/{run_id}")

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG."""
        return list(self.get(f"/dags/{dag_id}/dagRuns")["dag_runs"])

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the state of every task instance; mapped ones carry their index in brackets."""
        instances = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {_instance_name(instance): instance["state"] for instance in instances}

    def returned(self, dag_id: str, run_id: str, task_id: str) -> Any:  # noqa: ANN401 - whatever JSON it was
        """Return what a task returned."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        return self.get(path)["value"]

    def get(self, path: str) -> dict[str, Any]:
        """Read something."""
        return self._send("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make something."""
        return self._send("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change something."""
        return self._send("PATCH", path, body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        answer = self._session.request(method, f"{self.url}/api/v2{path}", json=body, timeout=_TIMEOUT_SECONDS)
        answer.raise_for_status()
        return dict(answer.json())


def _instance_name(instance: dict[str, Any]) -> str:
    index = instance["map_index"]
    return str(instance["task_id"]) if index < 0 else f"{instance['task_id']}[{index}]"
