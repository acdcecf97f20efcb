"""A sync that does not run at all is noticed in a real Airflow, and mailed once through a real SMTP server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, update

from booking_sync.services import utc_now
from booking_sync.store.tables import run
from booking_sync_airflow.demo.airflow_stack import command
from booking_sync_airflow.identity import SYNC_DAG_ID, WATCH_DAG_ID
from tests.airflow.real.airflow import RealAirflow
from tests.airflow.smtp_connection import smtp_connection
from tests.airflow.test_alerting import html_of
from tests.mail_sink import MailSink

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

LONG_AGO = timedelta(hours=2)


@pytest.fixture
def mailbox() -> Iterator[MailSink]:
    with MailSink() as box:
        yield box


@pytest.fixture
def connections(connected: dict[str, str], mailbox: MailSink, started_airflow: RealAirflow) -> Iterator[dict[str, str]]:
    yield connected | {"AIRFLOW_CONN_SMTP_DEFAULT": smtp_connection(mailbox, "ops@airflow.test")}
    started_airflow.remove_connection("smtp_default")


def let_the_deadline_pass(airflow: RealAirflow) -> None:
    with sqlite3.connect(airflow.place.home / "airflow.db", timeout=60) as database:
        database.execute("UPDATE deadline SET deadline_time = ?", [str(utc_now() - LONG_AGO)])


def test_a_missed_deadline_tells_operators_once_that_no_sync_runs(
    real_airflow: RealAirflow, mailbox: MailSink, tmp_path: Path
) -> None:
    api = real_airflow.api
    real_airflow.processes.start("airflow triggerer", command("triggerer", "--skip-serve-logs"))
    api.unpause(SYNC_DAG_ID)
    real_airflow.finished_run(SYNC_DAG_ID, {})
    api.patch(f"/dags/{SYNC_DAG_ID}", {"is_paused": True})
    engine = create_engine(f"sqlite:///{tmp_path / 'booking_sync.db'}")
    with engine.begin() as connection:
        connection.execute(update(run).values(closed_at=utc_now() - LONG_AGO))
    engine.dispose()

    waiting = api.trigger(WATCH_DAG_ID, {})  # it is paused, so that it does not come to work either
    let_the_deadline_pass(real_airflow)
    real_airflow.processes.wait_until("the mail", lambda: bool(mailbox.mails), timeout_seconds=120)
    api.unpause(WATCH_DAG_ID)
    watched = real_airflow.finished(WATCH_DAG_ID, waiting)

    assert watched["state"] == "success"
    (mail,) = mailbox.mails
    assert "No sync has ended since" in html_of(mail)
    assert f"{real_airflow.place.url}/dags/{SYNC_DAG_ID}" in html_of(mail)
