"""Which portals there are, whose token is whose, and what a person does about the apps that are connected to them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from booking_sandbox.history import History, RequestHook
from booking_sandbox.hubspot_apps import AppStore, Grant
from booking_sandbox.hubspot_grants import Token
from booking_sandbox.hubspot_late import LateLandings
from booking_sandbox.hubspot_portal import Portal
from booking_sandbox.hubspot_switches import HubSpotSwitches
from booking_sandbox.moments import Clock
from booking_sandbox.wire import Json

DEFAULT_PORTAL_ID = 424_242
DEFAULT_SERVICE_KEY = "pat-na1-sandbox"
EU_PORTAL_ID = 868_686
WEST_PORTAL_ID = 979_797


@dataclass
class Portals:
    """Three accounts at first. Whatever takes a ``portal_id`` means the first portal without one."""

    clock: Clock
    switches: Callable[[], HubSpotSwitches]
    seed: int = 7
    portals: dict[int, Portal] = field(default_factory=dict)
    apps: AppStore = field(default_factory=AppStore)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    history: History = field(default_factory=History, repr=False)
    late: LateLandings = field(default_factory=LateLandings)
    """Token requests that land late; a portal keeps its own late writes."""
    request_hook: RequestHook | None = None
    """Called before and after every API request."""

    def __post_init__(self) -> None:
        self.random = Random(f"{self.seed}/apps")  # noqa: S311 - codes of a sandbox, reproducible by design
        self.add_portal(DEFAULT_PORTAL_ID, DEFAULT_SERVICE_KEY)
        self.add_portal(
            EU_PORTAL_ID,
            "pat-eu1-sandbox",
            name="Globex Europe",
            time_zone="Europe/Dublin",
            ui_domain="app-eu1.hubspot.com",
            domain="globex.example",
        )
        self.add_portal(
            WEST_PORTAL_ID,
            "pat-na2-sandbox",
            name="Initech West",
            time_zone="America/Los_Angeles",
            ui_domain="app-na2.hubspot.com",
            domain="initech.example",
        )

    def reset(self) -> None:
        """Back to three empty portals with their service keys, one app with no redirect URI, and no history."""
        with self.lock:
            self.history.clear()
            self.request_hook = None
            self.portals, self.apps, self.late = {}, AppStore(), LateLandings()
            self.__post_init__()

    def add_portal(self, portal_id: int, service_key: str, **fields: Json) -> Portal:
        """Open an account; ``fields`` may name ``time_zone``, ``name``, ``ui_domain`` and ``domain``."""
        with self.lock:
            random = Random(f"{self.seed}/{portal_id}")  # noqa: S311 - ids and order of a sandbox, reproducible by design
            portal = Portal(portal_id, self.clock, random, self.switches, number=len(self.portals), **fields)
            portal.add_token(service_key, expires_in=None)
            self.portals[portal_id] = portal
            return portal

    def portal(self, portal_id: int | None = None) -> Portal:
        """One portal. Writes that landed late meanwhile are in it."""
        with self.lock:
            portal = next(iter(self.portals.values())) if portal_id is None else self.portals[portal_id]
            self.late.land(self.clock())
            portal.late.land(self.clock())
            return portal

    def token_owner(self, token: str) -> tuple[Portal, Token] | None:
        """The portal that a bearer token belongs to."""
        found = (portal for portal in self.portals.values() if token in portal.grants.tokens)
        return next(((portal, portal.grants.tokens[token]) for portal in found), None)

    def refresh_token_owner(self, token: str) -> Portal | None:
        """The portal that a live refresh token belongs to."""
        found = (portal for portal in self.portals.values() if token in portal.grants.refresh_tokens)
        return next(found, None)

    def register_redirect_uri(self, uri: str, *, client_id: str | None = None) -> None:
        """Let consents of an app return to this address, as its developer does in the app's settings."""
        with self.lock:
            self.apps.app(client_id).redirect_uris.add(uri)

    def install_app(
        self, *, portal_id: int | None = None, client_id: str | None = None, scopes: list[str] | None = None
    ) -> dict[str, str]:
        """Give an app what a consent and its exchange would give: ``access_token`` and ``refresh_token``.

        Without ``scopes`` it gets all that it may ask for.
        """
        with self.lock:
            app, portal = self.apps.app(client_id), self.portal(portal_id)
            user_id, user_email = portal.admin
            grant = Grant(app.client_id, tuple(sorted(app.scopes if scopes is None else scopes)), user_id, user_email)
            access = portal.grants.issue_access_token(grant, self.switches().access_token_seconds)
            return {"access_token": access.value, "refresh_token": portal.grants.install(grant)}

    def uninstall_app(self, *, portal_id: int | None = None, client_id: str | None = None) -> None:
        """Remove an app from a portal by hand; none of its tokens is accepted from then on."""
        with self.lock:
            self.portal(portal_id).grants.uninstall(self.apps.app(client_id).client_id)

    def revoke_refresh_tokens(self, *, portal_id: int | None = None, client_id: str | None = None) -> None:
        """Revoke an app's refresh tokens in a portal; its access tokens live on."""
        with self.lock:
            self.portal(portal_id).grants.revoke_refresh_tokens(self.apps.app(client_id).client_id)

    def expire_access_tokens(self, *, portal_id: int | None = None) -> None:
        """Let every access token of a portal expire now."""
        with self.lock:
            self.portal(portal_id).grants.expire_access_tokens()
