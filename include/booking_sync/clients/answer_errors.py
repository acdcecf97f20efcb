"""From an answer that is not a success to the error it means.

The messages are our own words with the service's status, code and correlation id. Its free text is left out: it quotes
e-mail addresses and the values that were sent.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypedDict

from booking_sync.clients.answer import Answer, as_object, as_objects, as_token
from booking_sync.errors import (
    AccessRefused,
    BookingSyncError,
    DailyLimitReached,
    MissingScope,
    NotFound,
    OutcomeUnknown,
    PlanRequired,
    Refused,
    Throttled,
)

LONGEST_RETRY_AFTER_SECONDS = 3600.0
"""No service asks for more in earnest; a larger figure is milliseconds, or a broken clock."""

_LOCKED_SECONDS = 2.0  # HubSpot docs, error handling: after a 423 wait at least two seconds
_DEFAULT_THROTTLE_SECONDS = 10.0  # HubSpot's burst window, for a 429 that says nothing
_POLICY_SECONDS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
_DAILY = "DAILY"
_PLAN_REQUIRED = "plan_required"  # Calendar.com contract
# The server, or a proxy, lost patience: it may have passed the request on.
_MAYBE_CARRIED_OUT = frozenset({HTTPStatus.REQUEST_TIMEOUT, 499})
_THROTTLING = frozenset({HTTPStatus.LOCKED, HTTPStatus.TOO_MANY_REQUESTS, 477})  # 477: HubSpot moves the account


class _Details(TypedDict):
    status: int
    code: str | None
    correlation_id: str | None


def code_of(document: dict[str, Any]) -> str | None:
    """Return the service's own error code: Calendar.com's ``error.code``, HubSpot's category or first error code."""
    first = next(iter(as_objects(document.get("errors"))), {})
    candidates = (
        as_object(document.get("error")).get("code"),
        document.get("category"),
        document.get("errorType"),
        document.get("error"),
        first.get("code"),
    )
    return next(filter(None, map(as_token, candidates)), None)


def error_for(answer: Answer, request: str, *, is_write: bool, now: float) -> BookingSyncError:
    """Return the error that this answer means.

    ``request`` names the call, ``now`` is the time in seconds since 1970.
    """
    document = answer.document() or {}
    details = _details(answer, document)
    message = f"{request} was answered with {_shown(details)}"
    if answer.status in _THROTTLING:
        return _throttled(answer, document, message, details, now)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in _MAYBE_CARRIED_OUT:
        return _server_error(answer, message, details, is_write=is_write, now=now)
    return _no_access(answer.status, document, message, details) or _refused(answer.status, message, details)


def _details(answer: Answer, document: dict[str, Any]) -> _Details:
    return {
        "status": answer.status,
        "code": code_of(document),
        "correlation_id": as_token(document.get("correlationId")),
    }


def _no_access(status: int, document: dict[str, Any], message: str, details: _Details) -> BookingSyncError | None:
    if status == HTTPStatus.PAYMENT_REQUIRED or details["code"] == _PLAN_REQUIRED:
        return PlanRequired(message)
    if status == HTTPStatus.UNAUTHORIZED:
        return AccessRefused(f"{message}: the key is not accepted")
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(document, details["code"], message)
    return None


def _refused(status: int, message: str, details: _Details) -> BookingSyncError:
    if status == HTTPStatus.NOT_FOUND:
        return NotFound(message, **details)
    if status < HTTPStatus.BAD_REQUEST:
        return Refused(f"{message}: a redirect, which is not followed", **details)
    return Refused(message, **details)


def retry_after_seconds(header: str | None, *, now: float) -> float | None:
    """Return what a Retry-After header asks for, between one second and an hour; None where there is none.

    RFC 9110, section 10.2.3: a number of seconds or an HTTP date. Text that is neither counts as one second.
    """
    if header is None or not header.strip():
        return None
    return min(max(_seconds(header.strip(), now), 1.0), LONGEST_RETRY_AFTER_SECONDS)


def _seconds(header: str, now: float) -> float:
    try:
        seconds = float(header)
    except ValueError:
        pass
    else:
        return 0.0 if math.isnan(seconds) else seconds
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.fromtimestamp(now, UTC)).total_seconds()


def _throttled(
    answer: Answer, document: dict[str, Any], message: str, details: _Details, now: float
) -> BookingSyncError:
    policy = as_token(document.get("policyName"))
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS and policy == _DAILY:
        return DailyLimitReached(f"{message}: the daily limit is used up")
    seconds = retry_after_seconds(answer.headers.get("Retry-After"), now=now)
    if answer.status == HTTPStatus.LOCKED:
        seconds = max(seconds or _LOCKED_SECONDS, _LOCKED_SECONDS)
    if seconds is None:
        seconds = _POLICY_SECONDS.get(policy or "", _DEFAULT_THROTTLE_SECONDS)
    return Throttled(message, retry_after_seconds=seconds, policy=policy, **details)


def _server_error(answer: Answer, message: str, details: _Details, *, is_write: bool, now: float) -> BookingSyncError:
    """A 5xx says nothing about a write, not even with a Retry-After; a read can simply be repeated then."""
    seconds = retry_after_seconds(answer.headers.get("Retry-After"), now=now)
    if seconds is not None and not is_write:
        return Throttled(message, retry_after_seconds=seconds, **details)
    return OutcomeUnknown(message, **details)


def _forbidden(document: dict[str, Any], code: str | None, message: str) -> BookingSyncError:
    if code != "MISSING_SCOPES":
        return AccessRefused(message)
    scopes = _scopes(document)
    wanted = f": the scope {', '.join(scopes)} is missing" if scopes else ": a scope is missing"
    return MissingScope(message + wanted, scopes=scopes)


def _scopes(document: dict[str, Any]) -> tuple[str, ...]:
    contexts = [as_object(part.get("context")) for part in (document, *as_objects(document.get("errors")))]
    lists = [context.get(key) for context in contexts for key in ("requiredGranularScopes", "requiredScopes")]
    names = [as_token(name) for names in lists if isinstance(names, list) for name in names]
    return tuple(dict.fromkeys(name for name in names if name))


def _shown(details: _Details) -> str:
    shown = f"{details['status']} {details['code'] or ''}".strip()
    correlation_id = details["correlation_id"]
    return f"{shown} (correlation id {correlation_id})" if correlation_id else shown
