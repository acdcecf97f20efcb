"""The way to the real services, typed as the README has it, with the sandbox in their place."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from booking_sandbox.sample import TEAM_KEY
from booking_sandbox.server import Sandbox
from tests.airflow.conftest import REPOSITORY
from tests.docs.commands import blocks

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400)]


def typed(page: str, beginning: str) -> str:
    """Return the one block of a page that begins so."""
    (found,) = [one for one in blocks() if one.page.name == page and one.commands[0].startswith(beginning)]
    return found.text


def test_the_steps_of_the_readme_lead_to_a_dry_run_and_a_backfill(sandbox: Sandbox, tmp_path: Path) -> None:
    keys = typed("README.md", "export AIRFLOW_CONN_CALENDAR_DEFAULT")
    keys = keys.replace('"<API key>"', f'"{TEAM_KEY}", "host": "{sandbox.calendar.url}"')
    keys = keys.replace('"<service key>"', f'"{sandbox.hubspot.service_key}", "host": "{sandbox.hubspot.url}"')
    script = "\n".join(
        [
            "set -eu",
            typed("README.md", "export AIRFLOW__CORE__DAGS_FOLDER"),
            keys,
            typed("README.md", ".venv/bin/airflow dags test"),
            ".venv/bin/airflow dags reserialize",  # what the DAG processor does
            typed("README.md", ".venv/bin/airflow backfill create"),
            typed("flow.md", "airflow dags trigger"),
        ]
    )
    script = script.replace(".venv/bin/airflow", "airflow").replace("airflow ", f"{sys.executable} -m airflow ")
    kept = {name: value for name, value in os.environ.items() if not re.match(r"AIRFLOW|BOOKING_SYNC|PYTHON", name)}
    done = subprocess.run(  # noqa: S603 - our own documentation
        ["sh", "-c", script],  # noqa: S607 - the shell
        cwd=REPOSITORY,
        env={**kept, "AIRFLOW_HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3_000:]
    assert "to create" in said
    assert sandbox.hubspot.history.writes() == []  # W4
    assert (tmp_path / "booking_sync.db").is_file()
    assert _runs(tmp_path) == {"calendar_hubspot_backfill": 31, "calendar_hubspot_sync": 2}


def _runs(home: Path) -> dict[str, int]:
    """Count the runs that Airflow has of each DAG."""
    with closing(sqlite3.connect(home / "airflow.db")) as connection:
        return dict(connection.execute("SELECT dag_id, count(*) FROM dag_run GROUP BY dag_id").fetchall())
