"""JSON over HTTP with one service: strict about what was carried out, silent about what was said.

Reads are repeated within a budget. A write is sent once, and again only where it is known not to have been carried out;
whatever may have had an effect ends as :class:`~booking_sync.errors.OutcomeUnknown`, for the caller to read back.
"""

from __future__ import annotations

import ipaddress
import json as json_format
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase

from booking_sync.boundary import Act, Moment, reach
from booking_sync.clients.answer import Answer
from booking_sync.clients.answer_errors import error_for
from booking_sync.clients.retry import BODY_TOO_LARGE, HttpLimits, read_retrying, write_retrying
from booking_sync.clients.wire import WatchedAdapter, watching
from booking_sync.errors import ConfigurationError, NotSent, OutcomeUnknown, Refused

__all__ = ["Exchange", "HttpLimits", "HttpOptions", "JsonHttp"]

_CHUNK_BYTES = 16 * 1024
_NO_CONTENT = 204
_ACCEPTED_READ = frozenset({200, 207})
_ACCEPTED_WRITE = frozenset({200, 201, _NO_CONTENT, 207})
_LAST_SUCCESS = 299
_KEY_CHARACTERS = frozenset(string.ascii_letters + string.digits + string.punctuation)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it is counted: no ids, no query, no bodies. ``status`` is None where there was no answer."""

    method: str
    path_template: str
    status: int | None
    seconds: float
    is_write: bool


class HttpOptions(TypedDict, total=False):
    """The optional arguments of :class:`JsonHttp`, for those who make one."""

    user_agent: str
    limits: HttpLimits | None
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    now: Callable[[], float]
    observer: Callable[[Exchange], None] | None


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    template: str
    path: str
    params: Mapping[str, str] | None
    body: bytes | None
    is_write: bool


class _BearerAuth(AuthBase):
    """Sets the header itself; with an ``auth`` given, ``requests`` does not look into ~/.netrc for another."""

    def __init__(self, bearer: str) -> None:
        self._bearer = bearer

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._bearer}"
        return request


class JsonHttp:
    """One service, one key. Not shared between threads."""

    def __init__(
        self,
        service: str,
        base_url: str,
        bearer: str,
        *,
        user_agent: str = "calendar-hubspot-booking-sync",
        limits: HttpLimits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        observer: Callable[[Exchange], None] | None = None,
    ) -> None:
        """Check address and key; nothing is sent.

        ``service`` is the name for messages. ``now`` (seconds since 1970) is only used for a Retry-After
        that is a date. Plain http is accepted for this machine alone: the key would travel in the clear.
        """
        self._service = service
        self._base_url = _checked_base_url(service, base_url)
        self._limits = limits or HttpLimits()
        self._sleep = sleep
        self._monotonic = monotonic
        self._now = now
        self._observer = observer
        self._session = _session(_checked_bearer(service, bearer), user_agent)

    def __repr__(self) -> str:
        return f"JsonHttp({self._service!r}, {self._base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def read(
        self,
        method: str,
        path: str,
        *,
        path_values: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Ask for a JSON object, again where that may help.

        ``path`` is a template such as ``/v1/workspaces/{workspace_id}``; ``path_values`` are escaped into it.
        """
        call = self._call(method, path, path_values, params, json, is_write=False)
        return read_retrying(self._limits, self._sleep)(self._read_once, call)

    def write(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any],
        path_values: Mapping[str, str] | None = None,
        refine: Callable[[Refused, dict[str, Any]], Refused] | None = None,
    ) -> tuple[int, dict[str, Any] | None]:
        """Send a change once; return status and JSON object (None for 204).

        Raises OutcomeUnknown where the change may have been made. ``refine`` may turn a refusal into a more telling one
        with the help of the answer's body.
        """
        call = self._call(method, path, path_values, None, json, is_write=True)
        return write_retrying(self._limits, self._sleep)(self._write_once, call, refine)

    def _call(
        self,
        method: str,
        template: str,
        path_values: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        json: Mapping[str, Any] | None,
        *,
        is_write: bool,
    ) -> _Call:
        path = template.format_map({name: _segment(value) for name, value in (path_values or {}).items()})
        body = None if json is None else json_format.dumps(json, allow_nan=False).encode()
        return _Call(method, template, path, params, body, is_write)

    def _read_once(self, call: _Call) -> dict[str, Any]:
        answer = self._exchange(call)
        if answer.status > _LAST_SUCCESS:
            raise error_for(answer, self._named(call), is_write=False, now=self._now())
        document = answer.document()
        if answer.status not in _ACCEPTED_READ or document is None:
            raise self._unusable(call, answer)
        return document

    def _write_once(
        self, call: _Call, refine: Callable[[Refused, dict[str, Any]], Refused] | None
    ) -> tuple[int, dict[str, Any] | None]:
        answer = self._exchange(call)
        if answer.status > _LAST_SUCCESS:
            error = error_for(answer, self._named(call), is_write=True, now=self._now())
            if refine is not None and type(error) is Refused:
                raise refine(error, answer.document() or {})
            raise error
        document = answer.document()
        if answer.status not in _ACCEPTED_WRITE or (document is None and answer.status != _NO_CONTENT):
            raise self._unusable(call, answer)
        return answer.status, document

    def _exchange(self, call: _Call) -> Answer:
        """Make one request. The cause is named, not chained: its message holds the address that was asked for."""
        reach(Act.REQUEST, Moment.BEFORE)
        started = self._monotonic()
        answer: Answer | None = None
        failure = ""
        with watching(self._limits.total_seconds) as watch:
            try:
                answer = self._send(call)
            except _BodyTooLarge:
                failure = BODY_TOO_LARGE
            except (requests.RequestException, OSError) as error:
                failure = "DEADLINE" if watch.is_expired else type(error).__name__
        self._observe(call, answer, self._monotonic() - started)
        reach(Act.REQUEST, Moment.AFTER)
        if answer is not None:
            return answer
        if watch.is_sent:
            raise OutcomeUnknown(
                f"{self._named(call)} was sent, but its answer was not received whole ({failure})", code=failure
            )
        raise NotSent(f"{self._named(call)} could not be sent ({failure})", code=failure)

    def _send(self, call: _Call) -> Answer:
        with self._session.request(
            call.method,
            self._base_url + call.path,
            params=call.params,
            data=call.body,
            headers={"Content-Type": "application/json"} if call.body is not None else None,
            timeout=(self._limits.connect_seconds, self._limits.read_seconds),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = _capped(response, self._limits.body_bytes)
            return Answer(response.status_code, response.headers, body)

    def _observe(self, call: _Call, answer: Answer | None, seconds: float) -> None:
        if self._observer is not None:
            status = answer.status if answer else None
            self._observer(Exchange(call.method, call.template, status, seconds, call.is_write))

    def _named(self, call: _Call) -> str:
        return f"{self._service}: {call.method} {call.template}"

    def _unusable(self, call: _Call, answer: Answer) -> OutcomeUnknown:
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


def _session(bearer: str, user_agent: str) -> requests.Session:
    session = requests.Session()
    session.auth = _BearerAuth(bearer)
    session.headers.update({"User-Agent": user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"})
    for scheme in ("https://", "http://"):
        session.mount(scheme, WatchedAdapter())
    return session


def _segment(value: str) -> str:
    if not value.strip("."):
        raise ConfigurationError("an id that is empty or only dots cannot be part of an address")
    return quote(value, safe="")


def _checked_bearer(service: str, bearer: str) -> str:
    key = bearer.strip()
    if not key or not _KEY_CHARACTERS.issuperset(key):
        raise ConfigurationError(f"the key for {service} is empty or holds characters that no key has")
    return key


def _checked_base_url(service: str, base_url: str) -> str:
    try:
        parts = urlsplit(base_url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            f"the address of {service} must be https://host, with a path where needed and nothing else"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(host)):
        raise ConfigurationError(
            f"the address of {service} must begin with https://, except for a server on this machine"
        )
    return base_url.strip().rstrip("/")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
