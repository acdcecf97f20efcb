"""How the bookings of the sample are written: in working hours, with varied answers, the same for the same seed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from booking_sandbox.calendar_state import CalendarState
from booking_sandbox.sample_people import (
    CAMPAIGNS,
    EVENTS,
    QUESTIONS,
    SampleEvent,
    SampleHost,
    SampleWorkspace,
    invitee_pool,
)

FORTNIGHT_DAYS = 14
_FIRST_HOUR, _LAST_HOUR = 8, 18
_WEEKEND = 5
_TRIES = 40
_CANCELED, _MOVED, _NO_SHOW = 0.1, 0.2, 0.3
_REASONS = ("Something came up.", "Sick today, sorry!", "We decided for another tool.", None)


class SampleWriter:
    """Books the way customers do: within working hours, with varied answers."""

    def __init__(self, calendar: CalendarState, workspace: SampleWorkspace, random: Random, now: datetime) -> None:
        self.calendar, self.workspace, self.random, self.now = calendar, workspace, random, now
        self.pool = invitee_pool()
        self._number = 0

    def write_plain_bookings(self) -> None:
        """The ordinary bookings, and what usually happens to some of them."""
        for _ in range(self.workspace.plain_bookings):
            booking = self.book(self.random.choice(EVENTS), self.random.choice(self.workspace.hosts), [self.someone()])
            fate = self.random.random()
            if fate < _CANCELED:
                by = self.random.choice(("host", "invitee"))
                self.calendar.cancel(booking["id"], by, self.random.choice(_REASONS), at=self.after(booking))
            elif fate < _MOVED:
                start = self.slot(self.after(booking), booking["host"]["time_zone"])
                self.calendar.reschedule_in_place(booking["id"], start, by="invitee", at=self.after(booking))
            elif fate < _NO_SHOW and datetime.fromisoformat(booking["end_at"]) < self.now:
                self.calendar.mark_no_show(booking["id"], booking["invitees"][0]["id"], at=self.after(booking))

    def book(
        self,
        event: SampleEvent,
        host: SampleHost,
        invitees: list[dict[str, Any]],
        **fields: Any,  # noqa: ANN401 - a contract field may hold anything
    ) -> dict[str, Any]:
        """Book one meeting at a random moment of the fortnight; ``fields`` override anything."""
        self._number += 1
        created_at = fields.pop("at", None) or self.working_moment()
        answered = [{**invitee, "answers": self.answers(event)} for invitee in invitees]
        defaults = {
            "event_name": event.name,
            "event_id": event.id,
            "event_kind": event.kind,
            "duration_minutes": event.minutes,
            "start_at": self.slot(created_at, host.time_zone),
            "host": host.as_person(),
            "invitees": answered,
            "location": dict(event.location),
            "time_zone": invitees[0].get("time_zone") if invitees else None,
            "tracking": self.random.choice(CAMPAIGNS),
        }
        booking_id = fields.pop("booking_id", f"{self.workspace.prefix}{self._number:04}")
        return self.calendar.book(self.workspace.id, booking_id=booking_id, at=created_at, **{**defaults, **fields})

    def someone(self) -> dict[str, Any]:
        """An invitee; many come again."""
        return dict(self.random.choice(self.pool))

    def answers(self, event: SampleEvent) -> list[dict[str, Any]]:
        """One answer, or none, to every question of the event."""
        return [
            {"question_id": f"q_{key}", "question": QUESTIONS[key][0], "answer": self.random.choice(QUESTIONS[key][1])}
            for key in event.questions
        ]

    def working_moment(self) -> datetime:
        """A moment of the fortnight in the team's working hours, with microseconds."""
        while True:
            seconds = self.random.uniform(0, FORTNIGHT_DAYS * 86_400)
            moment = self.now - timedelta(seconds=seconds)
            local = moment.astimezone(ZoneInfo(self.workspace.time_zone))
            if local.weekday() < _WEEKEND and _FIRST_HOUR <= local.hour < _LAST_HOUR:
                return moment

    def after(self, booking: dict[str, Any]) -> datetime:
        """A working moment between the booking's last change and now, or any moment where there is none."""
        last = datetime.fromisoformat(self.calendar.booking(booking["id"])["updated_at"])
        moments = (self.working_moment() for _ in range(_TRIES))
        middle = last + (self.now - last) / 2
        return next((moment for moment in moments if moment > last), middle)

    def slot(self, moment: datetime, zone: str) -> datetime:
        """A free quarter of an hour in the host's working time, some days after ``moment``."""
        day = moment.astimezone(ZoneInfo(zone)).date() + timedelta(days=self.random.randint(1, 9))
        while day.weekday() >= _WEEKEND:
            day += timedelta(days=1)
        hour, minute = self.random.randint(_FIRST_HOUR + 1, _LAST_HOUR - 2), self.random.choice((0, 15, 30, 45))
        return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)
