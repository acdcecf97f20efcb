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
        raise ValueError("give a date and time as text, such as 2026-11-23T09:00:00Z")  # noqa: TRY004 - pydantic reports it
    return value


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


class RunRequest(BaseModel):
    """The trigger form of ``calendar_hubspot_sync``; everything is optional."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_start: Instant | None = None
    window_end: Instant | None = None
    workspaces: tuple[Id, ...] = Field(default=(), max_length=MOST_IDS)
    booking_ids: tuple[Id, ...] = Field(default=(), max_length=MOST_IDS)
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

    workspaces: tuple[Id, ...] = Field(default=(), max_length=MOST_IDS)
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


def refuse_long_window(start: datetime, end: datetime) -> None:
    """Refuse a window whose end only becomes known when the run starts.

    Raises:
        InvalidRequest: it spans more than :data:`LONGEST_WINDOW`.
    """
    if end - start > LONGEST_WINDOW:
        raise InvalidRequest(f"The window may span {LONGEST_WINDOW.days} days at most; give a window_end.")


def _is_blank(form: type[BaseModel], name: str, value: object) -> bool:
    """Say whether a field was left empty; a yes or no that is neither is a mistake."""
    field = form.model_fields.get(name)
    is_yes_or_no = field is not None and field.annotation is bool
    return value is None or value == [] or (value == "" and not is_yes_or_no)


def _sentence(detail: Mapping[str, Any], names: Sequence[str]) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
        return f"{name!r} is not a field of this form: {hint}"
    return f"{name}: {detail['msg']}" if name else str(detail["msg"]).removeprefix("Value error, ")
