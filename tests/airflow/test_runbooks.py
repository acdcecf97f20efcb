"""The docs of the DAGs in Airflow's UI read as runbooks: what they name is there, in these words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from booking_sync_airflow.finished import FINISHED_URI
from booking_sync_airflow.identity import AUDIT_DAG_ID, BACKFILL_DAG_ID, OUR_DAG_IDS, SYNC_DAG_ID
from tests.airflow.conftest import REPOSITORY

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk import DAG, Param

OURS = pytest.mark.parametrize("dag_id", [SYNC_DAG_ID, BACKFILL_DAG_ID, AUDIT_DAG_ID])
OF_AIRFLOW = {"Trigger", "Backfill", "Browse", "Required Actions", "Reprocess: all runs"}
"""What Airflow calls its own things."""

NOT_NAMES = {"[Canceled] …", "read = unchanged + create + recreate + …"}
IN_OUR_CODE = "\n".join(path.read_text() for path in (REPOSITORY / "include").rglob("*.py"))
PLUGIN = (REPOSITORY / "plugins/booking_sync_plugin.py").read_text()


def doc(dag_bag: DagBag, dag_id: str) -> str:
    return dag_bag.dags[dag_id].doc_md or ""


@OURS
def test_every_task_and_dag_that_is_named_exists(dag_bag: DagBag, dag_id: str) -> None:
    tasks = {task.task_id.rpartition(".")[2] for dag in dag_bag.dags.values() for task in dag.tasks}
    named = set(re.findall(r"`([a-z_]+)`", doc(dag_bag, dag_id))) - {"drift"}

    assert named <= tasks | OUR_DAG_IDS


@OURS
def test_every_field_tab_and_page_that_is_named_exists(dag_bag: DagBag, dag_id: str) -> None:
    text = doc(dag_bag, dag_id)
    named = set(re.findall(r"(?<!\*)\*\*?([A-Z\[r][^*\n]+?)\*\*?(?!\*)", text)) - NOT_NAMES
    titles = {param.schema.get("title") for dag in dag_bag.dags.values() for param in map_params(dag)}
    views = set(re.findall(r'"name": "([^"]+)"', PLUGIN))

    unknown = {name for name in named if not name.endswith((".", "?")) and " " not in name.strip(".")}
    assert unknown - titles - views - OF_AIRFLOW - {"Found", "GRANT", "updated"} == set()


def map_params(dag: DAG) -> list[Param]:
    return [dag.params.get_param(name) for name in dag.params]


def test_what_a_red_run_says_is_quoted_as_the_code_says_it(dag_bag: DagBag) -> None:
    table = doc(dag_bag, SYNC_DAG_ID).partition("## The run is red")[2]
    quoted = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)

    assert len(quoted) >= 6
    assert [phrase for phrase in quoted if phrase not in IN_OUR_CODE] == []
    assert FINISHED_URI in doc(dag_bag, SYNC_DAG_ID)


@OURS
def test_it_says_what_red_means_and_that_running_again_is_safe(dag_bag: DagBag, dag_id: str) -> None:
    text = doc(dag_bag, dag_id)

    assert re.search(r"(?i)run is red", text)
    assert re.search(r"(?i)not done twice|running it again is safe", text)
