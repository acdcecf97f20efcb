"""HubSpot's OAuth endpoints: a code or a refresh token becomes tokens; a token is looked at, or revoked.

HubSpot docs, "Manage OAuth tokens": dated paths; every parameter in a form-encoded body and none in the query, where
logs would keep it; errors as in RFC 6749. ``/oauth/v1/token`` ends in February 2027 and is not used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self, Unpack
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from booking_sync.clients.address import checked_base_url
from booking_sync.clients.answer import as_id, as_texts, as_token
from booking_sync.clients.bearer import NO_BEARER
from booking_sync.clients.http import HttpOptions, JsonHttp
from booking_sync.clients.oauth_model import OAuthApp, TokenInfo, TokenSet
from booking_sync.errors import AccessRefused, OutcomeUnknown, Refused

_TOKEN = "/oauth/{version}/token"  # noqa: S105 - a path
_INTROSPECT = "/oauth/{version}/token/introspect"
_REVOKE = "/oauth/{version}/token/revoke"
_SERVICE = "HubSpot OAuth"
_INVALID_GRANT = "invalid_grant"
_BAD_REFRESH_TOKEN = "BAD_REFRESH_TOKEN"  # noqa: S105 - an error code
_CLIENT_ERRORS = frozenset({"invalid_client", "unauthorized_client", "BAD_CLIENT_ID", "BAD_CLIENT_SECRET"})
_WRONG_CLIENT = (
    "HubSpot does not accept the OAuth client id or secret in the connection hubspot_default: copy both again"
)
_DEFAULT_LIFE_SECONDS = 1_800
_SUCCESS = range(200, 300)


class BadGrant(Refused):
    """HubSpot does not take the code or refresh token: it is used up, expired, revoked, or the app was uninstalled."""


class HubSpotOAuth:
    """The endpoints for one app. Not shared between threads."""

    def __init__(self, http: JsonHttp, app: OAuthApp, api_version: str) -> None:
        self._http = http
        self.app = app
        self._version = api_version

    @classmethod
    def from_connection(cls, base_url: str, app: OAuthApp, *, api_version: str, **options: Unpack[HttpOptions]) -> Self:
        """Make a client for an address; ``options`` are those of JsonHttp."""
        checked_base_url(_SERVICE, app.authorize_url)
        return cls(JsonHttp(_SERVICE, base_url, NO_BEARER, **options), app, api_version)

    def for_another_thread(self) -> Self:
        """Return the same endpoints with connections of their own."""
        return type(self)(self._http.for_another_thread(None), self.app, self._version)

    def authorize_url(
        self,
        *,
        redirect_uri: str,
        scopes: tuple[str, ...],
        optional_scopes: tuple[str, ...],
        state: str,
        code_challenge: str | None,
    ) -> str:
        """Return the address of the consent page."""
        parts = urlsplit(self.app.authorize_url)
        asked = {
            **dict(parse_qsl(parts.query)),
            "client_id": self.app.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            **({"optional_scope": " ".join(optional_scopes)} if optional_scopes else {}),
            "state": state,
            **({"code_challenge": code_challenge, "code_challenge_method": "S256"} if code_challenge else {}),
        }
        return urlunsplit(parts._replace(query=urlencode(asked, quote_via=quote)))

    def exchange(self, code: str, *, redirect_uri: str, code_verifier: str | None) -> TokenSet:
        """Turn a code into tokens; the code is good for one try, so nothing is repeated that may have arrived.

        Raises:
            BadGrant: the code is not taken.
            AccessRefused: client id or secret are wrong.
        """
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if code_verifier is not None:
            form["code_verifier"] = code_verifier
        form |= self._client()
        with _client_errors():
            _, document = self._http.write("POST", _TOKEN, form=form, path_values=self._path(), refine=_refined)
        return _token_set(document or {}, "")

    def refresh(self, refresh_token: str) -> TokenSet:
        """Turn a refresh token into an access token and the refresh token that is good from now on.

        Repeated where no answer comes: the worst is that HubSpot has exchanged the token and says so.

        Raises:
            BadGrant: the refresh token is good no more.
            AccessRefused: client id or secret are wrong.
        """
        form = {**self._client(), "grant_type": "refresh_token", "refresh_token": refresh_token}
        document = self._ask(_TOKEN, form)
        return _token_set(document, refresh_token)

    def introspect(self, token: str, *, hint: str = "access_token") -> TokenInfo:
        """Ask what a token is good for."""
        form = {**self._client(), "token": token, "token_type_hint": hint}
        document = self._ask(_INTROSPECT, form)
        return TokenInfo(
            document.get("active") is True, as_id(document.get("hub_id")) or "", _scopes(document.get("scopes"))
        )

    def revoke(self, refresh_token: str) -> None:
        """Revoke a refresh token; one that HubSpot does not know (any more) is as good as revoked.

        HubSpot docs: access tokens made from it work until they expire.
        """
        form = {**self._client(), "token": refresh_token, "token_type_hint": "refresh_token"}
        try:
            with _client_errors():
                self._http.write("POST", _REVOKE, form=form, path_values=self._path(), refine=_refined)
        except BadGrant:
            return
        except OutcomeUnknown as odd:
            if odd.status not in _SUCCESS:  # HubSpot promises no body, not even a status: any success will do
                raise

    def _ask(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        with _client_errors():
            return self._http.read("POST", path, form=form, path_values=self._path(), refine=_refined)

    def _client(self) -> dict[str, str]:
        return {"client_id": self.app.client_id, "client_secret": self.app.client_secret}

    def _path(self) -> dict[str, str]:
        return {"version": self._version}


@contextmanager
def _client_errors() -> Iterator[None]:
    """Say what a 401 of these endpoints means: it is never about a portal."""
    try:
        yield
    except AccessRefused:
        raise AccessRefused(_WRONG_CLIENT) from None


def _refined(refused: Refused, document: Mapping[str, Any]) -> Refused:
    """Tell a bad grant from other refusals; HubSpot's own code is under ``status``, the standard's under ``error``."""
    codes = {as_token(document.get("error")), as_token(document.get("status"))}
    if codes & _CLIENT_ERRORS:
        raise AccessRefused(_WRONG_CLIENT)
    if codes & {_INVALID_GRANT, _BAD_REFRESH_TOKEN}:
        return BadGrant(str(refused), status=refused.status, code=refused.code, correlation_id=refused.correlation_id)
    return refused


def _token_set(document: Mapping[str, Any], former_refresh_token: str) -> TokenSet:
    access, refresh = document.get("access_token"), document.get("refresh_token") or former_refresh_token
    if not isinstance(access, str) or not access or not isinstance(refresh, str) or not refresh:
        raise OutcomeUnknown("HubSpot: the answer of the token endpoint holds no tokens")
    life = document.get("expires_in")
    return TokenSet(
        access_token=access,
        refresh_token=refresh,
        life_seconds=life if isinstance(life, int) and life > 0 else _DEFAULT_LIFE_SECONDS,
        portal_id=as_id(document.get("hub_id")) or "",
        user_id=as_id(document.get("user_id")) or "",
        scopes=_scopes(document.get("scopes")),
    )


def _scopes(value: object) -> tuple[str, ...]:
    """Return the names; a list, or one text with spaces as in RFC 6749."""
    listed = value.split() if isinstance(value, str) else as_texts(value)
    return tuple(name for name in map(as_token, listed) if name)
