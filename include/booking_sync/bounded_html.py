"""HTML that fits into a HubSpot property: text escaped as the last step, and cut where there is too much of it.

A page is a list of fragments: markup that this program wrote (``str``), and text that somebody typed (:class:`Typed`).
Only typed text is ever escaped or cut, so the markup stays balanced and an entity is never split.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from booking_sync.plain_text import cut, for_display

LONGEST_PROPERTY = 65_536
"""Most characters of a HubSpot string property (HubSpot docs: properties), here counted with the tags (A4)."""

LONGEST_LINK = 2_000

_WEB_ADDRESS = re.compile(r"https?://[^\s/?#<>\"\\][^\s<>\"\\]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Typed:
    """Text that somebody typed, ready to be shown but not yet escaped."""

    text: str


Fragment = str | Typed


def typed(text: str) -> Typed:
    """Return the text without control and bidi characters, tabs as spaces."""
    return Typed(for_display(text).replace("\t", " "))


def escape(text: str) -> str:
    """Return the text as HTML. The one escaping function, for text and attribute values alike."""
    return html.escape(text, quote=True).replace("\n", "<br>")


def web_address(address: str | None) -> str | None:
    """Return the address where it may become a link: http or https, nothing hidden in it, not overlong; else None."""
    shown = for_display(address or "")
    is_plain = shown == (address or "").strip() and len(shown) <= LONGEST_LINK
    return shown if is_plain and _WEB_ADDRESS.fullmatch(shown) else None


def link(address: str) -> str:
    """Return the markup of a link to what :func:`web_address` let pass."""
    return f'<a href="{escape(address)}" rel="noopener noreferrer nofollow">{escape(address)}</a>'


def page(fragments: Iterable[Fragment]) -> str:
    """Return the fragments as HTML, whole."""
    return "".join([escape(part.text) if isinstance(part, Typed) else part for part in fragments])


def width(markup: str) -> int:
    """Return the length in UTF-16 units, the strictest of the ways in which a service may count characters."""
    return len(markup) if markup.isascii() else len(markup.encode("utf-16-le")) // 2


def fits(fragments: Sequence[Fragment], *, longest_typed: int) -> bool:
    """Whether the page fits when every typed text is cut to ``longest_typed`` units."""
    return sum(min(_width(part), longest_typed) if isinstance(part, Typed) else width(part) for part in fragments) <= (
        LONGEST_PROPERTY
    )


def shared_page(fragments: Sequence[Fragment]) -> str:
    """Return the fragments as HTML that fits: short texts whole, the long ones with equal shares of what is left.

    Each cut is marked with "…". So one overlong description cannot push the answers out.
    """
    widths = [_width(part) for part in fragments if isinstance(part, Typed)]
    markup = sum(width(part) for part in fragments if isinstance(part, str))
    share = _fair_share(widths, LONGEST_PROPERTY - markup)
    return page([_cut(part, share) if isinstance(part, Typed) else part for part in fragments])


def _fair_share(widths: Iterable[int], space: int) -> int:
    """Return the largest width to which all may be cut so that together they fit into ``space``."""
    ascending = sorted(widths)
    for index, one in enumerate(ascending):
        share = space // (len(ascending) - index)
        if one > share:
            return max(share, 1)
        space -= one
    return LONGEST_PROPERTY


def _width(part: Typed) -> int:
    return width(escape(part.text))


def _cut(part: Typed, limit: int) -> Typed:
    """Return the text cut so that it is at most ``limit`` units wide when escaped, the mark included."""
    if len(part.text) <= limit and _width(part) <= limit:
        return part
    text = part.text[:limit]
    longest = bisect_right(range(len(text) + 1), limit - 1, key=lambda end: width(escape(text[:end]))) - 1
    return Typed(cut(part.text, max(longest, 0)) + "…")
