"""What somebody asked a run to do: the trigger form, validated by us and not only by the form.

Airflow accepts unknown keys in ``conf`` and does not check ``date-time`` formats, so a typo in ``dry_run`` would
otherwise become a real run.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from string import hexdigits
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    model_validator,
)

from booking_sync.errors import InvalidRequest

LONGEST_WINDOW = timedelta(days=400)
MOST_IDS = 1_000
CHECKSUM_LENGTH = 16
"""Hexadecimal digits of a plan's checksum: enough that no two plans share one, short enough to be typed."""


def _as_text(value: object) -> object:
    """Refuse numbers, which pydantic would take for seconds since 1970."""
    if not isinstance(value, str | datetime):
        raise ValueError(_A_TIME)  # noqa: TRY004 - pydantic reports it
    return value


def _without_blanks(value: object) -> object:
    """Take a list as a person types it: with blanks around, and the same twice."""
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        return value
    return tuple(dict.fromkeys(one.strip() for one in value))


def _as_checksum(value: object) -> object:
    """Take a checksum as a person types it."""
    text = value.strip().lower() if isinstance(value, str) else ""
    if len(text) != CHECKSUM_LENGTH or not set(text) <= set(hexdigits):
        raise ValueError(
            f"give the checksum of a refused plan: {CHECKSUM_LENGTH} hexadecimal digits, from the run's note"
        )
    return text


def _in_utc(value: datetime) -> datetime:
    """Read a time without a zone as UTC, as the form says."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Instant = Annotated[datetime, BeforeValidator(_as_text), AfterValidator(_in_utc)]
Checksum = Annotated[str, BeforeValidator(_as_checksum)]
Id = Annotated[str, Field(min_length=1, max_length=200)]
Ids = Annotated[tuple[Id, ...], BeforeValidator(_without_blanks), Field(max_length=MOST_IDS)]


class RunRequest(BaseModel):
    """The trigger form of ``calendar_hubspot_sync``; everything is optional."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_start: Instant | None = None
    window_end: Instant | None = None
    workspaces: Ids = ()
    booking_ids: Ids = ()
    dry_run: StrictBool = False
    approve_plan: Checksum | None = None

    @model_validator(mode="after")
    def _window_makes_sense(self) -> RunRequest:
        if self.window_end is not None and self.window_start is None:
            raise ValueError("window_end needs window_start")
        if self.window_start is not None and self.window_end is not None:
            if self.window_start >= self.window_end:
                raise ValueError("window_start must be before window_end")
            if self.window_end - self.window_start > LONGEST_WINDOW:
                raise ValueError(f"the window may span {LONGEST_WINDOW.days} days at most")
        if self.booking_ids and self.window_start is not None:
            raise ValueError("give a window or booking_ids, not both")
        if self.dry_run and self.approve_plan is not None:
            raise ValueError("a dry run carries nothing out, so it cannot approve a plan")
        return self


class AuditRequest(BaseModel):
    """The trigger form of ``calendar_hubspot_audit``; everything is optional."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspaces: Ids = ()
    repair: StrictBool = False
    approve_plan: Checksum | None = None

    @model_validator(mode="after")
    def _approval_makes_sense(self) -> AuditRequest:
        if self.approve_plan is not None and not self.repair:
            raise ValueError("approve_plan needs repair: without it nothing is carried out")
        return self


Form = TypeVar("Form", bound=BaseModel)


def parse_request(conf: Mapping[str, Any]) -> RunRequest:
    """Validate the conf of a run; see :func:`parse_form`."""
    return parse_form(RunRequest, conf)


def parse_form(form: type[Form], conf: Mapping[str, Any]) -> Form:
    """Validate the conf of a run; absent, null and empty values mean "not given".

    Raises:
        InvalidRequest: names every field that is wrong, and the nearest known name of an unknown one.
    """
    given = {name: value for name, value in conf.items() if not _is_blank(form, name, value)}
    try:
        return form.model_validate(given)
    except ValidationError as error:
        names = list(form.model_fields)
        raise InvalidRequest("; ".join(_sentence(detail, names) for detail in error.errors()) + ".") from None


def refuse_window(request: RunRequest, now: datetime) -> None:
    """Refuse a window that turns out to make no sense when the run starts.

    Raises:
        InvalidRequest: it lies in the future, or spans more than :data:`LONGEST_WINDOW` until now.
    """
    if request.window_start is None:
        return
    if request.window_start >= now:
        raise InvalidRequest(f"window_start lies in the future: it is {now:%Y-%m-%dT%H:%M:%SZ} now.")
    if min(request.window_end or now, now) - request.window_start > LONGEST_WINDOW:
        raise InvalidRequest(f"The window may span {LONGEST_WINDOW.days} days at most; give a window_end.")


def refuse_in_backfill(request: RunRequest) -> None:
    """Refuse what would make every run of a backfill do the same.

    Raises:
        InvalidRequest: it names bookings, a window or a plan.
    """
    given = [name for name in _SAME_EVERY_DAY if getattr(request, name)]
    if given:
        raise InvalidRequest(
            f"{', '.join(given)}: leave empty in a backfill, or every run would do the same; its days are its windows."
        )


def _is_blank(form: type[BaseModel], name: str, value: object) -> bool:
    """Say whether a field was left empty; a yes or no that is neither is a mistake."""
    field = form.model_fields.get(name)
    is_yes_or_no = field is not None and field.annotation is bool
    return value is None or value == [] or (value == "" and not is_yes_or_no)


_SAME_EVERY_DAY = ("window_start", "booking_ids", "approve_plan")

_WORDS = {
    "bool_type": "give true or false",
    "string_type": "give text",
    "string_too_short": "is empty",
    "string_too_long": "is too long, at most {max_length} characters",
    "tuple_type": 'give a list, such as ["ws_1", "ws_2"]',
    "too_long": "give at most {max_length}",
}
_A_TIME = "give a date and time such as 2026-11-23T09:00:00Z"


def _in_words(detail: Mapping[str, Any]) -> str:
    """Say what is wrong with a value in plain words."""
    kind = str(detail["type"])
    if kind.startswith("datetime"):
        return _A_TIME
    words = _WORDS.get(kind, str(detail["msg"]).removeprefix("Value error, "))
    return words.format(**detail.get("ctx", {})) if kind in _WORDS else words


def _sentence(detail: Mapping[str, Any], names: Sequence[str]) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
        return f"{name!r} is not a field of this form: {hint}"
    return f"{name}: {_in_words(detail)}" if name else _in_words(detail)
