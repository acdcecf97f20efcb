"""Our OAuth app, and what HubSpot gives and says of tokens, as frozen values that do not show their secrets."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """Our app as it is registered with HubSpot.

    ``uses_pkce``: whether a challenge is sent. HubSpot lists ``code_verifier`` for its token endpoint but does not
    document the challenge; a server that does not know it ignores it (RFC 6749, section 3.1).
    """

    client_id: str
    client_secret: str = field(repr=False)
    authorize_url: str = "https://app.hubspot.com/oauth/authorize"
    uses_pkce: bool = True


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What HubSpot gives for a code or a refresh token. ``portal_id`` and ``scopes`` are empty where it is silent."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    life_seconds: int
    portal_id: str
    user_id: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What HubSpot says of a token."""

    is_active: bool
    portal_id: str
    scopes: tuple[str, ...]
