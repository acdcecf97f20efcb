"""Every way in which a consent comes to nothing, as a person in a real browser meets it (K2, K6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Route
from sqlalchemy import Table, create_engine, update

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync.states import IntegrationState
from booking_sync.store.access_tables import consent
from booking_sync.store.tables import integration
from tests.airflow.real.airflow import RealAirflow
from tests.airflow.real.window import Window, window

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]


@pytest.fixture
def connections(many_portals: dict[str, str]) -> dict[str, str]:
    return many_portals


@pytest.fixture
def change(tmp_path: Path) -> Callable[..., None]:
    """Changes rows of the mapping database behind Airflow's back."""

    def values(table: Table, **fields: object) -> None:
        engine = create_engine(f"sqlite:///{tmp_path / 'booking_sync.db'}")
        with engine.begin() as connection:
            connection.execute(update(table).values(**fields))
        engine.dispose()

    return values


def decided(seat: Window, decision: str, account: str = "Acme") -> str:
    """Go to HubSpot and decide; return the address to which it would send the browser, which does not go there yet."""
    returned: list[str] = []

    def stop(route: Route) -> None:
        returned.append(route.fetch(max_redirects=0).headers["location"])
        route.fulfill(status=200, body="on the way back", content_type="text/plain")

    seat.open_integrations()
    seat.frame.get_by_role("article", name="HubSpot for Acme Sales").get_by_role(
        "button", name="GRANT HUBSPOT ACCESS"
    ).click()
    seat.page.wait_for_url("**/oauth/authorize?**")
    seat.page.get_by_label(account).check()
    seat.page.route("**/oauth/authorize", stop)
    seat.page.get_by_role("button", name=decision).click()
    seat.page.get_by_text("on the way back").wait_for()
    seat.page.unroute("**/oauth/authorize")
    return returned[0]


def assert_refused(seat: Window, address: str, because: str) -> None:
    """Come back from HubSpot, read why it came to nothing, and find the way home."""
    seat.page.goto(address)
    seat.page.get_by_role("heading", name="HubSpot access was not granted").wait_for()
    seat.page.get_by_text(because).wait_for()
    seat.page.get_by_role("link", name="Go to the Integrations page").click()
    seat.frame.get_by_role("heading", name="Integrations", exact=True).wait_for()


def test_every_refusal_says_why_and_leads_back(
    seat: Window, chromium: Browser, real_airflow: RealAirflow, sandbox: Sandbox, change: Callable[..., None]
) -> None:
    callback = f"{real_airflow.place.url}/booking-sync/oauth/callback"
    assert_refused(seat, f"{callback}?code=guessed&state=guessed", "was not begun here")

    denied = decided(seat, "Cancel")
    assert_refused(seat, denied, "was told not to grant access; nothing has changed")
    assert_refused(seat, denied, "has been used already")

    with window(chromium, real_airflow.place) as elsewhere:
        elsewhere.log_in()
        assert_refused(elsewhere, decided(seat, "Grant access"), "by somebody else, or in another browser")

    late = decided(seat, "Grant access")
    change(consent, expires_at=utc_now() - timedelta(seconds=1))
    assert_refused(seat, late, "more than ten minutes ago")

    narrow = decided(seat, "Grant access")
    given = sandbox.hubspot.state.apps.codes[parse_qs(urlsplit(narrow).query)["code"][0]].grant
    object.__setattr__(given, "scopes", tuple(one for one in given.scopes if one != "crm.objects.owners.read"))
    assert_refused(seat, narrow, "without crm.objects.owners.read")

    seat.page.goto(decided(seat, "Grant access"))
    seat.press("Connect App")
    seat.sees("Connected. Bookings that change from now on")
    change(integration, state=IntegrationState.NEEDS_RECONNECTING, state_reason="the app was uninstalled")
    assert_refused(seat, decided(seat, "Grant access", "Globex Europe"), "but this integration belongs to portal")
