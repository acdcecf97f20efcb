"""One request as it will be sent, but for the token."""

from __future__ import annotations

import json as json_format
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote, urlencode

from booking_sync.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``template`` is its path without ids, for messages and counts."""

    method: str
    template: str
    path: str = field(repr=False)
    params: Mapping[str, str] | None = field(repr=False)
    body: bytes | None = field(repr=False)
    content_type: str | None
    is_write: bool

    @property
    def is_search(self) -> bool:
        """Whether HubSpot counts it as a search, apart from the rest."""
        return self.template.endswith("/search")

    @classmethod
    def of(
        cls,
        method: str,
        template: str,
        path_values: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        *,
        json: Mapping[str, Any] | None,
        form: Mapping[str, str] | None,
        is_write: bool,
    ) -> Self:
        """Put a request together; ``path_values`` are escaped into the template, a ``form`` goes before ``json``."""
        path = template.format_map({name: _segment(value) for name, value in (path_values or {}).items()})
        body, content_type = _encoded(json, form)
        return cls(method, template, path, params, body, content_type, is_write)


def _encoded(json: Mapping[str, Any] | None, form: Mapping[str, str] | None) -> tuple[bytes | None, str | None]:
    if form is not None:
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    if json is not None:
        return json_format.dumps(json, allow_nan=False).encode(), "application/json"
    return None, None


def _segment(value: str) -> str:
    if not value.strip("."):
        raise ConfigurationError("an id that is empty or only dots cannot be part of an address")
    return quote(value, safe="")
