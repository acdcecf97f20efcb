"""Refused plans wait for a person in a real Airflow: asked, answered, timed out, withdrawn (W5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Column, DateTime, Engine, MetaData, String, Table, create_engine, select, update

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync.store.tables import audit, change, integration, refused_plan
from booking_sync_airflow.demo.airflow_stack import USER
from booking_sync_airflow.identity import APPROVAL_DAG_ID, SYNC_DAG_ID
from tests.airflow.dag_runs import FORTNIGHT
from tests.airflow.real.airflow import RealAirflow
from tests.airflow.real.window import Window
from tests.airflow.test_approval import cancel_many

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]

DAY = timedelta(days=1)
task_instance = Table(
    "task_instance",
    MetaData(),
    *(Column(name, String()) for name in ("task_id", "run_id", "state", "next_method")),
    *(Column(name, DateTime(timezone=True)) for name in ("end_date", "trigger_timeout")),
    Column("next_kwargs", JSON(none_as_null=True)),
)
"""Some columns of Airflow's own table."""

ACME, GLOBEX = "Acme Sales", "Globex Success"


@pytest.fixture
def connections(connected: dict[str, str], sandbox: Sandbox) -> dict[str, str]:
    """One portal, and a Calendar.com key that reads all three workspaces."""
    calendar = {"conn_type": "calendar", "host": sandbox.calendar.url, "password": sandbox.calendar.api_key}
    return connected | {"AIRFLOW_CONN_CALENDAR_DEFAULT": json.dumps(calendar)}


@pytest.fixture
def mapping(tmp_path: Path) -> Iterator[Engine]:
    """Our own database, looked at behind Airflow's back."""
    engine = create_engine(f"sqlite:///{tmp_path / 'booking_sync.db'}")
    yield engine
    engine.dispose()


def plans(mapping: Engine, workspace: str) -> list[dict[str, Any]]:
    """Return the refused plans of a workspace, the newest last."""
    joined = refused_plan.join(integration, integration.c.id == refused_plan.c.integration_id)
    columns = [*refused_plan.c, integration.c.workspace_id]
    statement = select(*columns).select_from(joined).where(integration.c.workspace_name == workspace)
    with mapping.connect() as connection:
        return [dict(row) for row in connection.execute(statement.order_by(refused_plan.c.id)).mappings()]


def let_time_pass(airflow: RealAirflow) -> None:
    """Move the time limit of what waits into the past, as a week would."""
    waiting = task_instance.c.state == "awaiting_input"
    with airflow.metadata.begin() as database:
        database.execute(update(task_instance).where(waiting).values(trigger_timeout=utc_now() - DAY))


def answer_to_a_process_that_dies(airflow: RealAirflow, question: dict[str, Any], option: str) -> None:
    """Answer, and leave behind what Airflow does when the process dies to which it has given the answer."""
    run_id = question["task_instance"]["dag_run_id"]
    airflow.api.patch(f"/dags/{APPROVAL_DAG_ID}", {"is_paused": True})
    airflow.answer(question, option)
    lost = {"state": "up_for_retry", "next_method": None, "next_kwargs": None, "end_date": utc_now() - DAY}
    deciding = (task_instance.c.task_id == "decide", task_instance.c.run_id == run_id)
    with airflow.metadata.begin() as database:
        database.execute(update(task_instance).where(*deciding).values(**lost))
    airflow.api.unpause(APPROVAL_DAG_ID)


def run_about(airflow: RealAirflow, plan: dict[str, Any]) -> dict[str, Any]:
    """Wait until the run that asked about a plan has ended, and return it."""
    (run,) = [one for one in airflow.api.runs(APPROVAL_DAG_ID) if plan["checksum"] in one["dag_run_id"]]
    return airflow.finished(APPROVAL_DAG_ID, run["dag_run_id"])


def change_the_plan(sandbox: Sandbox, mapping: Engine, plan: dict[str, Any]) -> None:
    """Change one of the bookings that wait with a plan."""
    held_back = change.c.refused_at.is_not(None) & (change.c.integration_id == plan["integration_id"])
    with mapping.connect() as connection:
        booking_id = connection.execute(select(change.c.booking_id).where(held_back)).scalars().first()
    sandbox.calendar.state.edit(str(booking_id), event_name="Renamed")


def approve_in_the_browser(seat: Window, plan: dict[str, Any]) -> None:
    """Go from Airflow's own list of required actions to the question, and say yes."""
    seat.page.goto(f"{seat.place.url}/required_actions?response_received=false")
    seat.page.get_by_role("link", name=plan["checksum"]).first.wait_for()
    seat.photograph("required-actions")
    seat.page.get_by_role("link", name=plan["checksum"]).first.click()
    seat.page.get_by_text(f"it cancels {plan['figures']['cancels']} of").wait_for()
    seat.photograph("refused-plan")
    seat.page.get_by_role("button", name="Approve").click()


def test_a_refused_plan_waits_for_a_person_and_nothing_waits_for_it(  # W5
    real_airflow: RealAirflow, sandbox: Sandbox, seat: Window, mapping: Engine
) -> None:
    api = real_airflow.api
    api.unpause(SYNC_DAG_ID)
    api.unpause(APPROVAL_DAG_ID)
    real_airflow.finished_run(SYNC_DAG_ID, {"window_start": (utc_now() - FORTNIGHT).isoformat()})
    cancel_many(sandbox)
    refused = real_airflow.finished_run(SYNC_DAG_ID, {})
    (acme,), (globex,) = plans(mapping, ACME), plans(mapping, GLOBEX)
    asked, also_asked = real_airflow.question(acme["checksum"]), real_airflow.question(globex["checksum"])

    assert refused["state"] == "failed"
    assert len(real_airflow.asking()) == 2  # one for each integration, and the sync is not held up:
    assert f"it cancels {acme['figures']['cancels']} of" in asked["body"]
    assert f"it cancels {globex['figures']['cancels']} of" in also_asked["body"]

    with real_airflow.triggerer():
        answer_to_a_process_that_dies(real_airflow, asked, "Reject")
        rejected = run_about(real_airflow, acme)
    change_the_plan(sandbox, mapping, acme)
    change_the_plan(sandbox, mapping, globex)
    changed = real_airflow.finished_run(SYNC_DAG_ID, {})
    (acme, new_acme), (globex, new_globex) = plans(mapping, ACME), plans(mapping, GLOBEX)
    real_airflow.question(new_acme["checksum"])
    real_airflow.question(new_globex["checksum"])

    assert changed["state"] == "failed"
    assert f"is rejected by {USER}" in rejected["note"]
    assert (acme["state"], acme["rejected_by"]) == ("overtaken", USER)
    assert globex["state"] == "overtaken"
    assert "superseded" in run_about(real_airflow, globex)["note"]  # the old question is withdrawn

    before = len(sandbox.hubspot.history.writes())
    approve_in_the_browser(seat, new_acme)
    asking = run_about(real_airflow, new_acme)
    carrying_out = api.returned(APPROVAL_DAG_ID, asking["dag_run_id"], "record_answer")
    carried_out = real_airflow.finished(SYNC_DAG_ID, carrying_out["run_id"])
    let_time_pass(real_airflow)
    run_about(real_airflow, new_globex)
    (*_, new_acme), (*_, new_globex) = plans(mapping, ACME), plans(mapping, GLOBEX)

    assert carried_out["state"] == "success"
    assert carried_out["conf"] == {"approve_plan": new_acme["checksum"], "workspaces": [acme["workspace_id"]]}
    assert (new_acme["state"], new_acme["approved_by"]) == ("approved", USER)
    assert len(sandbox.hubspot.history.writes()) > before
    with mapping.connect() as connection:
        of_the_run = audit.c.run_id == new_acme["used_by_run_id"]
        audited = connection.execute(select(audit.c.requested_by).where(of_the_run)).scalars().all()
    assert audited == [USER] * new_acme["size"]  # W7
    assert (new_globex["state"], new_globex["rejected_by"]) == ("rejected", "nobody in time")
    assert real_airflow.asking() == []
