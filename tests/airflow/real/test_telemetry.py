"""What a real run sends: metrics by StatsD from every task's own process, and one trace with the spans of its work."""

from __future__ import annotations

import time

import pytest

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync_airflow.identity import SYNC_DAG_ID
from tests.airflow.dag_runs import FORTNIGHT
from tests.airflow.real.airflow import RealAirflow
from tests.otlp_listener import OtlpListener, Span
from tests.statsd_listener import StatsdListener

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]


def test_a_run_in_a_real_airflow_sends_its_metrics_and_one_trace(
    real_airflow: RealAirflow, sandbox: Sandbox, statsd: StatsdListener, collector: OtlpListener
) -> None:
    real_airflow.api.unpause(SYNC_DAG_ID)
    run = real_airflow.finished_run(SYNC_DAG_ID, {"window_start": (utc_now() - FORTNIGHT).isoformat()})
    assert run["state"] == "success"
    time.sleep(0.5)  # the last datagrams
    counts = real_airflow.api.returned(SYNC_DAG_ID, run["dag_run_id"], "close_run")
    sent = statsd.sent()

    def total(name: str, **tags: str) -> float:
        fitting = [one for one in sent if one.name == name and tags.items() <= one.tags.items()]
        assert fitting, f"{name} was not sent"
        return sum(one.value for one in fitting)

    assert total("bookings_read_total") >= counts["read"] > 0
    assert total("bookings_total", verdict="create") >= counts["create"]
    assert total("runs_total", dag=SYNC_DAG_ID, outcome="success") >= 1
    assert total("remote_requests_total", api="HubSpot", status_class="2xx") >= counts["hubspot_calls"] > 0
    assert total("remote_writes_total", object="activity", outcome="applied") >= counts["create"]
    assert total("sync_freshness_seconds_bucket", le="inf") == total("sync_freshness_seconds_count")
    assert {one.kind for one in sent if one.name == "intents_open"} == {"g"}
    everything = " ".join(f"{one.name} {one.tags}" for one in sent)
    assert [one for one in known_personal_data(sandbox) if one in everything] == []
    assert_one_trace([span for span in collector.spans if span.name.startswith("booking_sync.")], collector.spans)
    told = " ".join(f"{span.name} {span.attributes}" for span in collector.spans if "booking_sync" in span.name)
    assert [one for one in known_personal_data(sandbox) if one in told] == []


def assert_one_trace(ours: list[Span], everything: list[Span]) -> None:
    """See that every request hangs on an integration's turn, that on a step, and the step on Airflow's own task."""
    by_id = {span.id: span for span in everything}
    newest_run = [span for span in ours if span.name == "booking_sync.step"][-1].attributes["booking_sync.run"]
    steps = [
        one for one in ours if one.name == "booking_sync.step" and one.attributes["booking_sync.run"] == newest_run
    ]
    assert {one.attributes["booking_sync.step"] for one in steps} >= {"extract", "diff", "apply_create"}
    assert len({one.trace_id for one in steps}) == 1
    assert {by_id[one.parent_id].name.partition(".")[0] for one in steps if one.parent_id in by_id} == {"worker"}
    requests = [one for one in ours if one.name == "booking_sync.request" and one.trace_id == steps[0].trace_id]
    assert {one.attributes["booking_sync.service"] for one in requests} == {"HubSpot", "Calendar.com"}
    batches = [one for one in requests if one.attributes["booking_sync.path"].endswith("/batch/{operation}")]
    turns = [by_id[one.parent_id] for one in batches]
    assert {turn.name for turn in turns} == {"booking_sync.integration"}
    assert "apply_create" in {turn.attributes["booking_sync.task"] for turn in turns}
    assert {turn.attributes["booking_sync.run"] for turn in turns} == {newest_run}


def known_personal_data(sandbox: Sandbox) -> set[str]:
    """Return addresses of the people whose bookings were passed on."""
    return {contact["properties"]["email"] for contact in sandbox.hubspot.state.contacts()} - {""}
