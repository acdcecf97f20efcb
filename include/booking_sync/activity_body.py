"""The body of an activity: everything about the booking that a sales person wants to read on the timeline (A4, Q1)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain

from booking_sync.bounded_html import (
    LONGEST_PROPERTY,
    Fragment,
    Typed,
    fits,
    link,
    page,
    shared_page,
    typed,
    web_address,
    width,
)
from booking_sync.model import Answer, Booking, Invitee, Location, Person
from booking_sync.plain_text import one_line
from booking_sync.time_span import duration_in_words, span_in_utc, span_in_zone, zone_named

NOTICE = "… shortened: the rest is in Calendar.com"

_FEWEST_UNITS = 120
"""Below this share a text says nothing; then entries at the end of the lists are left out instead."""

_UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"})


def activity_body(booking: Booking) -> str:
    """Return the body as HTML of at most 65,536 characters: no element but p, strong, br, ul, li and a."""
    whole = page(_fragments(booking, _longest_list(booking)))
    return whole if width(whole) <= LONGEST_PROPERTY else _shortened(booking)


def _shortened(booking: Booking) -> str:
    """Return the body cut to fit, with as many list entries as leave every text a readable share."""

    def overflows(entries: int) -> bool:
        return not fits(_with_notice(booking, entries), longest_typed=_FEWEST_UNITS)

    most = bisect_right(range(_longest_list(booking) + 1), 0, key=overflows) - 1
    return shared_page(_with_notice(booking, most))


def _with_notice(booking: Booking, entries: int) -> list[Fragment]:
    return [*_fragments(booking, entries), f"<p>{NOTICE}</p>"]


def _longest_list(booking: Booking) -> int:
    return max(len(booking.invitees), len(booking.co_hosts), sum(len(i.answers) for i in booking.invitees))


def _fragments(booking: Booking, entries: int) -> list[Fragment]:
    """Return the whole page, with at most ``entries`` entries in each list."""
    active = booking.concerned_invitees
    return [
        *("<p><strong>", typed(one_line(booking.event_name)), "</strong></p>"),
        *_hosts(booking, entries),
        *_invitees(active, entries),
        *("<p>", *_when(booking, active), *_location(booking.location), "</p>"),
        *_description(booking.description),
        *_answers(active, entries),
    ]


def _hosts(booking: Booking, entries: int) -> Iterator[Fragment]:
    yield from ("<p><strong>Host:</strong> ", _person(booking.host))
    if booking.co_hosts:
        yield "<br><strong>Co-hosts:</strong> "
        for index, co_host in enumerate(booking.co_hosts[:entries]):
            yield from (", " if index else "", _person(co_host))
        yield _left_out(len(booking.co_hosts) - entries, " {}")
    yield "</p>"


def _invitees(active: Sequence[Invitee], entries: int) -> Iterator[Fragment]:
    if not active:
        return
    yield "<p><strong>Invitees:</strong></p><ul>" if len(active) > 1 else "<p><strong>Invitee:</strong></p><ul>"
    for invitee in active[:entries]:
        yield from ("<li>", _person(invitee), "</li>")
    yield _left_out(len(active) - entries, "<li>{}</li>") + "</ul>"


def _when(booking: Booking, active: Sequence[Invitee]) -> Iterator[Fragment]:
    """Yield the time in the zone of the booking, else of the first invitee who has one, and in UTC."""
    name = one_line(booking.time_zone) or next((one_line(i.time_zone) for i in active if i.time_zone), "")
    zone = zone_named(name)
    yield "<strong>When:</strong> "
    if zone and name not in _UTC_NAMES:
        yield span_in_zone(booking.start_at, booking.end_at, zone) + "<br>"
    yield span_in_utc(booking.start_at, booking.end_at)
    if name and not zone:
        yield from ("<br><strong>Time zone as given (not known):</strong> ", typed(name))
    yield f"<br><strong>Duration:</strong> {duration_in_words(booking.duration_minutes)}"


def _location(location: Location | None) -> Iterator[Fragment]:
    if location is None:
        return
    kind, join = one_line(location.kind), one_line(location.join_url)
    value = "" if one_line(location.value) == join else (location.value or "").strip()
    if value or kind:
        yield from ("<br><strong>Location:</strong> ", typed(value or kind))
        yield from (" (", typed(kind), ")") if value and kind and kind != "custom" else ()
    if join:
        address = web_address(location.join_url)
        yield from ("<br><strong>Join:</strong> ", link(address) if address else typed(join))


def _description(description: str | None) -> Iterator[Fragment]:
    if description and description.strip():
        yield from ("<p><strong>Description:</strong><br>", typed(description), "</p>")


def _answers(active: Sequence[Invitee], entries: int) -> Iterator[Fragment]:
    """Yield every question with its answer in the form's order; invitees are named where there are several."""
    left = entries
    for invitee in active:
        if invitee.answers[:left]:
            named = (" of ", _person(invitee)) if len(active) > 1 else ()
            yield from ("<p><strong>Answers", *named, ":</strong></p><ul>")
            yield from chain.from_iterable(map(_answer, invitee.answers[:left]))
            yield "</ul>"
        left -= min(left, len(invitee.answers))
    yield _left_out(sum(len(invitee.answers) for invitee in active) - entries, "<p>{}</p>")


def _answer(answer: Answer) -> tuple[Fragment, ...]:
    shown = typed(answer_in_words(answer.answer))
    question = typed(answer.question)
    return (
        "<li><strong>",
        question if question.text else "(question without text)",
        "</strong><br>",
        shown if shown.text else "(not answered)",
        "</li>",
    )


def answer_in_words(answer: str | float | bool | tuple[str, ...] | None) -> str:  # noqa: FBT001 - a value, not a switch
    """Return the answer as text: yes and no as words, several choices joined, "" where nothing was answered (Q1)."""
    if answer is None:
        return ""
    if isinstance(answer, bool):
        return "Yes" if answer else "No"
    if isinstance(answer, tuple):
        return ", ".join(choice.strip() for choice in answer if choice.strip())
    if isinstance(answer, float) and answer.is_integer():
        return str(int(answer))
    return str(answer)


def _person(person: Person | Invitee) -> Typed:
    """Return "name (address)", or what there is of it."""
    name = one_line(person.name) or one_line(f"{person.first_name or ''} {person.last_name or ''}")
    address = one_line(person.email)
    if name and address and name != address:
        return Typed(f"{name} ({address})")
    return Typed(name or address or "(no name)")


def _left_out(count: int, frame: str) -> str:
    return frame.format(f"… and {count} more") if count > 0 else ""
