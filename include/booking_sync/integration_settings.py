"""The settings of one integration: what a person may choose per workspace, with the words that explain it.

A change is used by the next change of a booking; nothing that is passed on already is rewritten for it. Stored as JSON:
written whole and checked, read with the default for whatever an older version did not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, ValidationError, model_validator

from booking_sync.errors import IntegrationUnavailable, InvalidSettings

MOST_ENTRIES = 200
"""Most events, or mapped questions, of one integration."""

RESERVED_PROPERTIES = frozenset({"email", "firstname", "lastname", "hubspot_owner_id"})
"""Contact properties that the integration fills itself (C2, C4)."""


class GuestPolicy(StrEnum):
    """What happens to the guests of a booking (C7)."""

    IGNORE = "ignore"
    ASSOCIATE = "associate"
    CREATE = "create"


class ReschedulePolicy(StrEnum):
    """What a reschedule does to the activity (R1, R6)."""

    RECREATE = "recreate"
    UPDATE = "update"


class TrackingKey(StrEnum):
    """What a booking may carry about the campaign that led to it."""

    SOURCE = "utm_source"
    MEDIUM = "utm_medium"
    CAMPAIGN = "utm_campaign"
    TERM = "utm_term"
    CONTENT = "utm_content"


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
PropertyName = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[a-z][a-z0-9_]{0,99}$")]
"""HubSpot docs, properties: internal names are lower case, with digits and underscores."""


class IntegrationSettings(BaseModel):
    """What people chose for one integration; the defaults are those of the reference page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    guests: GuestPolicy = Field(
        default=GuestPolicy.IGNORE,
        title="Guests",
        description=(
            "What happens to the guests whom an invitee adds by address: nothing, or the activity is associated with "
            "those who are contacts already, or the others become contacts too."
        ),
    )
    reschedule_policy: ReschedulePolicy = Field(
        default=ReschedulePolicy.RECREATE,
        title="Rescheduled meetings",
        description=(
            "Delete the old activity and make a new one, or keep the activity, move it, and set its outcome to "
            "Rescheduled."
        ),
    )
    question_properties: dict[Name, PropertyName | None] = Field(
        default={},
        max_length=MOST_ENTRIES,
        title="Questions",
        description=(
            "Where a new contact gets the answer to a question: question id and the contact property that takes it. "
            "Without an entry a property of its own is made; an empty one leaves the question out. "
            "Contacts that exist are never changed."
        ),
    )
    utm_properties: dict[TrackingKey, PropertyName] = Field(
        default={},
        title="Campaign",
        description="Which property of a new contact takes which UTM value of its booking. Others are left out.",
    )
    activity_type: Name | None = Field(
        default=None,
        title="Meeting type",
        description=(
            "The meeting type that activities get. It must be one that the HubSpot account has; none leaves it empty."
        ),
    )
    mark_completed: StrictBool = Field(
        default=False,
        title="Mark as completed",
        description="Set the outcome to Completed when a meeting has ended that was not cancelled.",
    )
    notify: StrictBool = Field(
        default=False,
        title="Notices",
        description=(
            "Mail host and invitees when a meeting is rescheduled or cancelled, once each, with a calendar entry. "
            "Calendar.com sends mails of its own."
        ),
    )
    events_include: tuple[Name, ...] = Field(
        default=(),
        max_length=MOST_ENTRIES,
        title="Only these events",
        description="Ids or names of the events that are passed on. Empty means all. An id still fits after renaming.",
    )
    events_exclude: tuple[Name, ...] = Field(
        default=(),
        max_length=MOST_ENTRIES,
        title="Not these events",
        description=(
            "Ids or names of events that are not passed on, even if they are listed above. What has been passed on "
            "before stays in HubSpot as it is."
        ),
    )

    @model_validator(mode="after")
    def _keeps_what_is_ours(self) -> IntegrationSettings:
        targets = {*self.question_properties.values(), *self.utm_properties.values()}
        if reserved := sorted(RESERVED_PROPERTIES & targets):
            raise ValueError(f"{', '.join(reserved)} cannot take answers: the integration fills it itself")
        return self

    def takes_event(self, event_id: str, event_name: str) -> bool:
        """Say whether bookings of an event are passed on; names are compared in any letter case, ids are not."""
        name = _folded(event_name)
        included, excluded = (
            any(entry == event_id or _folded(entry) == name for entry in entries)
            for entries in (self.events_include, self.events_exclude)
        )
        return not excluded and (included or not self.events_include)


DEFAULT_SETTINGS = IntegrationSettings()


def check_settings(given: Mapping[str, Any]) -> IntegrationSettings:
    """Return settings as a person gives them; what is not given has its default.

    Raises:
        InvalidSettings: ``problems`` has a sentence for every setting that is wrong.
    """
    try:
        return IntegrationSettings.model_validate(dict(given))
    except ValidationError as error:
        raise InvalidSettings(_problems(error)) from None


def read_settings(stored: Mapping[str, Any]) -> IntegrationSettings:
    """Return settings as they are stored; names that this version does not know are left alone.

    Raises:
        IntegrationUnavailable: they were not written by us; guessing could pass on what somebody excluded.
    """
    known = {name: stored[name] for name in IntegrationSettings.model_fields if name in stored}
    try:
        return check_settings(known)
    except InvalidSettings as error:
        raise IntegrationUnavailable(f"its settings cannot be read ({error}); save them again") from None


def _problems(error: ValidationError) -> dict[str, str]:
    """Return a sentence by setting; what concerns several stands under "".

    pydantic's own words are about types and lengths, and do not repeat the value.
    """
    problems: dict[str, list[str]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        name, *where = (str(part) for part in detail["loc"]) if detail["loc"] else ("",)
        sentence = detail["msg"].removeprefix("Value error, ")
        problems.setdefault(name, []).append(f"{where[0]}: {sentence}" if where else sentence)
    return {name: "; ".join(dict.fromkeys(sentences)) for name, sentences in problems.items()}


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
