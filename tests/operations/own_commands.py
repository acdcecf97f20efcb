"""Running our commands for operators as ``make`` does, against the mapping database of a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import make_url

REPOSITORY = Path(__file__).resolve().parents[2]


def connection_to(url: str) -> str:
    """Return the Airflow connection that leads to a database of the tests."""
    location = make_url(url)
    if location.get_backend_name() == "sqlite":
        return json.dumps({"conn_type": "sqlite", "host": location.database})
    socket = {"host": location.query["host"]}
    fields = {"host": "localhost", "login": location.username, "schema": location.database, "extra": socket}
    return json.dumps({"conn_type": "postgres", **fields})


def own_command(
    name: str, url: str, home: Path, *arguments: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m booking_sync_airflow.<name>`` with only the connection to our database set."""
    settings = {"AIRFLOW_HOME": str(home), "AIRFLOW_CONN_BOOKING_SYNC_DB": connection_to(url)}
    environment = {**os.environ, **settings, "PYTHONPATH": str(REPOSITORY / "include"), **variables}
    command = [sys.executable, "-m", f"booking_sync_airflow.{name}", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own command
