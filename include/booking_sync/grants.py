"""Granting access: a person is sent to HubSpot's consent page and comes back with a code, which becomes tokens.

The ``state`` that travels with the person is random, good for one use and ten minutes, and bound to the person and to
a value that only this browser has (RFC 9700, section 2.1): nobody can be made to finish what another one began. Only
hashes of both are kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from booking_sync.clients.answer import as_token
from booking_sync.clients.bearer import FixedBearer
from booking_sync.clients.hubspot_model import Portal
from booking_sync.clients.hubspot_oauth import BadGrant
from booking_sync.clients.oauth_model import TokenSet
from booking_sync.disconnecting import finish_what_was_begun
from booking_sync.errors import BookingSyncError, ConfigurationError
from booking_sync.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES, missing_scopes
from booking_sync.services import Services
from booking_sync.states import AccessState, GrantRefusal
from booking_sync.store import accesses, consents, integrations
from booking_sync.store.consents import Consent
from booking_sync.store.database import reading, writing
from booking_sync.tokens import PortalTokens

GOOD_FOR = timedelta(minutes=10)
STATE_BYTES = 32
VERIFIER_BYTES = 48
AGAIN = "Go back to the Integrations page and begin again with GRANT HUBSPOT ACCESS."

_SENTENCES = {
    GrantRefusal.UNKNOWN_STATE: f"This consent was not begun here, or long ago. {AGAIN}",
    GrantRefusal.REPLAYED_STATE: f"This consent has been used already; each is good for one use. {AGAIN}",
    GrantRefusal.FOREIGN_STATE: f"This consent was begun by somebody else, or in another browser. {AGAIN}",
    GrantRefusal.EXPIRED_STATE: f"This consent was begun more than ten minutes ago. {AGAIN}",
    GrantRefusal.DENIED: f"HubSpot was told not to grant access; nothing has changed. {AGAIN}",
    GrantRefusal.CODE_REFUSED: f"HubSpot does not take its own code any more. {AGAIN}",
}


class GrantRefused(BookingSyncError):
    """A consent came to nothing; the message says what to do, ``kind`` why."""

    def __init__(self, kind: GrantRefusal, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class BegunGrant:
    """Where to send the person. ``browser_secret`` goes into a cookie of theirs and comes back with the callback."""

    authorize_url: str = field(repr=False)
    browser_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """Access that a person has granted. ``missing_optional`` are scopes that make some things impossible."""

    portal: Portal
    workspace_id: str | None
    scopes: tuple[str, ...]
    missing_optional: tuple[str, ...]


def begin_grant(
    services: Services,
    *,
    person: str,
    redirect_uri: str,
    workspace_id: str | None = None,
    expected_portal_id: str | None = None,
) -> BegunGrant:
    """Begin a consent. ``expected_portal_id``: the only portal that will do (reconnecting), None for any.

    Raises:
        ConfigurationError: the connection has no OAuth client.
    """
    tokens = oauth_of(services)
    finish_what_was_begun(services)  # tokens of the last connection that HubSpot has not taken back yet
    state, browser_secret = secrets.token_urlsafe(STATE_BYTES), secrets.token_urlsafe(STATE_BYTES)
    verifier = secrets.token_urlsafe(VERIFIER_BYTES) if tokens.oauth.app.uses_pkce else None
    now = services.clock()
    begun = Consent(
        state_hash=_hash(state),
        browser_hash=_hash(browser_secret),
        person=person[:250],
        workspace_id=workspace_id,
        expected_portal_id=expected_portal_id,
        redirect_uri=redirect_uri,
        code_verifier=services.vault.encrypt(verifier) if verifier else None,
        begun_at=now,
        expires_at=now + GOOD_FOR,
    )
    with writing(services.engine) as connection:
        consents.insert_consent(connection, begun)
    url = tokens.oauth.authorize_url(
        redirect_uri=redirect_uri,
        scopes=REQUIRED_SCOPES,
        optional_scopes=OPTIONAL_SCOPES,
        state=state,
        code_challenge=_challenge(verifier) if verifier else None,
    )
    return BegunGrant(url, browser_secret)


def finish_grant(services: Services, *, person: str, browser_secret: str | None, answer: Mapping[str, str]) -> Granted:
    """Finish a consent with what HubSpot added to the redirect (``code`` and ``state``, or ``error``).

    Connecting a workspace to the portal is the next step, :func:`booking_sync.connect_app.connect_app`.

    Raises:
        GrantRefused: it came to nothing, and why.
        BookingSyncError: HubSpot cannot be worked with now; the consent is used up all the same.
    """
    tokens = oauth_of(services)
    begun = _use(services, answer.get("state", ""), person, browser_secret or "")
    if "error" in answer or not answer.get("code"):
        raise _denied(answer.get("error", ""))
    verifier = services.vault.decrypt(begun.code_verifier) if begun.code_verifier else None
    try:
        given = tokens.oauth.exchange(answer["code"], redirect_uri=begun.redirect_uri, code_verifier=verifier)
    except BadGrant:
        raise _refused(GrantRefusal.CODE_REFUSED) from None
    new = tokens.new_tokens(given)
    try:
        portal = _portal_of(services, given)
        _check(begun, portal, given)
    except BookingSyncError:
        _give_back(services, tokens, given)
        raise
    with writing(services.engine) as connection:
        integrations.remember_portal(connection, portal)
        at = services.clock()
        accesses.save_granted(
            connection, services.vault, portal.id, new, granted_by=person, user_id=given.user_id, at=at
        )
    return Granted(portal, begun.workspace_id, given.scopes, missing_scopes(given.scopes, OPTIONAL_SCOPES))


def oauth_of(services: Services) -> PortalTokens:
    """Return the tokens of all portals.

    Raises:
        ConfigurationError: the connection has no OAuth client.
    """
    if services.tokens is None:
        raise ConfigurationError(
            "The connection 'hubspot_default' holds no OAuth client: put the client id of your HubSpot app into its "
            "login field and the secret into client_secret, and take the service key out."
        )
    return services.tokens


def _use(services: Services, state: str, person: str, browser_secret: str) -> Consent:
    """Use a consent up, whatever is wrong with it: one that was tried by somebody else is known to others."""
    now = services.clock()
    with writing(services.engine) as connection:
        begun = consents.load_consent(connection, _hash(state))
        if begun is None:
            raise _refused(GrantRefusal.UNKNOWN_STATE)
        is_first_use = consents.use_consent(connection, begun.state_hash, now)
    is_theirs = hmac.compare_digest(begun.browser_hash, _hash(browser_secret)) and begun.person == person[:250]
    if not is_theirs:
        raise _refused(GrantRefusal.FOREIGN_STATE)
    if not is_first_use:
        raise _refused(GrantRefusal.REPLAYED_STATE)
    if now >= begun.expires_at:
        raise _refused(GrantRefusal.EXPIRED_STATE)
    return begun


def _denied(error: str) -> GrantRefused:
    """HubSpot's word for it is shown only where it is one: this text comes from an address bar."""
    code = as_token(error)
    if code in (None, "access_denied"):
        return _refused(GrantRefusal.DENIED)
    return GrantRefused(GrantRefusal.DENIED, f"HubSpot did not grant access ({code}). {AGAIN}")


def _portal_of(services: Services, given: TokenSet) -> Portal:
    """Ask with the new token whose it is."""
    return services.hubspot.with_bearer(FixedBearer(given.access_token)).portal()


def _check(begun: Consent, portal: Portal, given: TokenSet) -> None:
    if given.portal_id not in ("", portal.id):
        raise GrantRefused(
            GrantRefusal.WRONG_PORTAL,
            f"HubSpot says that its token belongs to portal {given.portal_id}, and then to {portal.id}. {AGAIN}",
        )
    if begun.expected_portal_id is not None and begun.expected_portal_id != portal.id:
        raise GrantRefused(
            GrantRefusal.WRONG_PORTAL,
            f"Access was granted to portal {portal.id}, but this integration belongs to portal "
            f"{begun.expected_portal_id}. Choose that one in HubSpot, or disconnect first to change to another portal.",
        )
    missing = missing_scopes(given.scopes, REQUIRED_SCOPES)
    if missing:
        raise GrantRefused(
            GrantRefusal.MISSING_SCOPE,
            f"HubSpot granted access without {', '.join(missing)}. Ask an administrator of the portal to grant it: "
            "the integration cannot work without.",
        )


def _give_back(services: Services, tokens: PortalTokens, given: TokenSet) -> None:
    """Revoke tokens that are of no use, unless the portal has others of ours that may hang on the same consent."""
    with reading(services.engine) as connection:
        known = accesses.load_access(connection, given.portal_id)
    if known is not None and known.state is AccessState.USABLE:
        return
    try:
        tokens.oauth.revoke(given.refresh_token)
    except BookingSyncError:
        return  # they are not kept, so nobody has them


def _refused(kind: GrantRefusal) -> GrantRefused:
    return GrantRefused(kind, _SENTENCES[kind])


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _challenge(verifier: str) -> str:
    """Return the S256 challenge of RFC 7636."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
