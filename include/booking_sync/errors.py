"""Every way in which this package refuses or fails, as one tree.

::

    BookingSyncError
    ├── ConfigurationError            the operator must change something; the message says what
    │   ├── SchemaOutOfDate           the mapping database is older or newer than the code
    │   ├── InvalidRequest            the trigger form, or the conf of a run, makes no sense
    │   └── InvalidSettings           the settings of an integration make no sense
    ├── IntegrationUnavailable        one integration cannot be worked on now; the others can
    │   ├── PlanRequired              the workspace is not on Pro or above (K1)
    │   ├── AccessRefused             a key or token is not accepted
    │   ├── NeedsReconnecting         HubSpot takes the portal's tokens no more; a person has to grant access again
    │   ├── TokensUnavailable         new tokens cannot be fetched now
    │   ├── TurnOver                  it has much to do, and other portals wait
    │   ├── IntegrationStopped        a person paused or disconnected it while a run worked on it
    │   ├── MissingScope              HubSpot names the scope that is missing
    │   ├── DailyLimitReached         HubSpot's daily limit; resets at the portal's midnight
    │   ├── IncompleteRead            paging did not end as the contract promises
    │   └── SuspiciousRead            far less was returned than before; a person must say that this is right (W5)
    ├── StoreFailed                   the mapping database did not do what it was asked
    ├── LeaseHeld                     another run works on this integration
    ├── Fenced                        another worker has taken over: stop, record nothing
    └── RequestFailed                 one HTTP request
        ├── NotSent                   known not to have reached the service
        ├── OutcomeUnknown            may have been carried out: read back, never repeat blindly
        ├── Throttled                 429 and its kin: not carried out, ``retry_after_seconds`` says when
        ├── Refused                   400, 409 …: not carried out, and will not be as it stands
        └── NotFound                  404

``is_transient`` says whether the same call may succeed later without anyone changing anything.
"""

from __future__ import annotations

from collections.abc import Mapping


class BookingSyncError(Exception):
    """Root of the tree. ``booking_id`` names the booking concerned, where there is one."""

    is_transient = False

    def __init__(self, message: str, *, booking_id: str | None = None) -> None:
        super().__init__(message)
        self.booking_id = booking_id


class ConfigurationError(BookingSyncError):
    """Something an operator must change; the message says what to do."""


class SchemaOutOfDate(ConfigurationError):
    """The mapping database has another schema than this code."""


class InvalidRequest(ConfigurationError):
    """The request for a run was refused before anything was read or written."""


class InvalidSettings(ConfigurationError):
    """Settings of an integration were refused and nothing was saved; ``problems`` has a sentence by setting."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {sentence}" if name else sentence for name, sentence in problems.items()))
        self.problems = dict(problems)


class IntegrationUnavailable(BookingSyncError):
    """This integration cannot be worked on now; the others are not concerned (W6)."""


class PlanRequired(IntegrationUnavailable):
    """The workspace is not on a plan with the HubSpot integration (K1)."""


class AccessRefused(IntegrationUnavailable):
    """The service does not accept the key."""


class NeedsReconnecting(IntegrationUnavailable):
    """The portal's tokens are good for nothing any more; nothing is sent until a person grants access again."""


class TokensUnavailable(IntegrationUnavailable):
    """New tokens for the portal cannot be fetched now: HubSpot is busy, or another worker is slow at it.

    Never OutcomeUnknown: the request that needed the tokens has certainly not been sent.
    """

    is_transient = True


class TurnOver(IntegrationUnavailable):
    """The integration has more to do than fits its turn; the next run goes on."""

    is_transient = True


class IntegrationStopped(IntegrationUnavailable):
    """A person paused or disconnected the integration; it is not sent another request."""

    is_transient = True


class MissingScope(IntegrationUnavailable):
    """HubSpot refuses for want of a scope; ``scopes`` holds the names it gave."""

    def __init__(self, message: str, *, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.scopes = scopes


class DailyLimitReached(IntegrationUnavailable):
    """HubSpot's daily limit is used up; it resets at midnight in the portal's time zone."""

    is_transient = True


class IncompleteRead(IntegrationUnavailable):
    """A list did not end as its contract promises, so what was read must not be taken for the whole."""

    is_transient = True


class SuspiciousRead(IntegrationUnavailable):
    """Calendar.com returned far less than before, so the window is not taken for read until a person says so (W5)."""


class StoreFailed(BookingSyncError):
    """The mapping database did not do what it was asked; ``why`` says so in a few words.

    A commit whose answer was lost may have happened all the same: what is in the database counts. ``is_transient`` says
    whether the same may go well a moment later.
    """

    def __init__(self, why: str, *, is_transient: bool) -> None:
        super().__init__(f"The mapping database failed: {why}.")
        self.why = why
        self.is_transient = is_transient


class LeaseHeld(BookingSyncError):
    """Another worker holds the integration. ``holder`` names it, ``seconds_left`` until its lease ends."""

    is_transient = True

    def __init__(self, message: str, *, holder: str, seconds_left: float) -> None:
        super().__init__(message)
        self.holder = holder
        self.seconds_left = seconds_left


class Fenced(BookingSyncError):
    """Another worker has taken the integration over; this one must stop without recording anything."""


class RequestFailed(BookingSyncError):
    """One HTTP request failed.

    ``status`` is the HTTP status (None where there was no answer), ``code`` the service's own error code,
    ``correlation_id`` what to quote to the service's support.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        correlation_id: str | None = None,
        booking_id: str | None = None,
    ) -> None:
        super().__init__(message, booking_id=booking_id)
        self.status = status
        self.code = code
        self.correlation_id = correlation_id


class NotSent(RequestFailed):
    """The request is known not to have reached the service (refused connection, unknown host, TLS)."""

    is_transient = True


class OutcomeUnknown(RequestFailed):
    """The service may have carried the request out: no answer, a broken answer, or a 5xx."""

    is_transient = True


class Throttled(RequestFailed):
    """Not carried out; try again after ``retry_after_seconds``. ``policy`` is HubSpot's policyName, where given."""

    is_transient = True

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float,
        policy: str | None = None,
        status: int | None = None,
        code: str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code, correlation_id=correlation_id)
        self.retry_after_seconds = retry_after_seconds
        self.policy = policy


class Refused(RequestFailed):
    """Not carried out, and the same request will be refused again."""


class NotFound(RequestFailed):
    """The object, or the path, does not exist."""
