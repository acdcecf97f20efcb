"""Checking and normalising property values the way HubSpot does on a write."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, datetime, time

from booking_sandbox.hubspot_schema import PropertyDefinition
from booking_sandbox.moments import milliseconds, parse_moment

LONGEST_TEXT = 65_536
"""HubSpot docs: the most characters a string property holds."""

_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"]+@((?:[^\s@.,;:<>()\[\]\\\"]+\.)+)([^\s@.,;:<>()\[\]\\\"]{2,})")
_LONGEST_EMAIL = 254
_UNREAL_TOP_LEVELS = frozenset({"lcom", "con", "cmo", "comm", "ocm", "local", "localhost", "lan", "internal"})
"""HubSpot checks the top-level domain against the real ones; a sandbox needs only some that are not real."""


class UnacceptableValueError(ValueError):
    """A value that its property does not take; ``code`` is HubSpot's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ValueRules:
    """What a portal knows that decides about values: its owners and the addresses it refuses."""

    owner_ids: Container[str]
    refused_emails: Container[str]
    blocked_emails: Container[str]

    def check(self, definition: PropertyDefinition, value: str) -> str:
        """The value as it is stored.

        Raises:
            UnacceptableValueError: the property does not take it.
        """
        if value == "":
            return value
        if definition.is_email:
            return self._email(value)
        if definition.references_owner:
            return self._owner(value)
        return _BY_TYPE.get(definition.type, _text)(definition, value)

    def _owner(self, value: str) -> str:
        if value not in self.owner_ids:
            raise UnacceptableValueError("INVALID_OWNER_ID", f"{value} was not a valid owner ID")
        return value

    def _email(self, value: str) -> str:
        email = normal_email(value)
        if not is_email(email) or email in self.refused_emails:
            raise UnacceptableValueError("INVALID_EMAIL", f"Email address {value} is invalid")
        if email in self.blocked_emails:
            raise UnacceptableValueError(
                "EMAIL_BLOCKLISTED", f"Email address {value} was deleted permanently and is blocked"
            )
        return email


def normal_email(value: str) -> str:
    """The form in which addresses are stored and compared."""
    return value.strip().lower()


def is_email(value: str) -> bool:
    """Whether HubSpot would take the text as an address; the top-level domain counts."""
    match = _EMAIL.fullmatch(value)
    if match is None or len(value) > _LONGEST_EMAIL or ".." in value:
        return False
    top_level = match.group(2)
    return not any(character.isdigit() for character in top_level) and top_level not in _UNREAL_TOP_LEVELS


def _text(definition: PropertyDefinition, value: str) -> str:
    if len(value) > LONGEST_TEXT:
        message = f"{definition.name} is {len(value)} characters long; the limit is {LONGEST_TEXT}"
        raise UnacceptableValueError("PROPERTY_VALUE_TOO_LONG", message)
    return value


def _number(definition: PropertyDefinition, value: str) -> str:  # noqa: ARG001 - its caller decides what it is given
    try:
        number = float(value)
    except ValueError as error:
        raise UnacceptableValueError("INVALID_NUMBER", f"{value} was not a valid number.") from error
    if number != number or number in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN
        raise UnacceptableValueError("INVALID_NUMBER", f"{value} was not a valid number.")
    return value


def _datetime(definition: PropertyDefinition, value: str) -> str:  # noqa: ARG001 - its caller decides what it is given
    try:
        if value.lstrip("-").isdigit():
            return milliseconds(datetime.fromtimestamp(int(value) / 1000, UTC))
        return milliseconds(parse_moment(value))
    except (ValueError, OverflowError, OSError) as error:
        raise UnacceptableValueError("INVALID_LONG", f"{value} was not a valid long.") from error


def _date(definition: PropertyDefinition, value: str) -> str:
    try:
        return datetime.fromisoformat(value).date().isoformat()
    except ValueError:
        day = _datetime(definition, value)
    if parse_moment(day).timetz() != time(tzinfo=UTC):
        raise UnacceptableValueError("INVALID_DATE", f"{value} is not at midnight.")
    return day[:10]


def _enumeration(definition: PropertyDefinition, value: str) -> str:
    chosen = value.split(";") if definition.field_type == "checkbox" else [value]
    for one in chosen:
        if one not in definition.allowed_values:
            labels = ", ".join(f"label: {option.label}\nvalue: {option.value}\n" for option in definition.options)
            raise UnacceptableValueError("INVALID_OPTION", f"{one} was not one of the allowed options: [{labels}]")
    return value


def _boolean(definition: PropertyDefinition, value: str) -> str:  # noqa: ARG001 - its caller decides what it is given
    if value not in {"true", "false"}:
        message = f"{value} was not one of the allowed options: [label: True, label: False]"
        raise UnacceptableValueError("INVALID_OPTION", message)
    return value


_BY_TYPE: dict[str, Callable[[PropertyDefinition, str], str]] = {
    "number": _number,
    "datetime": _datetime,
    "date": _date,
    "enumeration": _enumeration,
    "bool": _boolean,
}
