"""Where a client's key or access token comes from."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Protocol

import requests
from requests.auth import AuthBase

from booking_sync.errors import ConfigurationError

_KEY_CHARACTERS = frozenset(string.ascii_letters + string.digits + string.punctuation)


class BearerSource(Protocol):
    """Gives the token for each request."""

    def current(self) -> str:
        """Return the token for the next request; may raise where there must be no request. "" sends none."""

    def renew(self, refused: str) -> str | None:
        """Return another token after ``refused`` was answered with 401, or None where there is no other."""

    def give_up(self, refused: str) -> None:
        """Learn that the renewed token is refused too; may raise what that means."""


class FixedBearer:
    """A key that never changes."""

    def __init__(self, key: str) -> None:
        self._key = key

    def current(self) -> str:
        """Return the key."""
        return self._key

    def renew(self, refused: str) -> str | None:
        """There is no other."""
        del refused
        return None

    def give_up(self, refused: str) -> None:
        """Nothing follows."""


class GatedBearer:
    """Another source behind a gate that is asked before each request."""

    def __init__(self, gate: Callable[[], None], source: BearerSource) -> None:
        self._gate = gate
        self._source = source

    def current(self) -> str:
        """Return the token, if the gate lets the request pass."""
        self._gate()
        return self._source.current()

    def renew(self, refused: str) -> str | None:
        """Ask the source."""
        return self._source.renew(refused)

    def give_up(self, refused: str) -> None:
        """Tell the source."""
        self._source.give_up(refused)


NO_BEARER = FixedBearer("")
"""For endpoints that take the credentials in the form."""


class BearerAuth(AuthBase):
    """Sets the header itself; with an ``auth`` given, ``requests`` does not look into ~/.netrc for another."""

    def __init__(self, bearer: str) -> None:
        self._bearer = bearer

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the header."""
        if self._bearer:
            request.headers["Authorization"] = f"Bearer {self._bearer}"
        return request


def bearer_source(service: str, bearer: str | BearerSource) -> BearerSource:
    """Return the source, or one for a fixed key.

    Raises:
        ConfigurationError: the key cannot be one.
    """
    if not isinstance(bearer, str):
        return bearer
    key = bearer.strip()
    if not key or not _KEY_CHARACTERS.issuperset(key):
        raise ConfigurationError(f"the key for {service} is empty or holds characters that no key has")
    return FixedBearer(key)
