"""The bearer tokens of one portal, the apps that are installed in it, and their refresh tokens."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from booking_sandbox.hubspot_apps import Grant
from booking_sandbox.moments import Clock

_ALPHABET = string.ascii_letters + string.digits + "-_"
_ACCESS_LENGTH = 320
"""HubSpot docs: allow for access tokens of 300 characters and more."""
_REFRESH_LENGTH = 48


@dataclass(slots=True)
class Token:
    """A bearer token. ``scopes`` None means all; without ``expires_at`` it lives for ever, as a service key does.

    ``grant`` is what an app's token stands for; a service key has none.
    """

    value: str
    expires_at: datetime | None = None
    scopes: frozenset[str] | None = None
    grant: Grant | None = None

    @property
    def client_id(self) -> str | None:
        """The app that it was given to."""
        return None if self.grant is None else self.grant.client_id


@dataclass(frozen=True, slots=True)
class Installation:
    """An app in the portal's list of connected apps."""

    grant: Grant
    installed_at: datetime


@dataclass
class Grants:
    """Callers hold the lock of the state that the portal belongs to."""

    clock: Clock
    random: Random
    tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    installed: dict[str, Installation] = field(default_factory=dict)
    """Client id → installation."""

    def install(self, grant: Grant) -> str:
        """Install the app, or install it again with other scopes; the answer is a new refresh token."""
        self.installed[grant.client_id] = Installation(grant, self.clock())
        return self.issue_refresh_token(grant)

    def issue_refresh_token(self, grant: Grant) -> str:
        """A refresh token, which lives until it is revoked, rotated away or uninstalled."""
        value = self._secret(_REFRESH_LENGTH)
        self.refresh_tokens[value] = grant
        return value

    def issue_access_token(self, grant: Grant, lifetime_seconds: float) -> Token:
        """An access token of the grant's scopes."""
        expires_at = self.clock() + timedelta(seconds=lifetime_seconds)
        token = Token(self._secret(_ACCESS_LENGTH), expires_at, frozenset(grant.scopes), grant)
        self.tokens[token.value] = token
        return token

    def uninstall(self, client_id: str) -> None:
        """Remove an app with every token that it was given."""
        self.installed.pop(client_id, None)
        self.revoke_refresh_tokens(client_id)
        self.tokens = {value: token for value, token in self.tokens.items() if token.client_id != client_id}

    def revoke_refresh_tokens(self, client_id: str) -> None:
        """Revoke all refresh tokens of an app; its access tokens live on, and it stays installed."""
        self.refresh_tokens = {
            value: grant for value, grant in self.refresh_tokens.items() if grant.client_id != client_id
        }

    def expire_access_tokens(self) -> None:
        """Every access token is answered 401 EXPIRED_AUTHENTICATION from now on; service keys are not."""
        for token in self.tokens.values():
            if token.expires_at is not None:
                token.expires_at = self.clock() - timedelta(seconds=1)

    def _secret(self, length: int) -> str:
        return "".join(self.random.choices(_ALPHABET, k=length))
