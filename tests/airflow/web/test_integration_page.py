"""The cards and the page of one integration: what they say to whom, and what their buttons do (K1, K3, K4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import Engine, select

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync.states import IntegrationState
from booking_sync.store import integrations
from booking_sync.store.access_tables import portal_access
from booking_sync.store.database import reading
from booking_sync.store.integrations import Integration
from tests.airflow.web.browsing import ADMIN, OPERATOR, VIEWER, Browser, User, words
from tests.airflow.web.conftest import FIRST

if TYPE_CHECKING:
    from fastapi import FastAPI

pytestmark = pytest.mark.airflow

PAGE = "/integrations/ws_acme"


def stored(mapping: Engine) -> Integration:
    with reading(mapping) as connection:
        return integrations.load_integration(connection, f"ws_acme@{FIRST}")


def test_there_is_a_card_for_every_workspace_with_what_to_do_next(admin: Browser, acme: str) -> None:
    page = admin.get("/integrations")

    said = words(page)
    assert page.text.count("<article") == 3
    assert said.index("Connected") < said.index("Not connected")
    assert "Basic does not include the HubSpot integration; it needs Pro or above." in said
    assert page.text.count("GRANT HUBSPOT ACCESS") == 1  # Acme has it, and Small may not
    assert "424242 Health" in said
    assert acme


def test_a_viewer_and_an_operator_are_offered_what_they_may_do(browser: Callable[[User], Browser], acme: str) -> None:
    pages = {user.role: browser(user).get(f"/integrations/{acme}").text for user in (VIEWER, OPERATOR, ADMIN)}

    offered = {
        role: [name for name in ("/run", "/pause", "/disconnect") if name in page] for role, page in pages.items()
    }
    assert offered == {"viewer": [], "op": ["/run", "/pause"], "admin": ["/run", "/pause", "/disconnect"]}
    assert "Erase a person" not in browser(OPERATOR).get("/integrations").text


def test_a_pause_holds_until_somebody_resumes_and_says_who_and_why(
    browser: Callable[[User], Browser], mapping: Engine, acme: str
) -> None:
    operator = browser(OPERATOR)

    paused = operator.post(f"{PAGE}/pause", {"reason": "Audit <week>"}, page=PAGE)
    shown = operator.follow(paused)
    is_working = stored(mapping).is_working
    resumed = operator.follow(operator.post(f"{PAGE}/resume", {}, page=PAGE))

    assert "Paused by otto: Audit <week>." in words(shown)
    assert "<week>" not in shown.text
    assert not is_working
    assert "Resumed. The next run passes on" in words(resumed)
    assert stored(mapping).is_working
    assert acme


def test_a_pause_stays_whose_it_is_and_is_ended_once(
    browser: Callable[[User], Browser], mapping: Engine, acme: str
) -> None:
    browser(OPERATOR).post(f"{PAGE}/pause", {"reason": "Audit week"}, page=PAGE)
    again = browser(ADMIN).post(f"{PAGE}/pause", {}, page=PAGE)
    why = stored(mapping).why_idle
    ends = [browser(ADMIN).post(f"{PAGE}/resume", {}, page=PAGE).status_code for _ in range(2)]

    assert again.status_code == 409
    assert "It has been paused by otto already." in words(again)
    assert why == "paused by otto: Audit week"
    assert ends == [303, 409]
    assert acme


def test_disconnecting_stops_gives_the_access_back_and_keeps_the_history(  # K3
    admin: Browser, sandbox: Sandbox, mapping: Engine, acme: str
) -> None:
    before = words(admin.get(PAGE))
    shown = words(admin.follow(admin.post(f"{PAGE}/disconnect", {}, page=PAGE)))

    assert "Disconnect Acme from Acme? From now on nothing is passed to HubSpot." in before
    assert "Disconnected. Nothing is passed on any more, and the access is given back to HubSpot." in shown
    assert "GRANT HUBSPOT ACCESS" in shown
    assert "Disconnected ann" in shown  # the history
    assert stored(mapping).state is IntegrationState.DISCONNECTED
    with reading(mapping) as connection:
        assert connection.execute(select(portal_access.c.refresh_token)).scalars().all() == [None]
    assert sandbox.hubspot.state.portal(FIRST).grants.refresh_tokens == {}
    assert acme


def test_uninstalling_takes_the_word_and_shows_hubspots_own_path_word_for_word(  # K4
    admin: Browser, sandbox: Sandbox, mapping: Engine, acme: str
) -> None:
    path = f"{PAGE}/uninstall"
    shown = words(admin.get(path))
    refused = admin.post(path, {"typed": "yes"}, page=path)
    state_then = stored(mapping).state
    done = words(admin.follow(admin.post(path, {"typed": " Uninstall "}, page=path)))

    for step in (
        "In your HubSpot account select the Marketplace icon in the main navigation bar.",
        "Under Manage, select Connected apps.",
        "In the Calendar app, select Actions, then select Uninstall",
        "Type “uninstall” then select uninstall.",
    ):
        assert step in shown
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert state_then is IntegrationState.CONNECTED
    assert "Uninstalled. The app is out of the HubSpot account" in done
    assert stored(mapping).state is IntegrationState.DISCONNECTED
    assert sandbox.hubspot.state.portal(FIRST).grants.installed == {}
    assert acme


def test_names_of_hosts_are_for_operators_only(browser: Callable[[User], Browser], sandbox: Sandbox, acme: str) -> None:
    now = utc_now()
    sandbox.calendar.state.book(acme, start_at=now, end_at=now + timedelta(minutes=30))

    seen = {user.role: words(browser(user).get(f"{PAGE}/owners")) for user in (VIEWER, OPERATOR)}

    assert all("0 of 1 host" in said for said in seen.values())
    assert "@" in seen["op"]
    assert "@" not in seen["viewer"]


def test_a_page_is_shown_although_calendar_does_not_answer(admin: Browser, sandbox: Sandbox, acme: str) -> None:
    sandbox.calendar.switches.answer(401, count=1_000)

    remembered = words(admin.get("/integrations"))
    with time_machine.travel(utc_now() + timedelta(minutes=2)):
        later = admin.get("/integrations")

    assert acme
    assert "cannot be asked" not in remembered
    assert later.status_code == 200
    assert "Calendar.com cannot be asked for its workspaces." in words(later)
    assert later.text.count("<article") == 3


def test_with_a_service_key_cards_say_so_and_there_is_nothing_to_grant(
    api_server: FastAPI, key_mode: dict[str, str]
) -> None:
    admin = Browser(api_server, ADMIN)

    page = admin.get("/integrations")

    assert key_mode
    assert page.status_code == 200
    assert "HubSpot is reached with the service key" in words(page)
    assert "GRANT HUBSPOT ACCESS" not in page.text


def test_a_missing_connection_is_said_in_a_sentence(
    api_server: FastAPI, key_mode: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_HUBSPOT_DEFAULT")

    answer = Browser(api_server, ADMIN).get("/integrations")

    assert key_mode
    assert answer.status_code == 503
    assert "The connection 'hubspot_default' is missing: add it under Admin, Connections" in words(answer)
