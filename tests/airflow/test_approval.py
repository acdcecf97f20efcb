"""A refused plan in Airflow: the run is red and says how to approve it, and the approving run carries it out (W5)."""

from __future__ import annotations

import re

import pytest

from booking_sandbox.server import Sandbox
from booking_sync_airflow.identity import APPROVAL_DAG_ID
from tests.airflow.dag_runs import DagRuns, note, returned, runs_of

pytestmark = pytest.mark.airflow


def cancel_many(sandbox: Sandbox) -> None:
    """Cancel every second booking that still stands."""
    standing = [one["id"] for one in sandbox.calendar.state.bookings() if one.get("status") == "scheduled"]
    for booking_id in standing[::2]:
        sandbox.calendar.state.cancel(booking_id)


def test_a_refused_plan_is_red_with_the_command_that_approves_it(dag_runs: DagRuns, sandbox: Sandbox) -> None:
    dag_runs.run_fortnight()
    cancel_many(sandbox)
    before = len(sandbox.hubspot.history.writes())
    asked_before = {one.run_id for one in runs_of(APPROVAL_DAG_ID)}  # by other tests, which share Airflow's database

    refused = dag_runs.run()
    again = dag_runs.run()
    unknown = dag_runs.run(conf={"approve_plan": "0123456789abcdef"})
    written_without_approval = len(sandbox.hubspot.history.writes()) - before
    told = note(refused) or ""
    (checksum,) = re.findall(r"""airflow dags trigger calendar_hubspot_sync -c '{"approve_plan": "(\w{16})"}'""", told)
    approved = dag_runs.run(conf={"approve_plan": checksum})
    twice = dag_runs.run(conf={"approve_plan": checksum})

    assert (refused.state, again.state, unknown.state) == ("failed", "success", "failed")
    (cancelled,) = re.findall(r"it cancels (\d+) of \d+ live activities", told)
    assert f"plan {checksum} is still refused" in (note(again) or "")
    assert "was ever refused" in (note(unknown) or "")
    assert written_without_approval == 0  # W5
    assert (approved.state, twice.state) == ("success", "failed")
    assert returned(approved, "close_run")["cancel"] == int(cancelled) > 30
    assert "an approval counts once" in (note(twice) or "")
    # One question for the plan, whichever runs came across it; nothing has waited for it.
    (question,) = {one.run_id for one in runs_of(APPROVAL_DAG_ID)} - asked_before
    assert checksum in question
