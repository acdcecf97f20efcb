"""Secrets and personal data come out nowhere, whatever goes well or wrong, on either database.

Whole DAG runs with a value of its own in every field that a person can fill and in every secret: one that ends well,
one in trouble of all kinds, an audit, a dry run. Then everything that comes out is searched: logs and what is printed,
Airflow's database (XCom, rendered fields, notes, its audit log), ours as text and as backup, pages, a plan's export.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import make_url, select

from booking_sandbox.server import Sandbox
from booking_sync.integration_settings import check_settings
from booking_sync.services import utc_now
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import Vault
from booking_sync.store.integrations import all_integrations
from booking_sync.store.settings_history import save_settings
from booking_sync.store.tables import change
from booking_sync_airflow.identity import AUDIT_DAG_ID, SYNC_DAG_ID
from booking_sync_airflow.steps import open_services
from tests.airflow.conftest import HOME
from tests.airflow.dag_runs import DagRuns, states
from tests.airflow.web import canaries
from tests.airflow.web.browsing import ADMIN, OPERATOR, VIEWER, Browser, User
from tests.airflow.web.conftest import FIRST
from tests.mail_sink import SENDER, MailSink

pytestmark = pytest.mark.airflow

WORKSPACE = "ws_acme"
INTEGRATION = f"{WORKSPACE}@{FIRST}"
OTHERS = ("uvicorn", "mail.", "httpx")
"""What the sandbox, the mail server of the test and its browser log in the same process."""
PERSONAL = {**canaries.OF_INVITEES, **canaries.OF_HOSTS}


@pytest.fixture
def planted(
    oauth_mode: dict[str, str],  # noqa: ARG001 - what it sets is replaced
    sandbox: Sandbox,
    database_kind: str,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Use canaries as secrets: by OAuth on SQLite, by a service key on PostgreSQL. Return our database's address."""
    secrets = canaries.SECRETS
    sandbox.calendar.state.add_key(secrets["Calendar.com's API key"])
    sandbox.hubspot.state.portals[FIRST].add_token(secrets["HubSpot's service key"], expires_in=None)
    monkeypatch.setattr(sandbox.hubspot.app, "client_secret", secrets["the OAuth client secret"])
    both_keys = f"{secrets['the secret key']},{secrets['the retired secret key']}"
    monkeypatch.setenv("BOOKING_SYNC_SECRET_KEY", both_keys)
    extra = {
        "client_secret": secrets["the OAuth client secret"],
        "authorize_url": sandbox.hubspot.authorize_url,
    }
    by_oauth = {"login": sandbox.hubspot.app.client_id, "extra": extra}
    by_key = {"password": secrets["HubSpot's service key"]}
    calendar = {"host": sandbox.calendar.url, "password": secrets["Calendar.com's API key"]}
    hubspot = {"host": sandbox.hubspot.url, **(by_oauth if database_kind == "sqlite" else by_key)}
    for name, fields in {
        "CALENDAR_DEFAULT": {"conn_type": "calendar", **calendar},
        "HUBSPOT_DEFAULT": {"conn_type": "hubspot", **hubspot},
        "BOOKING_SYNC_DB": _own_database(database_url),
    }.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(fields))
    return database_url


def _own_database(database_url: str) -> dict[str, Any]:
    url = make_url(database_url)
    if url.drivername == "sqlite":
        return {"conn_type": "sqlite", "host": url.database}
    password = canaries.SECRETS["the database's password"]
    socket = {"host": str(url.query["host"])}
    whole = {"host": "localhost", "schema": url.database, "login": "tests", "password": password}
    return {"conn_type": "postgres", "extra": socket, **whole}


def mail_connection(sink: MailSink) -> str:
    extra = {"disable_tls": True, "disable_ssl": True, "from_email": SENDER, "retry_limit": 1, "timeout": 5}
    fields = {"conn_type": "smtp", "host": "127.0.0.1", "port": sink.server().port, "login": "mailer", "extra": extra}
    return json.dumps({**fields, "password": canaries.SECRETS["the mail server's password"]})


def tell_people() -> None:
    """Have host and invitees told by mail, and guests made contacts."""
    services = open_services()
    chosen = check_settings({"notify": True, "guests": "create"})
    with writing(services.engine) as connection:
        for one in all_integrations(connection):
            save_settings(connection, one.id, chosen, changed_by="ann", at=services.clock())
    services.close()
    services.engine.dispose()


def book(sandbox: Sandbox) -> list[str]:
    """Book what a run can pass on, and what it cannot."""
    calendar = sandbox.calendar.state
    sandbox.hubspot.switches.refuse_emails.add(canaries.REFUSED)
    start = utc_now() + timedelta(days=2)
    made: list[str] = [
        calendar.book(WORKSPACE, start_at=start + timedelta(hours=number), **canaries.a_booking())["id"]
        for number in range(4)
    ]
    calendar.book(WORKSPACE, **{**canaries.a_booking(), "invitees": [{**canaries.INVITEE, "email": canaries.REFUSED}]})
    for broken in canaries.broken_bookings():
        calendar.put_raw(WORKSPACE, {**broken, "updated_at": utc_now().isoformat()})
    return made


def trouble(sandbox: Sandbox, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything happen at once: news, answers that repeat what was sent, lost ones, and a mistake of ours."""
    calendar, switches = sandbox.calendar.state, sandbox.hubspot.switches
    calendar.reschedule_in_place(made[0], utc_now() + timedelta(days=5), reason=canaries.REASON)
    calendar.cancel(made[1], reason=canaries.REASON)
    calendar.edit(made[2], invitees=[{**canaries.INVITEE, "answers": canaries.ANSWERS[:1], "id": "in_c2"}])
    calendar.book(
        WORKSPACE, **{**canaries.a_booking(), "invitees": [{**canaries.INVITEE, "email": "x.canary@new.example"}]}
    )
    switches.answer(400, canaries.echo(), path="/contacts/batch/create", headers={"content-type": "application/json"})
    switches.commit_then_hang(path="/meetings/batch/create")
    switches.answer(400, canaries.echo(), path="/meetings/batch/update", headers={"content-type": "application/json"})

    def mistake(booking: object) -> dict[str, str]:
        in_a_local_variable = repr(booking)
        raise RuntimeError(f"planted, with {len(in_a_local_variable)} characters in a local variable")

    monkeypatch.setattr("booking_sync.step_update.render_cancel", mistake)


def pages(browser: Callable[[User], Browser], made: list[str], run_id: str) -> dict[str, str]:
    """Return what each page says to those who may see least and most, with its headers."""
    plan = f"dag_id=calendar_hubspot_sync&run_id={quote(run_id, safe='')}"
    paths = [
        "/status",
        "/integrations",
        f"/integrations/{WORKSPACE}",
        f"/integrations/{WORKSPACE}/settings",
        f"/plan?{plan}",
        f"/plan.csv?{plan}",
        "/erase",
        *(f"/bookings/{one}?integration={quote(INTEGRATION)}" for one in (*made, "bk_broken_1")),
        *(f"/outlook?booking={one}&integration={quote(INTEGRATION)}" for one in made),
    ]
    answers = {(user.role, path): browser(user).get(path) for user in (VIEWER, ADMIN) for path in paths}
    assert answers["viewer", f"/plan?{plan}"].status_code == 200
    assert answers["viewer", f"/bookings/{made[0]}?integration={quote(INTEGRATION)}"].status_code == 200
    return {f"{role} {path}": f"{answer.headers}{answer.text}" for (role, path), answer in answers.items()}


def search(browser: Browser) -> str:
    """Look for a person by address, as an operator may: the address is in no link or address that comes of it."""
    answer = browser.post("/bookings", {"query": canaries.INVITEE["email"]}, page="/status")
    return f"{answer.headers}"


def test_nothing_comes_out(
    planted: str,
    database_kind: str,
    dag_runs: DagRuns,
    sandbox: Sandbox,
    browser: Callable[[User], Browser],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    pytestconfig: pytest.Config,
) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger("booking_sync").setLevel(logging.DEBUG)
    with MailSink(password=canaries.SECRETS["the mail server's password"]) as sink:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", mail_connection(sink))
        if database_kind == "sqlite":
            assert browser(ADMIN).connect(sandbox, WORKSPACE, FIRST).status_code == 303
        else:
            assert dag_runs.run(conf={"dry_run": True}).state == "success"  # a service key connects by its first run
        tell_people()
        made = book(sandbox)
        dag_runs.run()
        trouble(sandbox, made, monkeypatch)
        second = dag_runs.run()
        told = len(sink.mails)
        sink.stop()
        third = dag_runs.run()
    audited = dag_runs.run(AUDIT_DAG_ID)
    shown = pages(browser, made, second.run_id)
    searched = search(browser(OPERATOR))
    printed = _printed(pytestconfig)
    logged = "\n".join(f"{vars(one)} {one.getMessage()}" for one in caplog.records if not one.name.startswith(OTHERS))

    # it was a life worth looking at
    activities = sandbox.hubspot.state.activities(portal_id=FIRST)
    assert any("answer-canary" in one["properties"]["hs_meeting_body"] for one in activities)
    assert told
    assert "failed" in {*states(second).values(), *states(third).values()}
    assert "planted, with" in printed
    assert audited.state in {"success", "failed"}
    assert _kept_payloads(planted), "nothing is kept, so nothing shows that it is encrypted"

    secrets = {**canaries.SECRETS, **_tokens(sandbox)}
    out = {
        "what was printed": printed,
        "the logs": logged,
        "files below AIRFLOW_HOME, with Airflow's database": canaries.read_files(HOME),
        "our database": canaries.dump(planted),
    }
    assert [place for place, said in out.items() if SYNC_DAG_ID not in said] == []  # there is something in each
    leaks = {place: canaries.found({**secrets, **PERSONAL}.items(), said) for place, said in out.items()}
    leaks |= {place: canaries.found({**secrets, **canaries.OF_INVITEES}.items(), said) for place, said in shown.items()}
    leaks |= {
        f"{place} (hosts)": canaries.found(canaries.OF_HOSTS.items(), said)
        for place, said in shown.items()
        if place.startswith("viewer")
    }
    leaks["the answer to a search"] = canaries.found(PERSONAL.items(), searched)
    assert {place: names for place, names in leaks.items() if names} == {}


def _printed(config: pytest.Config) -> str:
    """Return what was printed since the test began, by Airflow's handlers too, which hold on to an older stdout.

    Without the lines of the sandbox, of the mail server and of the browser, which print in this process.
    """
    lines = "".join(config.pluginmanager.getplugin("capturemanager").read_global_capture()).splitlines()
    return "\n".join(line for line in lines if not any(f"[{name}" in line for name in OTHERS))


def _tokens(sandbox: Sandbox) -> dict[str, str]:
    """Return every token that HubSpot has issued."""
    issued = {
        token
        for portal in sandbox.hubspot.state.portals.values()
        for token in (*portal.grants.tokens, *portal.grants.refresh_tokens)
    }
    return {f"token {number}": token for number, token in enumerate(sorted(issued))}


def _kept_payloads(database_url: str) -> list[str]:
    """Return what is kept of bookings that wait; it must hold the canaries, or it would prove nothing."""
    services = open_services()
    with reading(services.engine) as connection:
        rows = connection.execute(select(change.c.payload).where(change.c.payload.is_not(None))).scalars().all()
    kept = [services.vault.decrypt(row) for row in rows]
    other = Vault(["a key that this installation never had"])
    for row in rows:
        with pytest.raises(Exception, match="BOOKING_SYNC_SECRET_KEY"):
            other.decrypt(row)
    services.engine.dispose()
    assert database_url
    return [one for one in kept if "answer-canary" in one or "piepmatz" in one.lower()]


def test_a_canary_is_found_however_it_is_spelled() -> None:
    """So that a search that finds nothing says something."""
    address = canaries.INVITEE["email"]
    for said in (
        f"to {address.upper()}",
        f"/bookings?query={quote(address, safe='')}",
        base64.b64encode(f"id:{address}".encode()).decode(),
        json.dumps({"email": address}),
    ):
        assert canaries.found(canaries.OF_INVITEES.items(), said), said
    assert canaries.found(canaries.OF_INVITEES.items(), "Ada Lovelace <ada@example.com>") == []
