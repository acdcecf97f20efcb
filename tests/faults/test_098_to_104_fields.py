"""Faults 98 to 104: times, durations, fields, statuses, places and ids that are not what they should be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.activity_page import Page
from tests.clients.scripted_server import ScriptedServer
from tests.faults.ways import assert_made_once
from tests.flow.scene import WORKSPACE, Scene


def put(scene: Scene, booking_id: str, **fields: Any) -> None:
    """Let Calendar.com return a booking with these fields, whatever they are."""
    whole = scene.calendar.booking(booking_id)
    changed = {**whole, "version": whole["version"] + 1, **fields}
    scene.calendar.put_raw(WORKSPACE, {k: v for k, v in changed.items() if v is not ...}, at=scene.clock.now)


def assert_parked(scene: Scene, booking_id: str, reason: str, **fields: Any) -> None:
    """See that such a booking is kept with its reason, holds up no other, and is read when it is mended."""
    other = scene.book()
    whole = scene.calendar.booking(booking_id)
    put(scene, booking_id, **fields)
    report = scene.run()
    assert (report.counts["create"], report.counts["rejected"], report.is_red) == (1, 1, False)  # W6
    assert f"rejected {booking_id}: {reason}" in report.note
    assert len(scene.activities(other)) == 1
    assert scene.activities(booking_id) == []
    assert scene.run().counts["rejected"] == 1  # it is read again by every run
    scene.calendar.put_raw(WORKSPACE, {**whole, "version": 9}, at=scene.clock.now)
    scene.run()
    assert_made_once(scene, booking_id)


MOMENTS: dict[str, tuple[str, str, str, str]] = {
    "an hour that does not exist": ("2026-03-29T02:30:00+01:00", "Europe/Berlin", "2026-03-29T01:30:00.000Z", "03:30"),
    "the first 02:30": ("2026-10-25T02:30:00+02:00", "Europe/Berlin", "2026-10-25T00:30:00.000Z", "UTC+02:00"),
    "the second 02:30": ("2026-10-25T02:30:00+01:00", "Europe/Berlin", "2026-10-25T01:30:00.000Z", "UTC+01:00"),
    "an old name of a zone": ("2026-03-05T13:00:00Z", "Europe/Kiev", "2026-03-05T13:00:00.000Z", "15:00"),
    "its new name": ("2026-03-05T13:00:00Z", "Europe/Kyiv", "2026-03-05T13:00:00.000Z", "15:00"),
    "an offset of quarters": ("2026-03-05T13:00:00+05:45", "Asia/Kathmandu", "2026-03-05T07:15:00.000Z", "13:00"),
}


@pytest.mark.parametrize(("start_at", "zone", "instant", "told"), MOMENTS.values(), ids=MOMENTS)
def test_fault_098_a_time_is_the_instant_that_was_meant(
    scene: Scene, start_at: str, zone: str, instant: str, told: str
) -> None:
    booking_id = scene.book(
        start_at=datetime.fromisoformat(start_at), end_at=datetime.fromisoformat(start_at), time_zone=zone
    )
    put(scene, booking_id, start_at=start_at, end_at=start_at)
    scene.run()
    shown = scene.shown(booking_id)
    assert (shown["hs_meeting_start_time"], shown["hs_timestamp"]) == (instant, instant)
    assert told in Page(shown["hs_meeting_body"]).text
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "GMT+25", None, ""])
def test_fault_098_a_zone_that_nobody_knows_is_shown_in_utc(scene: Scene, zone: str | None) -> None:
    booking_id = scene.book(start_at=datetime(2026, 3, 5, 13, tzinfo=UTC), time_zone=zone)
    scene.run()
    assert scene.shown(booking_id)["hs_meeting_start_time"] == "2026-03-05T13:00:00.000Z"
    assert "13:00–13:30 (UTC)" in Page(scene.shown(booking_id)["hs_meeting_body"]).text.replace("-", "–")
    assert_made_once(scene, booking_id)


def test_fault_098_a_time_without_an_offset_is_not_guessed_at(scene: Scene) -> None:
    assert_parked(scene, scene.book(), "start_at: has no offset from UTC", start_at="2026-03-05T13:00:00")


DURATIONS = {
    "nothing": ("2026-03-05T13:00:00Z", "0"),
    "a month": ("2026-04-04T13:00:00Z", "43200"),
    "a whole day": ("2026-03-06T13:00:00Z", "1440"),
    "half a minute": ("2026-03-05T13:00:30Z", "0"),
}


@pytest.mark.parametrize(("end_at", "minutes"), DURATIONS.values(), ids=DURATIONS)
def test_fault_099_any_length_that_makes_sense_is_written(scene: Scene, end_at: str, minutes: str) -> None:
    booking_id = scene.book()
    put(scene, booking_id, start_at="2026-03-05T13:00:00Z", end_at=end_at)
    scene.run()
    assert scene.shown(booking_id)["calendar_event_duration"] == minutes
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize(
    ("end_at", "reason"),
    [("2026-03-01T13:00:00Z", "end_at: before start_at"), (None, "end_at: "), (..., "end_at: is missing")],
)
def test_fault_099_a_meeting_that_ends_before_it_begins_or_never_is_parked(
    scene: Scene, end_at: Any, reason: str
) -> None:
    assert_parked(scene, scene.book(), reason, end_at=end_at)


OUT_OF_RANGE = {
    "zero": ("1970-01-01T00:00:00Z", "not between the years"),
    "9999": ("9999-12-31T23:59:59Z", "not between the years"),
    "the year 58000": ("+58123-01-01T00:00:00Z", "not a date-time"),
    "seconds": (1_772_715_600, "not a date-time"),
    "milliseconds": (1_772_715_600_000, "not a date-time"),
    "a leap second": ("2026-06-30T23:59:60Z", "not a date-time"),
    "a day that is none": ("2026-02-30T10:00:00Z", "not a date-time"),
}


@pytest.mark.parametrize(("start_at", "reason"), OUT_OF_RANGE.values(), ids=OUT_OF_RANGE)
def test_fault_100_a_time_out_of_range_is_parked(scene: Scene, start_at: Any, reason: str) -> None:
    assert_parked(scene, scene.book(), f"start_at: {reason}", start_at=start_at)


MISSING = {
    "event": (None, "event: "),
    "host": (..., "host: is missing"),
    "invitees": ("ada@example.com", "invitees: not a list"),
    "version": (0, "version: too small"),
    "start_at": (..., "start_at: is missing"),
    "workspace_id": ("ws_other", "workspace_id: belongs to another workspace"),
}


@pytest.mark.parametrize("field", MISSING)
def test_fault_101_a_field_that_is_needed_and_wrong_parks_its_booking(scene: Scene, field: str) -> None:
    value, reason = MISSING[field]
    booking_id = scene.book()
    if field == "version":
        whole = {**scene.calendar.booking(booking_id), "version": value}
        scene.calendar.put_raw(WORKSPACE, whole, at=scene.clock.now)
        assert f"rejected {booking_id}: {reason}" in scene.run().note
    else:
        assert_parked(scene, booking_id, reason, **{field: value})


OPTIONAL = ("time_zone", "location", "description", "co_hosts", "guests", "tracking", "canceled_by", "reschedule_count")


@pytest.mark.parametrize("value", [None, ...], ids=["null", "absent"])
def test_fault_101_what_is_not_needed_may_be_null_or_absent_and_what_is_new_is_ignored(
    scene: Scene, value: Any
) -> None:
    booking_id = scene.book()
    put(scene, booking_id, **dict.fromkeys(OPTIONAL, value), brand_new={"field": [1, 2]})
    assert scene.run().counts["create"] == 1
    assert len(scene.activities(booking_id)) == 1
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("status", ["tentative", "SCHEDULED", "", None, 7, "no-show <b>"])
def test_fault_102_a_status_that_nobody_knows_writes_nothing(scene: Scene, status: Any) -> None:
    reason = "status: 'tentative' is not known" if status == "tentative" else "status: not a known status"
    assert_parked(scene, scene.book(), reason, status=status)


@pytest.mark.parametrize("path", ["/latest/meta-data/", "/join"])
def test_fault_103_a_place_is_text_and_never_fetched(scene: Scene, server: ScriptedServer, path: str) -> None:
    address = server.url + path
    booking_id = scene.book(location={"kind": "video", "value": address, "join_url": address}, description=address)
    scene.run()
    assert scene.shown(booking_id)["hs_meeting_location"] == address
    assert server.seen == []
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)", "//host/x"])
def test_fault_103_only_a_web_address_becomes_a_link(scene: Scene, address: str) -> None:
    booking_id = scene.book(location={"kind": "video", "value": None, "join_url": address})
    scene.run()
    shown = scene.shown(booking_id)
    assert "hs_meeting_external_url" not in shown
    assert shown["hs_meeting_location"] == address
    assert Page(shown["hs_meeting_body"]).links == []
    scene.assert_repeating_writes_nothing()


IDS = (
    "bk/../../v1",
    "bk?limit=1&x=2",
    "bk#fragment",
    "bk %2F %00",
    "прив\N{GRINNING FACE}ет",
    "b" * 200,
    "..",
    "' \" \\",
)


@pytest.mark.parametrize("booking_id", IDS)
def test_fault_104_an_odd_id_is_one_id_all_the_way(scene: Scene, booking_id: str) -> None:
    scene.run()
    scene.book(booking_id, invitees=[{"id": "inv_1", "email": "ada@example.com"}])
    scene.switches.fail_before(503, path="/meetings/batch/create")
    scene.run()
    scene.clock.advance(24 * 3600)
    scene.run()  # it is sent again
    scene.calendar.cancel(booking_id)
    scene.run(booking_ids=(booking_id,))  # asked for by its id
    shown = scene.shown(booking_id)
    assert shown["calendar_booking_id"] == booking_id
    assert shown["hs_meeting_title"].startswith("[Canceled]")
    assert len(shown["calendar_booking_key"]) == 44  # a digest, whatever the id
    assert_made_once(scene, booking_id)


def test_fault_104_an_id_of_500_characters_is_parked(scene: Scene) -> None:
    scene.calendar.put_raw(WORKSPACE, {"id": "x" * 500, "status": "scheduled"}, at=scene.clock.now)
    scene.broken.add("x" * 500)
    other = scene.book()
    report = scene.run()
    assert "rejected (no id): id: longer than 200 characters" in report.note
    assert_made_once(scene, other)
