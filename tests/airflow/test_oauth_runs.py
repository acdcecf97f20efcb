"""Runs of the DAG in OAuth mode: two portals, one of them dead, and no token in anything that Airflow keeps."""

from __future__ import annotations

import json

import pytest
import requests

from booking_sandbox.hubspot_portals import DEFAULT_PORTAL_ID, EU_PORTAL_ID
from booking_sandbox.server import Sandbox
from booking_sync.connect_app import connect_app
from booking_sync.grants import begin_grant, finish_grant
from booking_sync_airflow.hooks.hubspot import HubSpotHook, hide_from_logs
from booking_sync_airflow.steps import open_services
from tests.airflow.dag_runs import DagRuns, note, returned, states
from tests.sandbox.oauth_walk import CALLBACK, came_back, decide

pytestmark = pytest.mark.airflow


@pytest.fixture
def oauth(sandbox: Sandbox, connected: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Put the OAuth client of the sandbox's app into the connection."""
    del connected
    app = sandbox.hubspot.app
    fields = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "login": app.client_id,
        "extra": {"client_secret": app.client_secret, "authorize_url": sandbox.hubspot.authorize_url},
    }
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(fields))
    calendar = {"conn_type": "calendar", "host": sandbox.calendar.url, "password": sandbox.calendar.api_key}
    monkeypatch.setenv("AIRFLOW_CONN_CALENDAR_DEFAULT", json.dumps(calendar))
    sandbox.hubspot.state.register_redirect_uri(CALLBACK)
    return sandbox


def connect(sandbox: Sandbox, workspace_id: str, portal_id: int) -> None:
    """Walk from GRANT HUBSPOT ACCESS to Connect App."""
    services = open_services()
    begun = begin_grant(services, person="ann", redirect_uri=CALLBACK)
    answer = came_back(decide(sandbox.hubspot, requests.get(begun.authorize_url, timeout=10), portal=portal_id))
    granted = finish_grant(services, person="ann", browser_secret=begun.browser_secret, answer=answer)
    connect_app(services, workspace_id=workspace_id, portal_id=granted.portal.id, person="ann")


def test_two_portals_in_one_run_and_a_dead_one_holds_up_nothing(oauth: Sandbox, dag_runs: DagRuns) -> None:
    first, second = "ws_acme", "ws_globex"
    connect(oauth, first, DEFAULT_PORTAL_ID)
    connect(oauth, second, EU_PORTAL_ID)
    oauth.hubspot.state.uninstall_app(portal_id=EU_PORTAL_ID)
    before = len(oauth.hubspot.state.activities(portal_id=DEFAULT_PORTAL_ID))
    run = dag_runs.run_fortnight()
    assert states(run)["close_run"] == "failed"  # somebody has to grant access again
    assert "Grant access again" in (note(run) or "")
    made = len(oauth.hubspot.state.activities(portal_id=DEFAULT_PORTAL_ID)) - before
    assert made > 0  # W6
    handed_on = json.dumps([returned(run, task) for task in ("open_run", "reconcile.extract", "reconcile.diff")])
    tokens = [token for portal in oauth.hubspot.state.portals.values() for token in portal.grants.tokens]
    assert not [token for token in [*tokens, oauth.hubspot.app.client_secret] if token in handed_on]
    again = dag_runs.run_fortnight()
    assert again.state == "success"  # said once


def test_the_test_button_says_whether_the_client_is_known(oauth: Sandbox) -> None:
    assert HubSpotHook().test_connection() == (
        True,
        "HubSpot answers: it knows the OAuth client. Grant access on the Integrations page.",
    )
    oauth.hubspot.app.client_secret = "another"
    is_right, said = HubSpotHook().test_connection()
    assert not is_right
    assert "client id or secret" in said


def test_the_hook_gives_the_client_of_a_portal(oauth: Sandbox) -> None:
    connect(oauth, min(oauth.calendar.state.workspaces), DEFAULT_PORTAL_ID)
    assert HubSpotHook().get_conn(str(DEFAULT_PORTAL_ID)).portal().id == str(DEFAULT_PORTAL_ID)


def test_a_token_is_masked_in_airflows_logs() -> None:
    from airflow.sdk._shared.secrets_masker import redact  # noqa: PLC0415 - Airflow is imported late

    hide_from_logs("CANARY-of-a-token-that-is-long")
    assert "CANARY" not in str(redact("a line with CANARY-of-a-token-that-is-long in it"))
