"""What a service answered, and how much of it can be used."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_LONGEST_INTEGER = 40
_TOKEN = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (looked up in any letter case) and body of one answer. The body is never shown."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def document(self) -> dict[str, Any] | None:
        """Return the JSON object in the body, or None where there is none.

        The content type is not looked at: proxies get it wrong. A byte order mark is skipped. Of a key that comes twice
        the last one counts. Numbers that cannot be stored (NaN, infinity, thousands of digits) come back as None or
        text, so that one odd field spoils its own item and not the whole page.
        """
        try:
            text = self.body.decode("utf-8-sig")
            document = json.loads(text, parse_constant=lambda _: None, parse_float=_float, parse_int=_integer)
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


def as_token(value: object) -> str | None:
    """Return a code, scope or id that is safe to show; None for anything that could be prose or personal."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else None


def as_object(value: object) -> dict[str, Any]:
    """Return the JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_objects(value: object) -> list[dict[str, Any]]:
    """Return the JSON objects of a list; anything else is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_id(value: object) -> str | None:
    """Return an object id, which may come as text or as a number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def as_texts(value: object) -> tuple[str, ...]:
    """Return one text or a list of texts or numbers as texts; HubSpot writes a context value either way."""
    values = value if isinstance(value, list) else [value]
    return tuple(text for text in map(as_id, values) if text is not None)
