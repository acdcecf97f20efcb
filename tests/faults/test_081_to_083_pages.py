"""Faults 81 to 83: pages that repeat, lead nowhere, or are more than one expects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.clients.calendar import CalendarClient
from booking_sync.errors import IncompleteRead
from booking_sync.store.tables import integration
from tests.clients.scripted_server import ScriptedServer, answers
from tests.faults.ways import FEED
from tests.flow.scene import WORKSPACE, Scene

PAGE = 200


@pytest.fixture
def many(scene: Scene) -> list[str]:
    scene.run()
    return [scene.book(f"bk_{number:04}", invitees=[{"email": "all@example.com"}]) for number in range(PAGE + 30)]


def watermark(scene: Scene) -> Any:
    return scene.rows(select(integration.c.watermark))


def test_fault_081_a_cursor_that_comes_back_ends_the_read_and_records_no_window(scene: Scene, many: list[str]) -> None:
    before = watermark(scene)
    scene.sandbox.calendar.switches.repeat_cursor = True
    report = scene.run(may_be_red=True)
    assert "a cursor came back a second time" in report.reason
    assert len(scene.sandbox.calendar.history.matching(FEED)) <= 5
    assert scene.hubspot.activities() == []  # nothing is planned on it
    assert watermark(scene) == before
    scene.sandbox.calendar.switches.repeat_cursor = False
    scene.run()
    assert len(scene.hubspot.activities()) == len(many)


def test_fault_081_empty_pages_without_end_are_an_incomplete_read(
    server: ScriptedServer, calendar: CalendarClient
) -> None:
    server.will(*[answers(200, {"data": [], "next_cursor": f"cursor {number}"}) for number in range(500)])
    since = datetime(2026, 3, 2, tzinfo=UTC)
    with pytest.raises(IncompleteRead, match="there is no end of pages"):
        list(calendar.bookings_changed(WORKSPACE, since, since + timedelta(days=1)))
    assert len(server.seen) < 200


@pytest.mark.parametrize("trouble", ["empty_pages", "expire_cursors"])
def test_fault_082_an_empty_page_and_an_expired_cursor_are_not_the_end(
    scene: Scene, many: list[str], trouble: str
) -> None:
    setattr(scene.sandbox.calendar.switches, trouble, 1)
    report = scene.run()
    assert (report.counts["read"], report.counts["create"]) == (len(many), len(many))
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


NOWHERE: dict[str, dict[str, Any]] = {
    "no cursor, and not the end": {"next_cursor": ""},
    "a cursor that is no text": {"next_cursor": 7},
    "no list": {"data": None},
    "a list of something else": {"data": ["bk_1"]},
}


@pytest.mark.parametrize("changes", NOWHERE.values(), ids=NOWHERE)
def test_fault_082_a_page_that_leads_nowhere_records_no_window(scene: Scene, changes: dict[str, Any]) -> None:
    scene.run()
    booking_id = scene.book()
    before = watermark(scene)
    scene.sandbox.calendar.switches.rewrite(lambda document: {**document, **changes}, path=FEED)
    assert scene.run(may_be_red=True).is_red
    assert watermark(scene) == before
    assert scene.activities(booking_id) == []
    scene.run()
    scene.everything_is_right()


def test_fault_082_a_page_without_the_field_for_the_cursor_is_no_last_page(scene: Scene) -> None:
    scene.run()
    scene.book()
    before = watermark(scene)
    scene.sandbox.calendar.switches.rewrite(lambda document: {"data": document["data"]}, path=FEED)
    assert "the next cursor is missing" in scene.run(may_be_red=True).reason
    assert watermark(scene) == before


@pytest.mark.parametrize("count", [0, 1, 100, PAGE, PAGE + 1])
def test_fault_083_any_number_of_bookings_is_read_whole(scene: Scene, count: int) -> None:
    scene.run()
    for number in range(count):
        scene.book(f"bk_{number:04}", invitees=["all@example.com"])
    report = scene.run()
    assert (report.counts["read"], report.counts["create"]) == (count, count)


def test_fault_083_ten_thousand_bookings_are_read_whole(scene: Scene) -> None:
    for number in range(10_000):
        scene.book(f"bk_{number:05}")
    pages = list(scene.services.calendar.bookings_changed(WORKSPACE, scene.at(-48), scene.at(48)))
    assert len({one["id"] for page in pages for one in page}) == 10_000
    assert len(pages) == 10_000 / PAGE
