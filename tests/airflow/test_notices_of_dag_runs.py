"""A run inside Airflow tells people through the connection ``smtp_default`` (M1)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from booking_sandbox.server import Sandbox
from booking_sync.integration_settings import check_settings
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.request import RunRequest
from booking_sync.services import utc_now
from booking_sync.store.database import writing
from booking_sync.store.integrations import all_integrations
from booking_sync.store.settings_history import save_settings
from booking_sync_airflow.steps import open_services
from tests.airflow.dag_runs import DagRuns, note
from tests.mail_sink import MailSink, event_of

pytestmark = pytest.mark.airflow

HOST = {"id": "us_grace", "name": "Grace Hopper", "email": "grace@acme.example"}


def connect_mail(monkeypatch: pytest.MonkeyPatch, sink: MailSink) -> None:
    server = sink.server()
    extra = {"from_email": server.sender_email, "disable_ssl": True, "disable_tls": True}
    connection = {"conn_type": "smtp", "host": server.host, "port": server.port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))


def switch_notices_on() -> None:
    services = open_services()
    with writing(services.engine) as connection:
        for one in all_integrations(connection):
            save_settings(connection, one.id, check_settings({"notify": True}), changed_by="ada", at=services.clock())
    services.close()


def test_a_cancellation_is_told_once_over_two_runs(
    dag_runs: DagRuns, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = sandbox.calendar.state
    workspace = next(iter(calendar.workspaces))
    start_at = utc_now() + timedelta(days=2)
    calendar.book(workspace, booking_id="told", host=HOST, invitees=["ada@example.com"], start_at=start_at)
    only_it = RunRequest(booking_ids=("told",), workspaces=(workspace,))
    with MailSink() as sink:
        connect_mail(monkeypatch, sink)
        reconcile(open_services(), manual_trigger("first", "ada"), only_it)
        switch_notices_on()
        calendar.cancel("told")
        run = dag_runs.run(conf=only_it.model_dump(mode="json"))
        reconcile(open_services(), manual_trigger("again", "ada"), only_it)

    assert run.state == "success"
    assert sorted(to for _, [to] in sink.envelopes) == ["ada@example.com", "grace@acme.example"]
    assert [event_of(mail)[0] for mail in sink.mails] == ["CANCEL", "CANCEL"]
    assert "notices: 2 sent" in (note(run) or "")
