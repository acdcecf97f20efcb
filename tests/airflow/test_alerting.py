"""Operators are told by mail and by functions of their own, through a real SMTP server; else the run is red."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select, update

from booking_sandbox.server import Sandbox
from booking_sync.errors import ConfigurationError
from booking_sync.services import Services
from booking_sync.states import IntegrationState
from booking_sync.store.alert_tables import alert
from booking_sync.store.database import reading, writing
from booking_sync.store.tables import integration
from booking_sync_airflow.alerting import LONGEST_SUBJECT, alert_operators, tell_operators
from booking_sync_airflow.steps import open_services
from tests.airflow.dag_runs import DagRuns
from tests.airflow.smtp_connection import smtp_connection
from tests.airflow.test_approval import cancel_many
from tests.mail_sink import SENDER, MailSink

pytestmark = pytest.mark.airflow

OPERATORS = ("ops@airflow.test", "night-shift@airflow.test")
heard: list[tuple[str, str]] = []


def to_the_pager(subject: str, text: str, context: Mapping[str, Any]) -> None:
    """Stands for an installation's own way to its operators."""
    del context
    heard.append((subject, text))


def to_a_broken_pager(subject: str, text: str, context: Mapping[str, Any]) -> None:
    raise OSError(f"no battery for {subject} {text} {context}"[:10])


@pytest.fixture
def mailbox(connected: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[MailSink]:  # noqa: ARG001 - the other connections
    with MailSink() as box:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", smtp_connection(box, *OPERATORS))
        yield box


@pytest.fixture
def _broken(dag_runs: DagRuns) -> None:
    """Something to alert to: HubSpot takes the tokens of the one integration no more."""
    dag_runs.run()
    services = open_services()
    with writing(services.engine) as connection:
        connection.execute(update(integration).values(state=IntegrationState.NEEDS_RECONNECTING))


def html_of(mail: EmailMessage) -> str:
    (part,) = [one for one in mail.walk() if one.get_content_type() == "text/html"]
    return str(part.get_content())


def told_at(services: Services) -> list[object]:
    with reading(services.engine) as connection:
        return list(connection.execute(select(alert.c.told_at)).scalars())


@pytest.mark.usefixtures("_broken")
def test_a_mail_names_the_trouble_and_the_page_and_is_sent_once(mailbox: MailSink) -> None:
    untold = [*alert_operators(open_services(), {}), *alert_operators(open_services(), {})]

    assert untold == []
    (mail,) = mailbox.mails
    assert mailbox.envelopes == [(SENDER, [*OPERATORS])]
    assert mail["subject"].startswith("Booking sync: Acme Sales: HubSpot has to be connected again")
    page = "http://airflow.test/plugin/integrations/booking-sync/integrations/ws_acme"
    assert f'<a href="{page}">Connect it again</a>' in html_of(mail)
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.usefixtures("_broken")
def test_whatever_a_workspace_is_called_the_alert_reads_well(mailbox: MailSink) -> None:
    services = open_services()
    name = "Söhne <b>{{ 7 * 7 }}</b> & " + "weit, weit weg " * 40
    with writing(services.engine) as connection:
        connection.execute(update(integration).values(workspace_name=name))

    assert alert_operators(services, {}) == []
    (mail,) = mailbox.mails
    assert mail["subject"].startswith("Booking sync: Söhne <b>{{ 7 * 7 }}</b> & weit")
    assert len(mail["subject"]) <= LONGEST_SUBJECT
    assert "Söhne &lt;b&gt;{{ 7 * 7 }}&lt;/b&gt; &amp; weit" in html_of(mail)


@pytest.mark.usefixtures("_broken")
def test_where_the_mail_server_refuses_the_next_run_tries_again(mailbox: MailSink) -> None:
    mailbox.on_text = lambda _mail: "554 not now"
    (untold,) = alert_operators(open_services(), {})
    mailbox.on_text = lambda _mail: "250 OK"

    assert "Acme Sales" in untold
    assert alert_operators(open_services(), {}) == []
    assert len(mailbox.mails) == 1


@pytest.mark.usefixtures("_broken", "connected")
def test_without_anybody_to_tell_the_run_is_the_alert_once() -> None:
    tell_operators({})  # of a deadline: it has no colour, so it leaves this to a run
    (untold,) = alert_operators(open_services(), {})

    assert "HubSpot has to be connected again" in untold
    assert alert_operators(open_services(), {}) == []


@pytest.mark.usefixtures("_broken")
def test_own_functions_are_called_and_one_that_fails_does_not_stop_the_others(
    mailbox: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard.clear()
    monkeypatch.setenv("BOOKING_SYNC_ALERT_CALLBACKS", f"{__name__}.to_a_broken_pager,{__name__}.to_the_pager")
    tell_operators({})

    ((subject, text),) = heard
    assert subject == mailbox.mails[0]["subject"]
    assert "\n  http://airflow.test/plugin/integrations/" in text
    assert None not in told_at(open_services())


@pytest.mark.usefixtures("connected")
def test_a_function_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_SYNC_ALERT_CALLBACKS", "no_such_module.tell")

    with pytest.raises(ConfigurationError, match="there is no function no_such_module"):
        alert_operators(open_services(), {})


def test_a_refused_plan_is_mailed_by_the_run_that_refused_it_without_anything_personal(
    dag_runs: DagRuns, sandbox: Sandbox, mailbox: MailSink
) -> None:
    dag_runs.run_fortnight()
    cancel_many(sandbox)
    refused = dag_runs.run()
    again = dag_runs.run()

    assert (refused.state, again.state) == ("failed", "success")
    (mail,) = mailbox.mails
    assert "is refused: it cancels" in html_of(mail)
    assert "Nothing of it is written." in html_of(mail)
    page = "http://airflow.test/required_actions?response_received=false"
    assert f'<a href="{page}">Approve or reject it</a>' in html_of(mail)
    invitees = {one["email"] for booking in sandbox.calendar.state.bookings() for one in booking.get("invitees", [])}
    assert len(invitees) > 20
    assert not [address for address in invitees if address and address in html_of(mail)]
