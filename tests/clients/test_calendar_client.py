"""Reading Calendar.com: every page or an error, and nothing but GET."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.retry import HttpLimits
from booking_sync.errors import ConfigurationError, IncompleteRead, NotFound, OutcomeUnknown, PlanRequired, Refused
from booking_sync.model import Workspace
from tests.clients.scripted_server import Answering, ScriptedServer, answers

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2026, 3, 2, tzinfo=UTC)
EXPIRED = answers(410, {"error": {"code": "cursor_expired", "message": "x"}})


def a_page(*ids: str, cursor: str | None = None, updated_at: str = "2026-03-01T12:00:00.000005Z") -> Answering:
    return answers(200, {"data": [{"id": one, "updated_at": updated_at} for one in ids], "next_cursor": cursor})


def ids_of(pages: Any) -> list[str]:
    return [booking["id"] for page in pages for booking in page]


def test_every_page_of_a_window_is_read(server: ScriptedServer, calendar: CalendarClient) -> None:
    server.will(a_page("a", "b", cursor="c1"), a_page("c", cursor="c2"), a_page("d"))
    assert ids_of(calendar.bookings_changed("ws/1", SINCE, UNTIL)) == ["a", "b", "c", "d"]
    assert {seen.method for seen in server.seen} == {"GET"}  # D1
    assert {seen.path for seen in server.seen} == {"/v1/workspaces/ws%2F1/bookings"}
    assert [seen.query.get("cursor") for seen in server.seen] == [None, "c1", "c2"]
    assert {seen.query["limit"] for seen in server.seen} == {"200"}


def test_the_edges_of_a_window_are_sent_in_utc_with_microseconds(
    server: ScriptedServer, calendar: CalendarClient
) -> None:
    server.will(a_page())
    since = datetime(2026, 3, 1, 2, 0, 0, 7, tzinfo=timezone(timedelta(hours=2)))
    assert list(calendar.bookings_changed_everywhere(since, UNTIL)) == []
    assert server.seen[0].path == "/v1/bookings"
    assert server.seen[0].query["updated_since"] == "2026-03-01T00:00:00.000007Z"
    assert server.seen[0].query["updated_until"] == "2026-03-02T00:00:00.000000Z"


def test_a_window_without_time_zone_is_refused(calendar: CalendarClient) -> None:
    with pytest.raises(ConfigurationError):
        list(calendar.bookings_changed_everywhere(datetime(2026, 3, 1), UNTIL))  # noqa: DTZ001 - the point of the test


def test_an_empty_page_in_the_middle_is_not_the_end(server: ScriptedServer, calendar: CalendarClient) -> None:
    server.will(a_page(cursor="c1"), a_page("a", cursor="c2"), a_page())
    assert ids_of(calendar.bookings_changed("ws", SINCE, UNTIL)) == ["a"]


def test_a_cursor_that_comes_back_is_an_incomplete_read(server: ScriptedServer, calendar: CalendarClient) -> None:
    server.will(a_page("a", cursor="c1"), a_page("b", cursor="c2"), a_page("a", cursor="c1"))
    with pytest.raises(IncompleteRead):
        list(calendar.bookings_changed("ws", SINCE, UNTIL))
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"next_cursor": None},
        {"data": None, "next_cursor": None},
        {"data": {"id": "a"}, "next_cursor": None},
        {"data": ["a"], "next_cursor": None},
        {"data": []},
        {"data": [], "next_cursor": 7},
        {"data": [], "next_cursor": ""},
    ],
)
def test_an_answer_of_another_shape_is_an_incomplete_read(
    server: ScriptedServer, calendar: CalendarClient, body: Any
) -> None:
    server.will(answers(200, body))
    with pytest.raises(IncompleteRead):
        list(calendar.bookings_changed("ws", SINCE, UNTIL))


def test_an_expired_cursor_goes_on_from_the_last_booking_seen(server: ScriptedServer, calendar: CalendarClient) -> None:
    server.will(a_page("a", "b", cursor="c1"), EXPIRED, a_page("b", "c"))
    assert ids_of(calendar.bookings_changed("ws", SINCE, UNTIL)) == ["a", "b", "b", "c"]
    assert server.seen[2].query["updated_since"] == "2026-03-01T12:00:00.000005Z"
    assert "cursor" not in server.seen[2].query


@pytest.mark.parametrize("updated_at", ["no time", "2026-03-01T12:00:00", "2031-01-01T00:00:00Z"])
def test_an_expired_cursor_starts_over_where_the_last_time_is_no_use(
    server: ScriptedServer, calendar: CalendarClient, updated_at: str
) -> None:
    server.will(a_page("a", cursor="c1", updated_at=updated_at), EXPIRED, a_page("a"))
    assert ids_of(calendar.bookings_changed("ws", SINCE, UNTIL)) == ["a", "a"]
    assert server.seen[2].query["updated_since"] == "2026-03-01T00:00:00.000000Z"


def test_a_cursor_that_expires_again_and_again_is_an_incomplete_read(
    server: ScriptedServer, calendar: CalendarClient
) -> None:
    server.will(*[a_page("a", cursor="c1"), EXPIRED] * 5)
    with pytest.raises(IncompleteRead):
        list(calendar.bookings_changed("ws", SINCE, UNTIL))
    assert len(server.seen) == 6


def test_a_first_page_that_is_gone_is_not_asked_for_again(server: ScriptedServer, calendar: CalendarClient) -> None:
    server.will(EXPIRED)
    with pytest.raises(Refused):
        list(calendar.bookings_changed("ws", SINCE, UNTIL))
    assert len(server.seen) == 1


def test_bookings_are_asked_for_by_a_hundred_ids(server: ScriptedServer, calendar: CalendarClient) -> None:
    ids = [f"bk_{number}" for number in range(150)]
    server.will(a_page("bk_0", cursor="c1"), a_page("bk_1"), a_page("bk_149"))
    found = calendar.bookings_by_id("ws", [*ids, "bk_0", "with,comma", ""])
    assert [booking["id"] for booking in found] == ["bk_0", "bk_1", "bk_149"]
    assert [seen.query["ids"].split(",") for seen in server.seen] == [ids[:100], ids[:100], ids[100:]]


def test_no_ids_are_no_request(server: ScriptedServer, calendar: CalendarClient) -> None:
    assert calendar.bookings_by_id("ws", ["with,comma"]) == []
    assert server.seen == []


def test_workspaces_are_read_with_what_is_known_of_them(server: ScriptedServer, calendar: CalendarClient) -> None:
    full = {"id": "ws_1", "name": "Sales", "plan": "pro", "time_zone": "Europe/Berlin", "colour": "new field"}
    server.will(answers(200, {"data": [full], "next_cursor": "c1"}))
    server.will(answers(200, {"data": [{"id": "ws_2", "plan": None}], "next_cursor": None}))
    assert list(calendar.workspaces()) == [
        Workspace("ws_1", "Sales", "pro", "Europe/Berlin"),
        Workspace("ws_2", "", "", ""),
    ]


def test_a_workspace_without_id_is_an_incomplete_read(server: ScriptedServer, calendar: CalendarClient) -> None:
    server.will(answers(200, {"name": "Sales", "plan": "pro"}))
    with pytest.raises(IncompleteRead):
        calendar.workspace("ws_1")


def test_a_workspace_on_a_smaller_plan_is_told(server: ScriptedServer, calendar: CalendarClient) -> None:  # K1
    server.will(answers(402, {"error": {"code": "plan_required", "message": "x"}}))
    with pytest.raises(PlanRequired):
        list(calendar.bookings_changed("ws", SINCE, UNTIL))


def test_a_workspace_that_does_not_exist_is_not_an_empty_one(server: ScriptedServer, calendar: CalendarClient) -> None:
    server.will(answers(404, {"error": {"code": "not_found", "message": "x"}}))
    with pytest.raises(NotFound):
        list(calendar.bookings_changed("ws", SINCE, UNTIL))


@pytest.mark.parametrize(("count", "sentence"), [(0, "reads 0 workspaces"), (1, "reads 1 workspace")])
def test_the_test_button_gets_a_sentence(
    server: ScriptedServer, calendar: CalendarClient, count: int, sentence: str
) -> None:
    server.will(answers(200, {"data": [{"id": "ws"}] * count, "next_cursor": None}))
    assert calendar.describe() == sentence


def test_a_client_with_less_patience_gives_up_sooner_and_the_one_it_was_made_from_does_not(
    server: ScriptedServer, calendar: CalendarClient
) -> None:
    busy = answers(503, {"error": {"code": "unavailable", "message": "x"}})
    server.will(busy, busy, a_page("a"))
    with pytest.raises(OutcomeUnknown):
        ids_of(calendar.with_limits(HttpLimits(attempts=1)).bookings_changed("ws", SINCE, UNTIL))
    assert len(server.seen) == 1
    assert ids_of(calendar.bookings_changed("ws", SINCE, UNTIL)) == ["a"]
