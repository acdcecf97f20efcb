"""The shape of a booking in the Calendar.com contract, as a tolerant reader.

Unknown fields are ignored and optional ones may be null. Every rule that a value breaks is named in words that hold
nothing of what a person typed.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, PlainValidator
from pydantic_core import PydanticCustomError

from booking_sync.model import BookingStatus
from booking_sync.plain_text import clean, cut, has_control

LONGEST_ID = 200
LONGEST_NAME = 1_000
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Times outside these years come from mixed-up units (milliseconds read as seconds, zero read as 1970)."""

_LARGEST_COUNT = 2**63 - 1
"""Largest integer of the mapping database's columns."""

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)

_STATUSES = frozenset(BookingStatus)

_WORD = re.compile(r"[a-z_]{1,30}", re.ASCII)
"""A status that may be named in a reason: an identifier, not something that a person typed."""


def _broken(rule: str) -> PydanticCustomError:
    return PydanticCustomError("booking_rule", "{rule}", {"rule": rule})


def _text(value: object) -> object:
    return clean(value) if isinstance(value, str) else value


def _name(value: object) -> object:
    return cut(clean(value), LONGEST_NAME) if isinstance(value, str) else value


def _identifier(value: object) -> str:
    """Return the id as text. It is never changed: two different ids must not become one."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise _broken("is null" if text is None else "not an id")
    if not text.strip():
        raise _broken("is empty")
    if len(text) > LONGEST_ID:
        raise _broken(f"longer than {LONGEST_ID} characters")
    if has_control(text) or "\n" in text or "\t" in text:
        raise _broken("holds control characters")
    return text


def _optional_identifier(value: object) -> str | None:
    return None if value is None or value == "" else _identifier(value)


def _instant(value: object) -> datetime:
    """Return an RFC 3339 date-time as an aware UTC one. Numbers are refused: nobody can tell their unit."""
    shape = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if shape is None:
        raise _broken("not a date-time")
    if shape[1] is None:
        raise _broken("has no offset from UTC")
    try:
        instant = datetime.fromisoformat(shape[0].upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _broken("not a date-time") from None
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise _broken(f"not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return instant


def _unknown(value: object) -> PydanticCustomError:
    named = isinstance(value, str) and _WORD.fullmatch(value)
    return _broken(f"'{value}' is not known" if named else "not a known status")


def _status(value: object) -> BookingStatus:
    if not isinstance(value, str) or value not in _STATUSES:
        raise _unknown(value)
    return BookingStatus(value)


def _is_active(value: object) -> bool:
    if value is None or value == "active":
        return True
    if value == "canceled":
        return False
    raise _unknown(value)


def _count(value: object) -> object:
    if isinstance(value, bool):
        raise _broken("not a whole number")
    return value


def _choice(value: object) -> str:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise _broken("not a list of texts")


def _answer(value: object) -> str | int | float | bool | tuple[str, ...] | None:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _broken("not a finite number")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, list):
        return tuple(map(_choice, value))
    raise _broken("not an answer")


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(_name)]
Identifier = Annotated[str, PlainValidator(_identifier)]
OptionalIdentifier = Annotated[str | None, PlainValidator(_optional_identifier)]
Instant = Annotated[datetime, PlainValidator(_instant)]
Count = Annotated[int, BeforeValidator(_count)]


class WirePerson(BaseModel):
    """``Person``: the contract has a name that may be null; one that is left out is read the same."""

    name: Name | None = None
    id: OptionalIdentifier = None
    first_name: Name | None = None
    last_name: Name | None = None
    email: Text | None = None
    time_zone: Name | None = None


class WireAnswer(BaseModel):
    """``Answer``: the answer must be there, and is null where the invitee left it empty."""

    question_id: Identifier
    question: Text
    answer: Annotated[str | int | float | bool | tuple[str, ...] | None, PlainValidator(_answer)]


class WireInvitee(WirePerson):
    """``Invitee``; ``status`` is read as whether the invitee is active."""

    id: Identifier
    phone: Text | None = None
    status: Annotated[bool, PlainValidator(_is_active)] = True
    no_show: bool | None = None
    answers: list[WireAnswer] | None = None


class WireEvent(BaseModel):
    """``Booking.event``."""

    id: Identifier
    name: Name
    kind: Name | None = None


class WireLocation(BaseModel):
    """``Booking.location``."""

    kind: Name | None = None
    value: Text | None = None
    join_url: Text | None = None


class WireBooking(BaseModel):
    """``Booking``, field by field."""

    id: Identifier
    workspace_id: Identifier
    status: Annotated[BookingStatus, PlainValidator(_status)]
    version: Annotated[Count, Field(ge=1, le=_LARGEST_COUNT)]
    event: WireEvent
    start_at: Instant
    end_at: Instant
    host: WirePerson
    invitees: list[WireInvitee]
    created_at: Instant
    updated_at: Instant
    time_zone: Name | None = None
    location: WireLocation | None = None
    description: Text | None = None
    co_hosts: list[WirePerson] | None = None
    guests: list[Text] | None = None
    tracking: dict[Text, Text | None] | None = None
    reschedule_count: Annotated[Count, Field(ge=0, le=_LARGEST_COUNT)] | None = None
    rescheduled_from_id: OptionalIdentifier = None
    rescheduled_to_id: OptionalIdentifier = None
    canceled_by: Text | None = None
    cancel_reason: Text | None = None
