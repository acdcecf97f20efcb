"""The settings form's texts turned into settings, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from booking_sync.settings_form import FieldKind, FormField

ON = "on"
"""What browsers send for a box that is ticked; they send nothing for one that is not."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a person sent: JSON values to be checked, and a sentence for each field that could not be read at all."""

    values: dict[str, object]
    problems: dict[str, str]


def read_form(fields: tuple[FormField, ...], texts: Mapping[str, str]) -> Submitted:
    """Read every field of the form; one that is missing counts as empty."""
    values: dict[str, object] = {}
    problems: dict[str, str] = {}
    for field in fields:
        try:
            values[field.name] = _value(field, texts.get(field.name, ""))
        except ValueError as error:
            problems[field.name] = str(error)
    return Submitted(values, problems)


def form_texts(fields: tuple[FormField, ...], settings: Mapping[str, object]) -> dict[str, str]:
    """Return what the form shows for settings as they are stored (JSON)."""
    return {field.name: _text(settings[field.name]) for field in fields}


def _value(field: FormField, text: str) -> object:
    match field.kind:
        case FieldKind.SWITCH:
            return text == ON
        case FieldKind.TEXT:
            return text.strip() or None
        case FieldKind.LIST:
            return _lines(text)
        case FieldKind.MAPPING:
            return _pairs(text)
        case FieldKind.CHOICE:
            return text or field.default


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _pairs(text: str) -> dict[str, str | None]:
    """Read ``name = property`` lines; the last ``=`` counts, because questions may contain one."""
    pairs: dict[str, str | None] = {}
    for number, line in enumerate(_lines(text), start=1):
        name, sign, value = (part.strip() for part in line.rpartition("="))
        if not sign or not name:
            raise ValueError(
                f"line {number}: write a name, an equals sign and a property, such as  size = company_size"
            )
        if name in pairs:
            raise ValueError(f"line {number}: {name} is there already")
        pairs[name] = value or None
    return pairs


def _text(value: object) -> str:
    if isinstance(value, bool):
        return ON if value else ""
    if isinstance(value, Mapping):
        return "\n".join(f"{name} = {target or ''}".rstrip() for name, target in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(str(entry) for entry in value)
    return "" if value is None else str(value)
