"""How a log line is spelled: what happened, then ``key=value``: so a machine finds all lines of a run or a booking.

Values are ids, fixed words, and the sentences of our own errors, which hold no personal data.
"""

from __future__ import annotations

import json

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:@/+")


def log_line(event: str, **facts: object) -> str:
    """Return the line; what is None is left out, what has spaces is quoted."""
    words = (f"{name}={_value(value)}" for name, value in facts.items() if value is not None)
    return " ".join((event, *words))


def hide_nothing(secret: str) -> None:
    """Leave logs as they are: where nobody has a way to mask a secret in them."""
    del secret


def _value(value: object) -> str:
    text = str(value)
    return text if text and _PLAIN.issuperset(text) else json.dumps(text, ensure_ascii=False)
