"""The Integrations page in a real Chromium, inside a real Airflow: the reference page, sentence by sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync_airflow.identity import SYNC_DAG_ID
from tests.airflow.real.airflow import RealAirflow
from tests.airflow.real.window import Window

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

PORTAL = 424_242


@pytest.fixture
def connections(many_portals: dict[str, str]) -> dict[str, str]:
    return many_portals


@pytest.fixture
def acme(seat: Window) -> Window:
    """The page of a workspace that is not connected yet."""
    seat.open_integrations()
    seat.follow("HubSpot for Acme Sales")
    seat.sees("Connect this workspace")
    return seat


def grant(seat: Window, account: str = "Acme") -> None:
    """Click on GRANT HUBSPOT ACCESS and say yes on HubSpot's page."""
    seat.press("GRANT HUBSPOT ACCESS")
    seat.page.wait_for_url("**/oauth/authorize?**")
    seat.page.get_by_label(account).check()
    seat.page.get_by_role("button", name="Grant access").click()
    seat.frame.get_by_role("heading", name="Connect App").wait_for()


def install(seat: Window) -> None:
    """Follow "Installation": Integrations page, HubSpot, GRANT HUBSPOT ACCESS, Connect App."""
    seat.open_integrations()
    seat.look("integrations")
    seat.follow("HubSpot for Acme Sales")
    seat.sees("Connect this workspace")
    seat.look("not-connected")
    grant(seat)
    seat.look("connect-app")
    seat.press("Connect App")
    seat.sees("Connected. Bookings that change from now on")
    seat.sees("hosts of the last 30 days")
    seat.look("connected")


def see_a_booking_passed_on(seat: Window, airflow: RealAirflow, sandbox: Sandbox) -> None:
    """Book a meeting, run, and find the result on the page and in HubSpot."""
    start = utc_now() + timedelta(days=1)
    sandbox.calendar.state.book("ws_acme", start_at=start, end_at=start + timedelta(minutes=30))
    before = len(sandbox.hubspot.state.activities(portal_id=PORTAL))
    seat.press("Run now")
    seat.sees("A run is waiting, because the DAG calendar_hubspot_sync is paused in Airflow")
    (waiting,) = (run for run in airflow.api.runs(SYNC_DAG_ID) if run["state"] == "queued")
    airflow.api.unpause(SYNC_DAG_ID)
    assert airflow.finished(SYNC_DAG_ID, waiting["dag_run_id"])["state"] == "success"
    assert len(sandbox.hubspot.state.activities(portal_id=PORTAL)) == before + 1
    seat.page.reload()
    seat.sees("1 created")
    seat.sees("Healthy")
    assert not seat.frame.get_by_text("A run is waiting").is_visible()
    seat.look("after-a-run")


def change_settings(seat: Window) -> None:
    seat.follow("Settings")
    seat.look("settings")
    seat.frame.get_by_label("Questions").fill("no equals sign")
    seat.press("Save settings")
    seat.sees("Nothing was saved.")
    seat.look("settings-refused")
    seat.frame.get_by_label("Questions").fill("size = company_size")
    seat.press("Preview")
    seat.sees("Nothing is saved, and nothing is sent to HubSpot.")
    seat.look("settings-preview")
    seat.press("Save settings")
    seat.sees("The settings are saved.")
    seat.look("settings-saved")


def pause_and_resume(seat: Window) -> None:
    seat.follow("Overview")
    seat.frame.locator("summary", has_text="Pause").click()
    seat.frame.get_by_label("Reason").fill("Audit week")
    seat.look("pausing")
    seat.press("Pause this integration")
    seat.sees("Paused by admin: Audit week.")
    seat.look("paused")
    seat.press("Resume")
    seat.sees("Resumed. The next run passes on")


def disconnect(seat: Window, sandbox: Sandbox) -> None:
    """Follow "Disconnecting", step 1: Integrations page, HubSpot, Disconnect."""
    seat.open_integrations()
    seat.look("integrations-connected")
    seat.follow("HubSpot for Acme Sales")
    seat.frame.locator("summary", has_text="Disconnect").click()
    seat.sees("From now on nothing is passed to HubSpot.")
    seat.look("disconnecting")
    seat.press("Disconnect")
    seat.sees("Disconnected. Nothing is passed on any more")
    seat.look("disconnected")
    assert sandbox.hubspot.state.portal(PORTAL).grants.refresh_tokens == {}


def uninstall(seat: Window, sandbox: Sandbox) -> None:
    """Follow "Disconnecting", step 2, from our own page."""
    seat.follow("Uninstall")
    seat.sees("In your HubSpot account select the Marketplace icon in the main navigation bar.")
    seat.frame.get_by_label("Type").fill("uninstal")
    seat.press("Uninstall")
    seat.frame.get_by_role("alert").wait_for()
    seat.look("uninstall-refused")
    seat.frame.get_by_label("Type").fill("uninstall")
    seat.press("Uninstall")
    seat.sees("Uninstalled. The app is out of the HubSpot account")
    assert sandbox.hubspot.state.portal(PORTAL).grants.installed == {}


def test_the_whole_life_of_an_integration_as_the_reference_page_tells_it(  # K2, K3, K4
    seat: Window, real_airflow: RealAirflow, sandbox: Sandbox
) -> None:
    install(seat)
    see_a_booking_passed_on(seat, real_airflow, sandbox)
    change_settings(seat)
    pause_and_resume(seat)
    disconnect(seat, sandbox)
    grant(seat)
    seat.press("Connect App")
    seat.sees("Connected. Bookings that change from now on")
    uninstall(seat, sandbox)
    seat.open_integrations()
    seat.look("the-end")
    seat.follow("Erase a person")
    seat.look("erase")


def test_the_keyboard_alone_is_enough_and_shows_where_it_is(acme: Window) -> None:
    acme.tab_to("GRANT HUBSPOT ACCESS")
    acme.page.keyboard.press("Enter")
    acme.page.wait_for_url("**/oauth/authorize?**")
    acme.page.get_by_role("button", name="Grant access").click()
    acme.frame.get_by_role("heading", name="Connect App").wait_for()
    acme.tab_to("Connect App")
    acme.page.keyboard.press("Enter")
    acme.sees("Connected. Bookings that change from now on")
    acme.tab_to("Disconnect")  # opens what it means
    acme.page.keyboard.press("Enter")
    acme.sees("From now on nothing is passed to HubSpot.")
    acme.page.keyboard.press("Tab")
    assert acme.focused() == "Disconnect"
    acme.page.keyboard.press("Enter")
    acme.sees("Disconnected. Nothing is passed on any more")
