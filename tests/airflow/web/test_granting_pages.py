"""GRANT HUBSPOT ACCESS and Connect App, page by page, with the sandbox's consent page in between (K2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Engine, select, update

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync.states import IntegrationState
from booking_sync.store import integrations
from booking_sync.store.access_tables import consent as consent_table
from booking_sync.store.access_tables import portal_access
from booking_sync.store.database import reading, writing
from tests.airflow.web.browsing import (
    CALLBACK,
    FRAME,
    Browser,
    User,
    consent,
    path_of,
    words,
)
from tests.airflow.web.conftest import FIRST, SECOND

pytestmark = pytest.mark.airflow


def states(mapping: Engine) -> dict[str, IntegrationState]:
    with reading(mapping) as connection:
        return {one.id: one.state for one in integrations.all_integrations(connection)}


def has_tokens(mapping: Engine) -> bool:
    with reading(mapping) as connection:
        return connection.execute(select(portal_access.c.access_token)).scalars().all() != []


def assert_refused(admin: Browser, address: str, mapping: Engine, *, because: str) -> None:
    """Come back from HubSpot and read why it came to nothing."""
    answer = admin.come_back(address)
    assert answer.status_code == 400
    assert because in words(answer)
    assert f'href="{FRAME}/integrations"' in answer.text
    assert not has_tokens(mapping)


def test_a_workspace_is_connected_by_granting_access_and_connecting_the_app(
    admin: Browser, sandbox: Sandbox, mapping: Engine
) -> None:
    start = words(admin.get("/integrations"))
    authorize = admin.begin("ws_acme")
    back = admin.come_back(consent(sandbox, authorize, FIRST))
    shown = admin.follow(back)
    done = admin.post("/connect", {"workspace_id": "ws_acme", "portal_id": str(FIRST)}, page=path_of(back))
    page = words(admin.follow(done))

    assert "GRANT HUBSPOT ACCESS" in start
    assert back.headers["location"].startswith(f"{FRAME}/connect?")
    assert 'value="ws_acme" checked' in shown.text
    assert "HubSpot has granted access to Acme" in words(shown)
    assert "Connected. Bookings that change from now on are passed on" in page
    assert "Granted by ann" in page
    assert states(mapping) == {f"ws_acme@{FIRST}": IntegrationState.CONNECTED}


def test_hubspot_is_asked_to_send_people_back_to_airflows_own_address_whatever_the_host_header_says(
    admin: Browser,
) -> None:
    headers = {"host": "evil.test", "origin": "http://airflow.test", "sec-fetch-site": "same-origin"}
    answer = admin.post("/oauth/start", {"workspace_id": "ws_acme"}, headers=headers)

    asked = parse_qs(urlsplit(answer.headers["location"]).query)

    assert asked["redirect_uri"] == [CALLBACK]
    assert len(asked["state"][0]) >= 43  # 256 bits
    assert asked["code_challenge_method"] == ["S256"]
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Max-Age=600", "Path=/booking-sync/oauth"))


def test_a_state_that_nobody_began_is_refused(admin: Browser, mapping: Engine) -> None:
    assert_refused(admin, f"{CALLBACK}?code=guessed&state=guessed", mapping, because="was not begun here")


def test_a_state_is_good_once(admin: Browser, sandbox: Sandbox, mapping: Engine) -> None:
    begun = admin.begin("ws_acme")
    assert_refused(admin, consent(sandbox, begun, FIRST, decision="cancel"), mapping, because="not to grant access")

    replayed = f"{CALLBACK}?code=another&state={parse_qs(urlsplit(begun).query)['state'][0]}"

    assert_refused(admin, replayed, mapping, because="has been used already")


def test_a_state_of_somebody_else_is_refused(
    browser: Callable[[User], Browser], admin: Browser, sandbox: Sandbox, mapping: Engine
) -> None:
    eve = browser(User("eve", "admin"))
    address = consent(sandbox, admin.begin("ws_acme"), FIRST)
    eve.http.cookies.set("booking_sync_grant", admin.http.cookies["booking_sync_grant"], domain="airflow.test")

    assert_refused(eve, address, mapping, because="begun by somebody else, or in another browser")


def test_a_state_of_another_browser_is_refused(
    browser: Callable[[User], Browser], admin: Browser, sandbox: Sandbox, mapping: Engine
) -> None:
    address = consent(sandbox, admin.begin("ws_acme"), FIRST)

    assert_refused(browser(User("ann", "admin")), address, mapping, because="or in another browser")


def test_a_state_lasts_ten_minutes(admin: Browser, sandbox: Sandbox, mapping: Engine) -> None:
    address = consent(sandbox, admin.begin("ws_acme"), FIRST)
    with writing(mapping) as connection:
        connection.execute(update(consent_table).values(expires_at=utc_now() - timedelta(seconds=1)))

    assert_refused(admin, address, mapping, because="more than ten minutes ago")


def test_saying_no_in_hubspot_changes_nothing(admin: Browser, sandbox: Sandbox, mapping: Engine) -> None:
    address = consent(sandbox, admin.begin("ws_acme"), FIRST, decision="cancel")

    assert_refused(admin, address, mapping, because="told not to grant access; nothing has changed")


def test_access_without_a_scope_that_is_needed_is_refused_by_name(
    admin: Browser, sandbox: Sandbox, mapping: Engine
) -> None:
    address = consent(sandbox, admin.begin("ws_acme"), FIRST)
    given = sandbox.hubspot.state.apps.codes[parse_qs(urlsplit(address).query)["code"][0]]
    fewer = tuple(scope for scope in given.grant.scopes if scope != "crm.objects.owners.read")
    object.__setattr__(given.grant, "scopes", fewer)

    assert_refused(admin, address, mapping, because="without crm.objects.owners.read")


def test_what_hubspot_sent_back_is_not_in_airflows_access_log(
    admin: Browser, sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    address = consent(sandbox, admin.begin("ws_acme"), FIRST)

    admin.come_back(address)

    logged = "".join(capfd.readouterr())
    query = parse_qs(urlsplit(address).query)
    assert "/booking-sync/oauth/callback" in logged
    assert query["code"][0] not in logged
    assert query["state"][0] not in logged


def test_reconnecting_to_another_account_is_refused(  # K6
    admin: Browser, sandbox: Sandbox, mapping: Engine, acme: str
) -> None:
    with writing(mapping) as connection:
        integrations.set_state(connection, f"{acme}@{FIRST}", IntegrationState.NEEDS_RECONNECTING, "uninstalled")

    answer = admin.come_back(consent(sandbox, admin.begin(acme), SECOND))

    assert answer.status_code == 400
    assert f"granted to portal {SECOND}, but this integration belongs to portal {FIRST}" in words(answer)


@pytest.mark.parametrize(
    ("workspace_id", "sentence", "passed"),
    [("ws_small", "Upgrade it, then try again", 1), ("ws_acme", "is connected to the workspace Globex", 3)],
)
def test_a_check_that_fails_says_what_to_do_and_nothing_is_connected(
    admin: Browser, sandbox: Sandbox, mapping: Engine, workspace_id: str, sentence: str, passed: int
) -> None:
    admin.connect(sandbox, "ws_globex", SECOND)
    before = states(mapping)

    answer = admin.connect(sandbox, workspace_id, SECOND)

    assert answer.status_code == 409
    assert sentence in words(answer)
    assert answer.text.count('<span class="sign good"') == passed
    assert answer.text.count('<span class="sign bad"') == 1
    assert states(mapping) == before


def test_another_account_than_before_must_be_named(  # K6
    admin: Browser, sandbox: Sandbox, mapping: Engine, acme: str
) -> None:
    admin.post(f"/integrations/{acme}/disconnect", {}, page=f"/integrations/{acme}")
    refused = admin.connect(sandbox, acme, SECOND)
    fields = {"workspace_id": acme, "portal_id": str(SECOND), "confirmed_portal": "globex europe"}
    done = admin.post("/connect", fields, page=f"/connect?portal={SECOND}")

    assert refused.status_code == 409
    assert "Name of the new HubSpot account" in words(refused)
    assert done.status_code == 303
    assert states(mapping)[f"{acme}@{SECOND}"] is IntegrationState.CONNECTED
    assert states(mapping)[f"{acme}@{FIRST}"] is IntegrationState.DISCONNECTED


def test_no_page_ever_holds_a_token(admin: Browser, sandbox: Sandbox, acme: str) -> None:
    grants = sandbox.hubspot.state.portal(FIRST).grants
    secrets = [*grants.refresh_tokens, *grants.tokens, sandbox.hubspot.app.client_secret]

    pages = [f"/integrations{end}" for end in ("", f"/{acme}", f"/{acme}/settings", f"/{acme}/uninstall")]
    shown = "".join(admin.get(page).text for page in [*pages, f"/connect?portal={FIRST}"])

    assert len(secrets) >= 3
    assert [secret for secret in secrets if secret in shown] == []
