"""The bookings of the sample that show something particular, each told once and on purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from booking_sandbox.sample_people import EVENTS, HOSTS
from booking_sandbox.sample_writer import SampleWriter

_BY_ID = {event.id: event for event in EVENTS}
_HALF_A_YEAR_DAYS = 200


def tell_stories(writer: SampleWriter) -> None:
    """Write all of them."""
    for story in (_chain, _back_and_forth, _groups, _odd_invitees, _co_hosts, _clock_change, _broken):
        story(writer)


def _chain(writer: SampleWriter) -> None:
    """Rescheduled twice, each time as a new booking; a second chain ends in a cancellation."""
    for name, host in (("CHAIN", HOSTS[0]), ("CHAINX", HOSTS[3])):
        first = writer.book(_BY_ID["ev_demo"], host, [writer.someone()], booking_id=f"bk_{name}A")
        for letter in ("B", "C"):
            at = writer.after(first)
            start = writer.slot(at, host.time_zone)
            first = writer.calendar.reschedule_to_new(first["id"], start, new_id=f"bk_{name}{letter}", at=at)
        if name == "CHAINX":
            writer.calendar.cancel(first["id"], "invitee", "No longer needed.", at=writer.after(first))


def _back_and_forth(writer: SampleWriter) -> None:
    """Moved to another host; cancelled and taken back; renamed after it was booked."""
    moved = writer.book(_BY_ID["ev_pricing"], HOSTS[1], [writer.someone()], booking_id="bk_NEWHOST")
    writer.calendar.reschedule_in_place(moved["id"], host=HOSTS[2].as_person(), by="host", at=writer.after(moved))
    stands = writer.book(_BY_ID["ev_discovery"], HOSTS[2], [writer.someone()], booking_id="bk_STANDS")
    writer.calendar.cancel(stands["id"], "invitee", "Wrong day", at=writer.after(stands))
    writer.calendar.uncancel(stands["id"], at=writer.after(stands))
    renamed = writer.book(_BY_ID["ev_intro"], HOSTS[5], [writer.someone()], booking_id="bk_RENAMED")
    writer.calendar.edit(renamed["id"], event_name="Intro call (EN/DE)", at=writer.after(renamed))


def _groups(writer: SampleWriter) -> None:
    """Group events with several invitees; in one of them a single invitee drops out."""
    for number in range(3):
        people = [dict(one) for one in writer.random.sample(writer.pool, 4 + number)]
        tour = writer.book(_BY_ID["ev_webinar"], HOSTS[number], people, booking_id=f"bk_TOUR{number}")
        if number == 1:
            writer.calendar.cancel_invitee(tour["id"], tour["invitees"][1]["id"], at=writer.after(tour))


def _odd_invitees(writer: SampleWriter) -> None:
    """Invitees whom HubSpot cannot take as they are, and names that must be escaped."""
    odd: list[dict[str, Any]] = [
        {"name": "Walk-in Guest", "email": None},
        {"name": "Typo Person", "email": "typo.person@gmail,com"},
        {"name": "Half Address", "email": "half@"},
        {"name": "Unreal Domain", "email": "someone@example.lcom"},
        {"name": "<script>alert('hi')</script> Eve", "email": "eve@hooli.example"},
        {"name": "Ann & Bob <Sales>", "email": "ANN.BOB@Globex.example"},
        {"name": "Ma\u0308rta Ångström", "email": "marta+sales@northwind.example"},
        {"name": "", "first_name": "Nameless", "email": "nameless@initech.example"},
    ]
    for number, invitee in enumerate(odd):
        guests = ["colleague@globex.example", "not-an-address"] if number % 2 else []
        host = HOSTS[number % len(HOSTS)]
        writer.book(_BY_ID["ev_discovery"], host, [invitee], booking_id=f"bk_ODD{number}", guests=guests)


def _co_hosts(writer: SampleWriter) -> None:
    """Several hosts at once, guests, and a long description."""
    text = "Agenda:\n1. Where you are\n2. Prices & terms\n3. <open questions>"
    co_hosts = [HOSTS[1].as_person(), HOSTS[5].as_person()]
    guests = ["guest03@globex.example", "assistant@northwind.example"]
    writer.book(
        _BY_ID["ev_pricing"],
        HOSTS[0],
        [writer.someone()],
        booking_id="bk_COHOSTS",
        co_hosts=co_hosts,
        guests=guests,
        description=text,
    )


def _clock_change(writer: SampleWriter) -> None:
    """Meetings that begin before their zone's clocks change and end after it; one zone moves by half an hour only."""
    for name, zone in (("BERLIN", "Europe/Berlin"), ("LORDHOWE", "Australia/Lord_Howe")):
        start = _before_clock_change(writer.now, zone)
        invitee = {**writer.someone(), "time_zone": zone}
        booking_id = f"bk_CLOCK{name}"
        writer.book(_BY_ID["ev_visit"], HOSTS[0], [invitee], booking_id=booking_id, start_at=start, time_zone=zone)


def _before_clock_change(now: datetime, zone: str) -> datetime:
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for _ in range(_HALF_A_YEAR_DAYS * 24):
        later = hour + timedelta(hours=1)
        if hour.astimezone(ZoneInfo(zone)).utcoffset() != later.astimezone(ZoneInfo(zone)).utcoffset():
            return hour
        hour = later
    return now + timedelta(days=30)


def _broken(writer: SampleWriter) -> None:
    """Two bookings that no reader can use: one without times, one with a status that nobody knows."""
    shape = writer.calendar.booking("bk_ACME0001")
    at = writer.working_moment()
    broken = {key: value for key, value in shape.items() if key not in {"start_at", "end_at"}}
    writer.calendar.put_raw(writer.workspace.id, {**broken, "id": "bk_NOTIMES", "start_at": "next Tuesday"}, at=at)
    waiting = {**shape, "id": "bk_PENDING", "status": "pending_approval"}
    writer.calendar.put_raw(writer.workspace.id, waiting, at=writer.working_moment())
