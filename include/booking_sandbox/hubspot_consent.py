"""What HubSpot makes of a link to its consent page, and of the decision that a person takes there.

Source: HubSpot docs, "Manage OAuth tokens". A wrong client, redirect URI or scope is told to the person, and never sent
back to an address that nobody registered. Only a decision, for or against, is sent back.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from datetime import timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

from booking_sandbox.hubspot_apps import App, AuthorizationCode, ConsentRequest, Grant
from booking_sandbox.hubspot_portals import Portals

_PARAMETERS = frozenset(
    {
        "client_id",
        "redirect_uri",
        "scope",
        "optional_scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "response_type",
    }
)
_CHALLENGE_LENGTH = 43
_CHALLENGE_ALPHABET = frozenset(string.ascii_letters + string.digits + "-_")


class ConsentError(Exception):
    """A link or a decision that goes nowhere; the message is for the person at the browser."""


def read_link(portals: Portals, pairs: list[tuple[str, str]]) -> ConsentRequest:
    """Check a link to the consent page.

    Raises:
        ConsentError: the app is unknown, the redirect URI is not exactly a registered one, or a scope or PKCE is wrong.
    """
    query = dict(pairs)
    if len(query) < len(pairs):
        raise ConsentError("A parameter of the link is given twice.")
    unknown = query.keys() - _PARAMETERS
    if unknown:
        raise ConsentError(f"The link has parameters that HubSpot does not know: {', '.join(sorted(unknown))}.")
    app = portals.apps.apps.get(query.get("client_id", ""))
    if app is None:
        raise ConsentError("There is no app with this client id.")
    if query.get("redirect_uri", "") not in app.redirect_uris:
        raise ConsentError("The redirect URI of the link is not one that is registered for this app.")
    scopes, optional = _scopes(app, query, portals.switches().unavailable_scopes)
    challenge = _challenge(query, is_required=portals.switches().pkce == "required")
    return ConsentRequest(app.client_id, query["redirect_uri"], scopes, optional, query.get("state"), challenge)


def _scopes(app: App, query: Mapping[str, str], unavailable: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Required and optional scopes; a list is separated by spaces."""
    scopes = tuple(dict.fromkeys(query.get("scope", "").split()))
    optional = tuple(one for one in dict.fromkeys(query.get("optional_scope", "").split()) if one not in scopes)
    foreign = {*scopes, *optional} - app.scopes
    missing = app.required_scopes - set(scopes)
    if foreign or missing:
        raise ConsentError(
            "The scopes of the link do not match the app's settings. "
            f"Not the app's: {', '.join(sorted(foreign)) or 'none'}. Missing: {', '.join(sorted(missing)) or 'none'}."
        )
    refused = unavailable & set(scopes)
    if refused:
        raise ConsentError(f"Your account cannot grant what the app requires: {', '.join(sorted(refused))}.")
    return scopes, tuple(one for one in optional if one not in unavailable)


def _challenge(query: Mapping[str, str], *, is_required: bool) -> str | None:
    challenge = query.get("code_challenge")
    if challenge is None:
        if is_required:
            raise ConsentError("This app must use PKCE, and the link has no code challenge.")
        return None
    if query.get("code_challenge_method") != "S256":
        raise ConsentError("The only code challenge method is S256.")
    if len(challenge) != _CHALLENGE_LENGTH or not set(challenge) <= _CHALLENGE_ALPHABET:
        raise ConsentError("The code challenge is not the base64url of a SHA-256.")
    return challenge


def open_consent(portals: Portals, request: ConsentRequest) -> str:
    """Remember what a page that is being shown asks for; the answer is its id."""
    with portals.lock:
        consent_id = _secret(portals, 32)
        portals.apps.consents[consent_id] = request
        return consent_id


def refuse_unknown_fields(form: Iterable[str]) -> None:
    """Refuse a decision with fields that the page does not have: whoever sent it would think that they count.

    Raises:
        ConsentError: there are such fields.
    """
    unknown = set(form) - {"consent", "portal", "optional_scope", "decision"}
    if unknown:
        raise ConsentError(f"The form has no field {', '.join(sorted(unknown))}.")


def decide(
    portals: Portals, consent_id: str, *, portal_id: int | None, is_granted: bool, optional: frozenset[str]
) -> str:
    """Take a person's decision once; the answer is the address to which the browser is sent back.

    Raises:
        ConsentError: the decision was taken before, or no account was chosen.
    """
    with portals.lock:
        request = portals.apps.consents.get(consent_id)
        if request is None:
            raise ConsentError("This page has been used already. Start again from the app.")
        if is_granted and portal_id not in portals.portals:
            raise ConsentError("Choose an account.")
        del portals.apps.consents[consent_id]
        if not is_granted:
            denied = {"error": "access_denied", "error_description": "The user denied the request."}
            return _back(request, denied)
        scopes = (*request.scopes, *(one for one in request.optional_scopes if one in optional))
        return _back(request, {"code": _new_code(portals, request, portal_id or 0, scopes)})


def _new_code(portals: Portals, request: ConsentRequest, portal_id: int, scopes: tuple[str, ...]) -> str:
    user_id, user_email = portals.portal(portal_id).admin
    grant = Grant(request.client_id, scopes, user_id, user_email)
    expires_at = portals.clock() + timedelta(seconds=portals.switches().code_seconds)
    code = _secret(portals, 40)
    portals.apps.codes[code] = AuthorizationCode(
        portal_id, grant, request.redirect_uri, request.code_challenge, expires_at
    )
    return code


def _back(request: ConsentRequest, answer: dict[str, str]) -> str:
    parts = urlsplit(request.redirect_uri)
    given = answer if request.state is None else {**answer, "state": request.state}
    query = "&".join(one for one in (parts.query, urlencode(given)) if one)
    return urlunsplit(parts._replace(query=query))


def _secret(portals: Portals, length: int) -> str:
    return "".join(portals.random.choices(string.ascii_letters + string.digits, k=length))
