"""The settings of an integration as a form: what to show for each, as data for whatever draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from booking_sync.integration_settings import DEFAULT_SETTINGS, GuestPolicy, IntegrationSettings, ReschedulePolicy


class FieldKind(StrEnum):
    """How a setting is given."""

    CHOICE = "choice"
    SWITCH = "switch"
    TEXT = "text"
    LIST = "list"
    MAPPING = "mapping"


@dataclass(frozen=True, slots=True)
class FormField:
    """One setting: its name, the words beside it, and for a choice the values with their labels.

    ``default`` is JSON, as it is stored.
    """

    name: str
    title: str
    help: str
    kind: FieldKind
    default: object
    choices: Mapping[str, str]


_CHOICES: Mapping[str, Mapping[str, str]] = {
    "guests": {
        GuestPolicy.IGNORE: "Leave them out",
        GuestPolicy.ASSOCIATE: "Associate those who are contacts already",
        GuestPolicy.CREATE: "Associate all, and make contacts of the others",
    },
    "reschedule_policy": {
        ReschedulePolicy.RECREATE: "Delete the activity and make a new one",
        ReschedulePolicy.UPDATE: "Move the activity",
    },
}

_KINDS = {
    "question_properties": FieldKind.MAPPING,
    "utm_properties": FieldKind.MAPPING,
    "activity_type": FieldKind.TEXT,
    "mark_completed": FieldKind.SWITCH,
    "notify": FieldKind.SWITCH,
    "events_include": FieldKind.LIST,
    "events_exclude": FieldKind.LIST,
}


def form_fields() -> tuple[FormField, ...]:
    """Return every setting, in the order in which to show them."""
    defaults = DEFAULT_SETTINGS.model_dump(mode="json")
    return tuple(
        FormField(
            name=name,
            title=str(field.title),
            help=str(field.description),
            kind=FieldKind.CHOICE if name in _CHOICES else _KINDS[name],
            default=defaults[name],
            choices={str(value): label for value, label in _CHOICES.get(name, {}).items()},
        )
        for name, field in IntegrationSettings.model_fields.items()
    )
