"""What people type, made safe to store and to send: no control characters, no half characters.

Nothing here knows about HTML; see :mod:`booking_sync.activity_body` for that.
"""

from __future__ import annotations

import re
import unicodedata

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""C0 and C1 controls but tab and line feed, and lone surrogates (they have no UTF-8 form)."""

_BIDI_CONTROL = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Embeddings, overrides and isolates: they can make a text read as another one."""

_LONGEST_STEP_BACK = 32
"""How far :func:`cut` looks for a better edge; a flood of combining marks must not eat the whole text."""

_JOINER = "\u200d"


def has_control(text: str) -> bool:
    """Whether :func:`clean` would remove a character."""
    return _CONTROL.search(text) is not None


def clean(text: str) -> str:
    """Return the text without control characters, its line ends as line feeds. Nothing else is touched (no NFC)."""
    if text.isprintable():
        return text  # what is removed is never printable, and nearly every text is
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)


def for_display(text: str) -> str:
    """Return the text as it may be shown: clean, without bidi controls, and without white space around it."""
    if text.isprintable():
        return text.strip()
    return _BIDI_CONTROL.sub("", clean(text)).strip()


def one_line(text: str | None) -> str:
    """Return the text in one line, every run of white space as one space; "" where there is none."""
    return " ".join(for_display(text).split()) if text else ""


def cut(text: str, limit: int) -> str:
    """Return at most ``limit`` characters from the start, without tearing a letter from its marks.

    A simple rule rather than the whole of Unicode's annex 29: combining marks, joined emoji, skin tones and flags stay
    whole.
    """
    if len(text) <= limit:
        return text
    edge = limit
    while edge > max(0, limit - _LONGEST_STEP_BACK) and _is_inside_letter(text, edge):
        edge -= 1
    return text[: edge if edge > 0 and not _is_inside_letter(text, edge) else limit]


def shorten(text: str, limit: int) -> str:
    """Return at most ``limit`` characters, with "…" as the last where some are missing."""
    return text if len(text) <= limit else f"{cut(text, limit - 1).rstrip()}…"


def _is_inside_letter(text: str, edge: int) -> bool:
    """Whether a cut before ``text[edge]`` would split what a reader sees as one letter."""
    before, after = text[edge - 1], text[edge]
    if _JOINER in (before, after) or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    if _is_flag_half(before) and _is_flag_half(after):
        start = edge - 1
        while start > 0 and _is_flag_half(text[start - 1]):
            start -= 1
        return (edge - start) % 2 == 1
    return unicodedata.category(after) in ("Mn", "Me", "Mc")


def _is_flag_half(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"
