"""HubSpot's token endpoints: parameters in a form-encoded body only, errors in the shape of RFC 6749 and HubSpot's own.

Source: HubSpot docs, "Manage OAuth tokens", and the changelog on standardized error responses. Recorded nowhere, and so
assumed: 401 for a wrong client, 204 for a revocation, ``BAD_AUTH_CODE`` for a code that is unknown, used or expired.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from booking_sandbox.history import HistoryEntry
from booking_sandbox.hubspot_apps import App, AuthorizationCode, Grant
from booking_sandbox.hubspot_calls import Answer
from booking_sandbox.hubspot_errors import Refusal
from booking_sandbox.hubspot_grants import Token
from booking_sandbox.hubspot_portal import Portal
from booking_sandbox.hubspot_state import HubSpotState
from booking_sandbox.hubspot_switches import HubSpotSwitches

FORM = "application/x-www-form-urlencoded"
_SECRETS = frozenset({"client_secret", "code", "code_verifier", "refresh_token", "token"})


@dataclass(frozen=True, slots=True)
class FormCall:
    """A request to a token endpoint whose client is who it says it is."""

    state: HubSpotState
    switches: HubSpotSwitches
    app: App
    form: dict[str, str]
    entry: HistoryEntry

    def required(self, name: str) -> str:
        """A parameter that must be there.

        Raises:
            Refusal: it is not.
        """
        if not self.form.get(name):
            raise oauth_refusal("invalid_request", f"missing parameter: {name}", "BAD_REQUEST")
        return self.form[name]


@dataclass(frozen=True, slots=True)
class FormOperation:
    """A token endpoint. It writes no record of any portal, so it does not count as a write."""

    run: Callable[[FormCall], Answer]
    parameters: frozenset[str]
    is_write: bool = False


def oauth_refusal(error: str, description: str, status_text: str, http_status: int = 400) -> Refusal:
    """The error of a token endpoint; ``status`` is where HubSpot puts its own name for it."""
    more = {"error": error, "error_description": description, "status": status_text}
    return Refusal(http_status, None, description, more=more)


def read_form(entry: HistoryEntry, operation: FormOperation, content_type: str, raw: bytes) -> dict[str, str]:
    """The form of a request; the history keeps it without what is secret.

    Raises:
        Refusal: parameters are in the query, given twice or unknown, or the body is not a form.
    """
    if entry.query:
        raise oauth_refusal("invalid_request", "parameters belong in the body, not in the URL", "BAD_REQUEST")
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise oauth_refusal("invalid_request", f"the body must be {FORM}", "BAD_REQUEST")
    pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)
    form = dict(pairs)
    entry.body = {name: "(secret)" if name in _SECRETS else value for name, value in form.items()}
    if len(form) < len(pairs):
        raise oauth_refusal("invalid_request", "a parameter is given twice", "BAD_REQUEST")
    unknown = form.keys() - operation.parameters - {"client_id", "client_secret"}
    if unknown:
        raise oauth_refusal("invalid_request", f"unknown parameters: {', '.join(sorted(unknown))}", "BAD_REQUEST")
    return form


def authenticated_app(state: HubSpotState, form: dict[str, str]) -> App:
    """The app that the client id and secret of a form belong to.

    Raises:
        Refusal: there is none.
    """
    app = state.apps.apps.get(form.get("client_id", ""))
    if app is None:
        raise oauth_refusal("invalid_client", "missing or unknown client id", "BAD_CLIENT_ID", 401)
    if not secrets.compare_digest(form.get("client_secret", "").encode(), app.client_secret.encode()):
        raise oauth_refusal("invalid_client", "missing or wrong client secret", "BAD_CLIENT_SECRET", 401)
    return app


def _token(call: FormCall) -> Answer:
    """``POST /oauth/{V}/token``."""
    grant_type = call.required("grant_type")
    if grant_type == "authorization_code":
        return _exchange(call)
    if grant_type == "refresh_token":
        return _refresh(call)
    raise oauth_refusal("unsupported_grant_type", f"grant_type {grant_type} is not supported", "BAD_GRANT_TYPE")


def _exchange(call: FormCall) -> Answer:
    """Turn a code into tokens. A code is spent by the first try, also by one that fails."""
    code = call.state.apps.codes.pop(call.required("code"), None)
    if code is None or code.grant.client_id != call.app.client_id or code.expires_at <= call.state.clock():
        raise oauth_refusal("invalid_grant", "missing or unknown auth code", "BAD_AUTH_CODE")
    if call.required("redirect_uri") != code.redirect_uri:
        raise oauth_refusal("invalid_grant", "redirect uri does not match the one of the consent", "BAD_REDIRECT_URI")
    _check_verifier(call, code)
    portal = call.state.portal(code.portal_id)
    call.entry.portal_id = portal.id
    return _tokens(call, portal, code.grant, portal.grants.install(code.grant))


def _check_verifier(call: FormCall, code: AuthorizationCode) -> None:
    if call.switches.pkce == "ignored" or code.code_challenge is None:
        return
    digest = hashlib.sha256(call.form.get("code_verifier", "").encode()).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=")
    if not secrets.compare_digest(expected, code.code_challenge.encode()):
        raise oauth_refusal("invalid_grant", "the code verifier does not match the challenge", "BAD_CODE_VERIFIER")


def _refresh(call: FormCall) -> Answer:
    value = call.required("refresh_token")
    portal = call.state.refresh_token_owner(value)
    grant = None if portal is None else portal.grants.refresh_tokens[value]
    if portal is None or grant is None or grant.client_id != call.app.client_id:
        raise oauth_refusal("invalid_grant", "refresh token is invalid, expired or revoked", "BAD_REFRESH_TOKEN")
    call.entry.portal_id = portal.id
    if call.switches.rotate_refresh_tokens:
        del portal.grants.refresh_tokens[value]
        value = portal.grants.issue_refresh_token(grant)
    return _tokens(call, portal, grant, value)


def _tokens(call: FormCall, portal: Portal, grant: Grant, refresh_token: str) -> Answer:
    seconds = call.switches.access_token_seconds
    body = {
        "token_type": "bearer",
        "token_use": "access_token",
        "access_token": portal.grants.issue_access_token(grant, seconds).value,
        "refresh_token": refresh_token,
        "expires_in": int(seconds),
        "hub_id": portal.id,
        "user_id": grant.user_id,
        "scopes": list(grant.scopes),
    }
    return Answer(200, body)


def _introspect(call: FormCall) -> Answer:
    """``POST /oauth/{V}/token/introspect``: everything about a live token of this app, else only that it is not."""
    value = call.required("token")
    found = call.state.token_owner(value)
    portal, token = found or (call.state.refresh_token_owner(value), None)
    if portal is None:
        return Answer(200, {"active": False})
    grant = portal.grants.refresh_tokens.get(value) if token is None else token.grant
    if grant is None or grant.client_id != call.app.client_id:
        return Answer(200, {"active": False})
    call.entry.portal_id = portal.id
    seconds = _seconds_left(call, token)
    if seconds is not None and seconds <= 0:
        return Answer(200, {"active": False})
    body = {"active": True, "token_use": "refresh_token" if token is None else "access_token", "token_type": "bearer"}
    return Answer(200, {**body, **_described(call.app, portal, grant), "expires_in": seconds})


def _seconds_left(call: FormCall, token: Token | None) -> int | None:
    if token is None or token.expires_at is None:
        return None
    return int((token.expires_at - call.state.clock()).total_seconds())


def _described(app: App, portal: Portal, grant: Grant) -> dict[str, Any]:
    return {
        "client_id": app.client_id,
        "app_id": app.app_id,
        "hub_id": portal.id,
        "hub_domain": portal.domain,
        "user": grant.user_email,
        "user_id": grant.user_id,
        "scopes": list(grant.scopes),
        "is_private_distribution": False,
    }


def _revoke(call: FormCall) -> Answer:
    """``POST /oauth/{V}/token/revoke``: a refresh token dies alone; as RFC 7009 has it, an unknown one is no error."""
    value = call.required("token")
    for portal in call.state.portals.values():
        grant = portal.grants.refresh_tokens.get(value)
        token = portal.grants.tokens.get(value)
        if grant is not None and grant.client_id == call.app.client_id:
            call.entry.portal_id = portal.id
            del portal.grants.refresh_tokens[value]
        elif token is not None and token.client_id == call.app.client_id:
            call.entry.portal_id = portal.id
            del portal.grants.tokens[value]
    return Answer(204)


_TOKEN_PARAMETERS = frozenset({"grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope"})
_ABOUT_PARAMETERS = frozenset({"token", "token_type_hint"})
OAUTH_OPERATIONS: dict[str, dict[str, FormOperation]] = {
    "/oauth/{version}/token": {"POST": FormOperation(_token, _TOKEN_PARAMETERS)},
    "/oauth/{version}/token/introspect": {"POST": FormOperation(_introspect, _ABOUT_PARAMETERS)},
    "/oauth/{version}/token/revoke": {"POST": FormOperation(_revoke, _ABOUT_PARAMETERS)},
}
"""Path → method → operation. ``v1`` is not among the versions: HubSpot takes it away in February 2027."""
