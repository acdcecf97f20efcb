"""The installation of the reference page, walked through by the demo: nothing but pages, links and buttons (K2)."""

from __future__ import annotations

from booking_sync_airflow.demo.airflow_api import AirflowApi
from booking_sync_airflow.demo.browser import Browser, Page

PAGES = "/booking-sync"
CALLBACK = f"{PAGES}/oauth/callback"
INTEGRATIONS = "/plugin/integrations"
"""Where Airflow shows our pages in its own frame."""
SECOND_PORTAL_ID = 868_686
"""The sandbox's account Globex Europe."""


def connect(api: AirflowApi, workspace_name: str, portal_id: int) -> None:
    """Connect a workspace to a portal: Integrations, HubSpot, GRANT HUBSPOT ACCESS, consent, Connect App.

    Raises:
        DemoError: a page does not look as expected.
    """
    browser = Browser()
    browser.keep_cookie("_token", api.token, api.url)
    integration = browser.open(f"{api.url}{PAGES}/integrations").follow(f"HubSpot for {workspace_name}")
    back = integration.press("GRANT HUBSPOT ACCESS").press("Grant access", portal=str(portal_id))
    _in_the_frame(api, back).press("Connect App")


def _in_the_frame(api: AirflowApi, page: Page) -> Page:
    """Open what Airflow's page shows in its frame; it needs scripts to do that itself."""
    return page.browser.open(page.url.replace(f"{api.url}{INTEGRATIONS}{PAGES}", f"{api.url}{PAGES}", 1))


def instructions(airflow_url: str, calendar_page: str, hubspot_page: str) -> str:
    """Say where the sentences of the reference page can be followed by hand."""
    return "".join(f"{line}\n" for line in _lines(f"{airflow_url}{INTEGRATIONS}", calendar_page, hubspot_page))


def _lines(integrations_page: str, calendar_page: str, hubspot_page: str) -> tuple[str, ...]:
    return (
        "One workspace is connected. To connect another by hand, as the reference page says (Installation):",
        f"  Visit your Integrations page       {integrations_page}",
        "  Select HubSpot                     of the workspace Globex Success",
        "  Click on GRANT HUBSPOT ACCESS      HubSpot asks: choose the account Globex Europe, Grant access",
        "  Select Connect App",
        f"Then book, move and cancel something   {calendar_page}",
        "and press Run now on the page of the integration. Initech is on Basic, which does not include HubSpot:",
        "it can be connected once its plan is changed.",
        "",
        "To disconnect (Disconnecting Calendar.com from HubSpot):",
        "  Step 1, in Calendar                Integrations page, HubSpot, Disconnect",
        f"  Step 2, in your HubSpot account    {hubspot_page}?portal={SECOND_PORTAL_ID}",
        "                                     Marketplace icon, Connected apps; in the Calendar app Actions,",
        "                                     Uninstall; type uninstall, then Uninstall",
    )
