"""The answers of an invitee as properties of the contact that the booking creates: which, and in which form (Q2).

Pure. A question has a property of its own, unless the settings name another one or none. Its name comes from the
question's id, so it stays the same while the text is edited.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from booking_sync.activity_body import answer_in_words
from booking_sync.bounded_html import LONGEST_PROPERTY
from booking_sync.integration_settings import IntegrationSettings
from booking_sync.model import Booking, Invitee
from booking_sync.plain_text import cut, for_display, one_line

LONGEST_LABEL = 250
UNNAMED = "Question without text"

AnswerValue = str | int | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """One answer and the contact property that is to take it. ``label`` is set where the property is our own.

    ``source`` names the question, or the UTM value, in warnings.
    """

    property_name: str
    source: str
    value: AnswerValue
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What has to be known of a contact property to write an answer into it.

    ``options`` are the allowed values by label, labels folded; ``takes_several`` says that they can be combined.
    """

    type: str
    options: tuple[tuple[str, str], ...] = ()
    takes_several: bool = False


TEXT = Target("string")


def wishes_of(invitee: Invitee, booking: Booking, settings: IntegrationSettings) -> tuple[Wish, ...]:
    """Return what a new contact is to get: answers in the order of the form, then what led to the booking.

    Of two that go to the same property the first counts. What was not answered is left out.
    """
    found: dict[str, Wish] = {}
    for wish in (*_of_questions(invitee, booking, settings), *_of_tracking(booking, settings)):
        found.setdefault(wish.property_name, wish)
    return tuple(found.values())


def answer_property_name(workspace_id: str, question_id: str) -> str:
    """Return the name of a question's own property: ids may hold any character, HubSpot's names may not."""
    identity = json.dumps([workspace_id, question_id], separators=(",", ":"))
    return f"calendar_answer_{sha256(identity.encode('ascii')).hexdigest()[:20]}"


def fitting(value: AnswerValue, target: Target) -> str | None:
    """Return an answer as a property of that type takes it, or None where it does not fit.

    HubSpot docs, properties: numbers, dates and yes or no travel as text; several options are joined by semicolons.
    """
    match target.type:
        case "string":
            return cut(for_display(answer_in_words(value)), LONGEST_PROPERTY)
        case "number":
            return _number(value)
        case "bool":
            return _boolean(value)
        case "enumeration":
            return _options(value, target)
    return None


def _of_questions(invitee: Invitee, booking: Booking, settings: IntegrationSettings) -> Iterator[Wish]:
    for answer in invitee.answers:
        if answer.answer is None or not for_display(answer_in_words(answer.answer)):
            continue
        source = f"question {answer.question_id}"
        if answer.question_id not in settings.question_properties:
            name = answer_property_name(booking.workspace_id, answer.question_id)
            yield Wish(name, source, answer.answer, cut(one_line(answer.question), LONGEST_LABEL) or UNNAMED)
        elif mapped := settings.question_properties[answer.question_id]:
            yield Wish(mapped, source, answer.answer)


def _of_tracking(booking: Booking, settings: IntegrationSettings) -> Iterator[Wish]:
    values = {key: text for key, value in booking.tracking if (text := for_display(value))}
    for key, name in settings.utm_properties.items():
        if key in values:
            yield Wish(name, key, values[key])


def _number(value: AnswerValue) -> str | None:
    text = answer_in_words(value).strip()
    if isinstance(value, bool) or not text.removeprefix("-").replace(".", "", 1).isdecimal() or not text.isascii():
        return None
    return text


def _boolean(value: AnswerValue) -> str | None:
    words = {"yes": "true", "true": "true", "no": "false", "false": "false"}
    return words.get(answer_in_words(value).strip().casefold())


def _options(value: AnswerValue, target: Target) -> str | None:
    """Return the internal values of what was chosen, by value or by label in any letter case."""
    known = {**dict(target.options), **{option: option for _, option in target.options}}
    chosen = value if isinstance(value, tuple) else (answer_in_words(value),)
    texts = [choice.strip() for choice in chosen if choice.strip()]
    options = [known.get(text) or known.get(text.casefold()) for text in texts]
    found = [option for option in options if option is not None]
    if not found or len(found) < len(options) or (len(found) > 1 and not target.takes_several):
        return None
    return ";".join(dict.fromkeys(found))
