"""When a request is repeated, how long to wait before it, and when to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_any,
    wait_exponential_jitter,
    wait_random,
)
from tenacity.stop import stop_base

from booking_sync.clients.pace import Patience
from booking_sync.errors import NotSent, OutcomeUnknown, Throttled

BODY_TOO_LARGE = "BODY_TOO_LARGE"
"""Our own code for an answer over the size limit: asking again would only bring it again."""


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How patient one service's client is.

    ``total_seconds`` covers one request from its first byte to the last byte of its answer. ``attempts`` and
    ``wait_seconds`` cover one call with all its repetitions; a pause that would pass ``wait_seconds`` is not begun, be
    it before a repetition or for the portal's limits.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    total_seconds: float = 120.0
    body_bytes: int = 10 * 1024 * 1024
    attempts: int = 6
    wait_seconds: float = 120.0


def read_retrying(attempts: int, patience: Patience) -> Retrying:
    """Repeat a read after anything that may pass by itself."""
    return _retrying(attempts, patience, _is_worth_reading_again)


def write_retrying(attempts: int, patience: Patience) -> Retrying:
    """Repeat a write only where it is known not to have been carried out."""
    return _retrying(attempts, patience, lambda error: isinstance(error, NotSent | Throttled))


def _retrying(attempts: int, patience: Patience, is_repeated: Callable[[BaseException], bool]) -> Retrying:
    return Retrying(
        sleep=patience.pause,
        wait=_pause,
        stop=stop_any(stop_after_attempt(attempts), _StopBeforePausing(patience)),
        retry=retry_if_exception(is_repeated),
        reraise=True,
    )


class _StopBeforePausing(stop_base):
    """Stops before the pause that would exceed the seconds allowed for all pauses of a call."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    def __call__(self, state: RetryCallState) -> bool:
        return not self._patience.lasts(state.upcoming_sleep)


def _is_worth_reading_again(error: BaseException) -> bool:
    if isinstance(error, OutcomeUnknown):
        return error.code != BODY_TOO_LARGE
    return isinstance(error, NotSent | Throttled)


_growing = wait_exponential_jitter(multiplier=0.5, max=20.0, jitter=1.0)
_spread = wait_random(0.0, 1.0)


def _pause(state: RetryCallState) -> float:
    """At least what the service asked for, and a little chance, so that workers do not return all at once."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Throttled):
        return error.retry_after_seconds + _spread(state)
    return _growing(state)
