"""OAuth apps as their developers registered them, and what is open between a consent and its tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

DEFAULT_CLIENT_ID = "5d0c8f0e-calendar-sandbox"
DEFAULT_CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - it opens nothing but this sandbox
DEFAULT_APP_NAME = "Calendar"
DEFAULT_APP_ID = 19_083_857
KNOWN_SCOPES = {
    "oauth": "Know which account this is",
    "crm.objects.contacts.read": "View contacts and their activities",
    "crm.objects.contacts.write": "Create, change and delete contacts and their activities",
    "crm.objects.owners.read": "View the users who own records",
    "crm.schemas.contacts.read": "View property settings of contacts",
    "crm.schemas.contacts.write": "Create, change and delete properties of contacts and activities",
    "crm.schemas.meetings.read": "View property settings of meetings",
    "crm.schemas.meetings.write": "Create, change and delete properties of meetings",
    "crm.objects.companies.read": "View companies",
    "crm.objects.deals.read": "View deals",
    "tickets": "View and change tickets",
}
"""Scope → what the consent page says of it. An app can be registered for these only."""


@dataclass(slots=True)
class App:
    """One app. ``scopes`` are those that it may ask for; ``required_scopes`` must be in every request for consent."""

    client_id: str = DEFAULT_CLIENT_ID
    client_secret: str = DEFAULT_CLIENT_SECRET
    name: str = DEFAULT_APP_NAME
    app_id: int = DEFAULT_APP_ID
    scopes: frozenset[str] = frozenset(KNOWN_SCOPES)
    required_scopes: frozenset[str] = frozenset({"oauth"})
    redirect_uris: set[str] = field(default_factory=set)
    """A consent returns to one of these, compared character by character."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one person allowed one app to do in one portal."""

    client_id: str
    scopes: tuple[str, ...]
    user_id: int
    user_email: str


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """What an app asks a person for: a valid request to ``/oauth/authorize``."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    optional_scopes: tuple[str, ...]
    state: str | None
    code_challenge: str | None


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """A consent that was given and not yet turned into tokens."""

    portal_id: int
    grant: Grant
    redirect_uri: str
    code_challenge: str | None
    expires_at: datetime


@dataclass
class AppStore:
    """The developers' side, which no portal owns."""

    apps: dict[str, App] = field(default_factory=lambda: {DEFAULT_CLIENT_ID: App()})
    consents: dict[str, ConsentRequest] = field(default_factory=dict)
    """Consent pages that are open in a browser; each is good for one decision."""
    codes: dict[str, AuthorizationCode] = field(default_factory=dict)

    def app(self, client_id: str | None = None) -> App:
        """One app; without an id the first."""
        return self.apps[client_id] if client_id is not None else next(iter(self.apps.values()))
