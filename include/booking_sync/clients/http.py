"""JSON over HTTP with one service: strict about what was carried out, silent about what was said.

Reads are repeated within a budget. A write is sent once, and again only where it is known not to have been carried out;
whatever may have had an effect ends as :class:`~booking_sync.errors.OutcomeUnknown`, for the caller to read back.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypedDict

import requests

from booking_sync import telemetry
from booking_sync.boundary import Act, Moment, reach
from booking_sync.clients.address import checked_base_url
from booking_sync.clients.answer import Answer
from booking_sync.clients.answer_errors import error_for
from booking_sync.clients.bearer import BearerAuth, BearerSource, GatedBearer, bearer_source
from booking_sync.clients.call import Call
from booking_sync.clients.connections import Connections
from booking_sync.clients.pace import Pace, Patience, Unpaced
from booking_sync.clients.rate_budget import rate_budget
from booking_sync.clients.retry import BODY_TOO_LARGE, HttpLimits, read_retrying, write_retrying
from booking_sync.clients.wire import watching
from booking_sync.errors import BookingSyncError, DailyLimitReached, NotSent, OutcomeUnknown, Refused, Throttled

__all__ = ["Exchange", "HttpLimits", "HttpOptions", "JsonHttp"]

_CHUNK_BYTES = 16 * 1024
_NO_CONTENT = 204
_ACCEPTED_READ = frozenset({200, 207})
_ACCEPTED_WRITE = frozenset({200, 201, _NO_CONTENT, 207})
_LAST_SUCCESS = 299
_UNAUTHORIZED = 401
_TOO_MANY_REQUESTS = 429

Refine = Callable[[Refused, dict[str, Any]], Refused]
"""Makes a refusal more telling with the help of the answer's body."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it is counted: no ids, no query, no bodies. ``status`` is None where there was no answer.

    ``budget`` is what HubSpot said of its limits.
    """

    method: str
    path_template: str
    status: int | None
    seconds: float
    is_write: bool
    budget: Mapping[str, int] = field(default_factory=dict)


class HttpOptions(TypedDict, total=False):
    """The optional arguments of :class:`JsonHttp`, for those who make one."""

    user_agent: str
    limits: HttpLimits | None
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    now: Callable[[], float]
    observer: Callable[[Exchange], None] | None


class JsonHttp:
    """One service. Threads may share it; :meth:`for_another_thread` makes a twin for those who count apart."""

    def __init__(
        self,
        service: str,
        base_url: str,
        bearer: str | BearerSource,
        *,
        user_agent: str = "calendar-hubspot-booking-sync",
        limits: HttpLimits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        observer: Callable[[Exchange], None] | None = None,
    ) -> None:
        """Check address and key; nothing is sent.

        ``service`` is the name for messages. ``bearer`` is a key, or a source that is asked before each request.
        ``now`` (seconds since 1970) is only used for a Retry-After that is a date. Plain http is accepted for
        this machine alone: the key would travel in the clear.
        """
        self._service = service
        self._base_url = checked_base_url(service, base_url)
        self._limits = limits or HttpLimits()
        self._sleep = sleep
        self._monotonic = monotonic
        self._now = now
        self._observer = observer
        self._bearer = bearer_source(service, bearer)
        self._pace: Pace = Unpaced()
        self._user_agent = user_agent
        self._connections = Connections(user_agent)

    def __repr__(self) -> str:
        return f"JsonHttp({self._service!r}, {self._base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def with_bearer(self, bearer: BearerSource) -> Self:
        """Return the same service with another source of tokens; both share their connections."""
        return self._twin(_bearer=bearer)

    def with_gate(self, gate: Callable[[], None]) -> Self:
        """Return the same service, where ``gate`` is asked before each request and may raise."""
        return self.with_bearer(GatedBearer(gate, self._bearer))

    def with_pace(self, pace: Pace) -> Self:
        """Return the same service, where each request waits for its turn."""
        return self._twin(_pace=pace)

    def with_limits(self, limits: HttpLimits) -> Self:
        """Return the same service with another patience; both share their connections."""
        return self._twin(_limits=limits)

    def for_another_thread(self, observer: Callable[[Exchange], None] | None) -> Self:
        """Return the same service with connections, and an observer, of its own."""
        return self._twin(_connections=Connections(self._user_agent), _observer=observer)

    def _twin(self, **different: object) -> Self:
        twin = copy.copy(self)
        vars(twin).update(different)
        return twin

    def read(
        self,
        method: str,
        path: str,
        *,
        path_values: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        refine: Refine | None = None,
    ) -> dict[str, Any]:
        """Ask for a JSON object, again where that may help.

        ``path`` is a template such as ``/v1/workspaces/{workspace_id}``; ``path_values`` are escaped into it. ``form``
        is sent as a form instead of JSON. ``refine`` is that of :meth:`write`.
        """
        call = Call.of(method, path, path_values, params, json=json, form=form, is_write=False)
        patience = Patience(self._limits.wait_seconds, self._sleep)
        return read_retrying(self._limits.attempts, patience)(self._read_once, call, patience, refine)

    def write(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        path_values: Mapping[str, str] | None = None,
        refine: Refine | None = None,
    ) -> tuple[int, dict[str, Any] | None]:
        """Send a change once; return status and JSON object (None for 204).

        Raises OutcomeUnknown where the change may have been made. ``refine`` may turn a refusal into a more telling one
        with the help of the answer's body.
        """
        call = Call.of(method, path, path_values, None, json=json, form=form, is_write=True)
        patience = Patience(self._limits.wait_seconds, self._sleep)
        return write_retrying(self._limits.attempts, patience)(self._write_once, call, patience, refine)

    def _read_once(self, call: Call, patience: Patience, refine: Refine | None) -> dict[str, Any]:
        answer = self._answer(call, patience)
        if answer.status > _LAST_SUCCESS:
            raise self._error(call, answer, refine)
        document = answer.document()
        if answer.status not in _ACCEPTED_READ or document is None:
            raise self._unusable(call, answer)
        return document

    def _write_once(self, call: Call, patience: Patience, refine: Refine | None) -> tuple[int, dict[str, Any] | None]:
        answer = self._answer(call, patience)
        if answer.status > _LAST_SUCCESS:
            raise self._error(call, answer, refine)
        document = answer.document()
        if answer.status not in _ACCEPTED_WRITE or (document is None and answer.status != _NO_CONTENT):
            raise self._unusable(call, answer)
        return answer.status, document

    def _error(self, call: Call, answer: Answer, refine: Refine | None) -> BookingSyncError:
        error = error_for(answer, self._named(call), is_write=call.is_write, now=self._now())
        if isinstance(error, Throttled | DailyLimitReached):
            self._pace.refused(error, is_search=call.is_search)
        if refine is not None and type(error) is Refused:
            return refine(error, answer.document() or {})
        return error

    def _answer(self, call: Call, patience: Patience) -> Answer:
        """Make one request; where the token is refused and the source has another one, once more with that.

        A request that is not let in has not been carried out, so this holds for writes too.
        """
        bearer, answer = self._paced(call, patience, self._bearer.current)
        if answer.status != _UNAUTHORIZED:
            return answer
        renewed = self._bearer.renew(bearer)
        if renewed is None:
            return answer
        _, answer = self._paced(call, patience, lambda: renewed)
        if answer.status == _UNAUTHORIZED:
            self._bearer.give_up(renewed)
        return answer

    def _paced(self, call: Call, patience: Patience, current: Callable[[], str]) -> tuple[str, Answer]:
        """Make one request when its turn has come; the token is asked for then. Return the token too."""
        with self._pace.permit(is_search=call.is_search, patience=patience) as permit:
            bearer = current()
            permit.is_used = True
            answer = self._exchange(call, BearerAuth(bearer))
            permit.is_refused = answer.status == _TOO_MANY_REQUESTS
            permit.said = rate_budget(answer.headers)
        return bearer, answer

    def _exchange(self, call: Call, bearer: BearerAuth) -> Answer:
        """Make one request. The cause is named, not chained: its message holds the address that was asked for."""
        reach(Act.REQUEST, Moment.BEFORE)
        started = self._monotonic()
        answer: Answer | None = None
        failure = ""
        with (
            telemetry.span("request", service=self._service, method=call.method, path=call.template) as say,
            watching(self._limits.total_seconds) as watch,
        ):
            try:
                answer = self._send(call, bearer)
            except _BodyTooLarge:
                failure = BODY_TOO_LARGE
            except (requests.RequestException, OSError) as error:
                failure = "DEADLINE" if watch.is_expired else type(error).__name__
            say(status=answer.status if answer else failure)
        self._observe(call, answer, self._monotonic() - started)
        reach(Act.REQUEST, Moment.AFTER)
        if answer is not None:
            return answer
        if watch.is_sent:
            raise OutcomeUnknown(
                f"{self._named(call)} was sent, but its answer was not received whole ({failure})", code=failure
            )
        raise NotSent(f"{self._named(call)} could not be sent ({failure})", code=failure)

    def _send(self, call: Call, bearer: BearerAuth) -> Answer:
        with (
            self._connections.one() as session,
            session.request(
                call.method,
                self._base_url + call.path,
                params=call.params,
                data=call.body,
                headers={"Content-Type": call.content_type} if call.content_type else None,
                auth=bearer,
                timeout=(self._limits.connect_seconds, self._limits.read_seconds),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            body = _capped(response, self._limits.body_bytes)
            return Answer(response.status_code, response.headers, body)

    def _observe(self, call: Call, answer: Answer | None, seconds: float) -> None:
        status_class = f"{answer.status // 100}xx" if answer else "none"
        telemetry.count("remote_requests_total", api=self._service, status_class=status_class)
        if self._observer is not None:
            status = answer.status if answer else None
            budget = rate_budget(answer.headers) if answer else {}
            self._observer(Exchange(call.method, call.template, status, seconds, call.is_write, budget))

    def _named(self, call: Call) -> str:
        return f"{self._service}: {call.method} {call.template}"

    def _unusable(self, call: Call, answer: Answer) -> OutcomeUnknown:
        message = f"{self._named(call)} was answered with {answer.status}, but not with the JSON that belongs to it"
        return OutcomeUnknown(message, status=answer.status)


class _BodyTooLarge(Exception):
    """The answer passed the size limit."""


def _capped(response: requests.Response, limit: int) -> bytes:
    """Read the body in small pieces, unpacked, so that neither a long nor a tightly packed one fills the memory."""
    body = bytearray()
    for chunk in response.iter_content(_CHUNK_BYTES):
        body += chunk
        if len(body) > limit:
            raise _BodyTooLarge
    return bytes(body)
