"""A window that suddenly returns far less than before is not believed until a person says so (W5)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from booking_sandbox.calendar_store import BookingStore
from booking_sync.errors import InvalidRequest
from booking_sync.store.tables import integration, integration_run, refused_plan
from tests.flow.scene import WORKSPACE, Scene

DAY = timedelta(days=1)
MANY = 30


def book_on(scene: Scene, day: datetime, count: int) -> None:
    for number in range(count):
        scene.calendar.book(WORKSPACE, at=day + timedelta(minutes=number))


def lose_everything(scene: Scene) -> None:
    """Let Calendar.com return nothing any more."""
    scene.calendar.store = BookingStore()


def watermark(scene: Scene) -> datetime:
    found: datetime = scene.rows(select(integration.c.watermark))[0]["watermark"]
    return found


def test_fault_084_a_source_that_returns_nothing_is_refused_and_archives_nothing(scene: Scene) -> None:
    start = scene.clock.now - 2 * DAY
    book_on(scene, start, MANY)
    scene.run(window_start=start)
    before = len(scene.hubspot.activities())
    lose_everything(scene)
    moment = watermark(scene)
    assert scene.writes_of(lambda: scene.run(window_start=start, may_be_red=True)) == []  # W5, X5
    assert watermark(scene) == moment
    assert len(scene.hubspot.activities()) == before == MANY
    (row,) = scene.rows(select(integration_run).where(integration_run.c.state == "failed"))
    assert "Calendar.com returned 0 bookings, and 30 for the window of 2026-02-28" in row["reason"]


def test_a_day_is_compared_with_the_same_day_a_week_before(scene: Scene) -> None:
    friday = scene.clock.now.replace(hour=0, minute=0) - 10 * DAY
    for day, count in ((friday, MANY), (friday + DAY, 2), (friday + 7 * DAY, 14)):
        book_on(scene, day, count)
    scene.backfill(friday, friday + DAY)
    scene.backfill(friday + DAY, friday + 2 * DAY)  # a weekend is no alarm
    report = scene.backfill(friday + 7 * DAY, friday + 8 * DAY, may_be_red=True)
    assert "returned 14 bookings, and 30 for the window of" in report.reason  # W5
    assert report.counts["create"] == 0


def test_a_quiet_night_after_a_busy_day_is_no_alarm(scene: Scene) -> None:
    start = scene.clock.now
    book_on(scene, start, MANY)
    scene.clock.advance(3600)
    scene.run_scheduled(start, start + DAY / 24)
    for hour in (1, 2, 3):
        scene.clock.advance(3600)
        scene.run_scheduled(start + hour * DAY / 24, start + (hour + 1) * DAY / 24)  # W5


def test_a_suspicious_window_is_let_through_once_when_a_person_says_so(scene: Scene) -> None:
    friday = scene.clock.now.replace(hour=0, minute=0) - 10 * DAY
    book_on(scene, friday, MANY)
    book_on(scene, friday + 7 * DAY, 3)
    scene.backfill(friday, friday + DAY)
    scene.backfill(friday + 7 * DAY, friday + 8 * DAY, may_be_red=True)
    (waiting,) = scene.rows(select(refused_plan))
    window = {"window_start": friday + 7 * DAY, "window_end": friday + 8 * DAY}
    report = scene.run(**window, approve_plan=waiting["checksum"])
    assert report.counts["create"] == 3
    scene.everything_is_right()  # W5
    (used,) = scene.rows(select(refused_plan))
    assert (used["state"], used["approved_by"], used["kind"]) == ("approved", "ada", "source")
    with pytest.raises(InvalidRequest, match="already; an approval counts once"):
        scene.run(**window, approve_plan=waiting["checksum"])


def test_a_dry_run_says_what_it_thinks_of_the_window(scene: Scene) -> None:
    start = scene.clock.now - 2 * DAY
    book_on(scene, start, MANY)
    scene.run(window_start=start)
    lose_everything(scene)
    report = scene.run(window_start=start, dry_run=True)
    assert "would be refused: Calendar.com returned 0 bookings" in report.note  # W4, W5
    assert scene.rows(select(refused_plan)) == []
