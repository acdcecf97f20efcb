"""A scene with an OAuth app: what a person does on the Integrations page and in HubSpot, between the runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from booking_sync.clients.oauth_model import OAuthApp
from booking_sync.connect_app import connect_app
from booking_sync.grants import BegunGrant, Granted, begin_grant, finish_grant
from booking_sync.scopes import OPTIONAL_SCOPES
from booking_sync.service_clients import Addresses, NoPortal
from booking_sync.services import Services, build_services
from booking_sync.settings import Settings
from booking_sync.store.database import reading
from booking_sync.store.integrations import Integration, integration_id, load_integration
from tests.flow.scene import QUIET_SECONDS, SECRET, Scene
from tests.sandbox.oauth_walk import decide

CALLBACK = "http://127.0.0.1:28080/booking-sync/oauth/callback"
FIRST, SECOND, THIRD = 424_242, 868_686, 979_797
ADA = "ada"


@dataclass
class PortalsScene(Scene):
    """Two workspaces and three portals. ``said`` are the secrets that our side has seen, for the canaries."""

    uses_pkce: bool = True
    hidden: list[str] = field(default_factory=list)

    def new_services(self, hubspot_key: str | None = None) -> Services:
        """Build the services as a new process would, with the sandbox's OAuth app."""
        del hubspot_key
        calendar, hubspot = self.sandbox.calendar, self.sandbox.hubspot
        app = OAuthApp(hubspot.app.client_id, hubspot.app.client_secret, hubspot.authorize_url, self.uses_pkce)
        built = build_services(
            Settings(secret_keys=(SECRET,), quiet_seconds=QUIET_SECONDS),
            database_url=self.database_url,
            addresses=lambda: Addresses(calendar.url, calendar.api_key, hubspot.url, app),
            clock=self.clock,
            hide=self.hidden.append,
        )
        return self.without_waiting(built, NoPortal())

    # --- what a person does -------------------------------------------------------------------------------------------

    def begin(self, person: str = ADA, **asked: Any) -> BegunGrant:
        """Press GRANT HUBSPOT ACCESS."""
        return begin_grant(self.services, person=person, redirect_uri=CALLBACK, **asked)

    def consent(self, begun: BegunGrant, portal_id: int, **decision: Any) -> dict[str, str]:
        """Decide on HubSpot's page; return what the browser brings back."""
        shown = requests.get(begun.authorize_url, timeout=10)
        form = {"portal": portal_id, "optional_scope": OPTIONAL_SCOPES, **decision}
        answer = decide(self.sandbox.hubspot, shown, **form)
        assert answer.status_code == 303, answer.text
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        return {name: values[0] for name, values in query.items()}

    def finish(self, begun: BegunGrant, answer: dict[str, str], person: str = ADA) -> Granted:
        """Come back with it."""
        return finish_grant(self.services, person=person, browser_secret=begun.browser_secret, answer=answer)

    def grant(self, portal_id: int, **asked: Any) -> Granted:
        """Go the whole way of a consent."""
        begun = self.begin(**asked)
        return self.finish(begun, self.consent(begun, portal_id))

    def connect(self, workspace_id: str, portal_id: int, **how: Any) -> Integration:
        """Press Connect App."""
        return connect_app(self.services, workspace_id=workspace_id, portal_id=str(portal_id), person=ADA, **how)

    def grant_and_connect(self, workspace_id: str, portal_id: int, **how: Any) -> Integration:
        """Go the whole way to a connected integration."""
        self.grant(portal_id)
        return self.connect(workspace_id, portal_id, **how)

    def present(self, workspace_id: str, portal_id: int) -> Integration:
        """Return an integration as it is recorded now."""
        with reading(self.services.engine) as connection:
            return load_integration(connection, integration_id(workspace_id, str(portal_id)))

    def shown_in(self, portal_id: int) -> list[str]:
        """Return the titles of the live activities in a portal."""
        return sorted(one["properties"]["hs_meeting_title"] for one in self.hubspot.activities(portal_id=portal_id))

    def calls_during(self, act: Any) -> list[str]:
        """Return the paths that HubSpot was asked for during a call."""
        before = len(self.sandbox.hubspot.history)
        act()
        return [f"{entry.method} {entry.path}" for entry in self.sandbox.hubspot.history[before:]]
