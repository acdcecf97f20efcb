"""The contract of the booking feed, over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from booking_sandbox.server import Sandbox
from tests.flow.clock import SceneClock
from tests.sandbox.conftest import START, Api

FEED = "/v1/workspaces/ws_1/bookings"


def at(seconds: float) -> Any:
    return START + timedelta(seconds=seconds)


def ids(response: Any) -> list[str]:
    return [one["id"] for one in response.json()["data"]]


def test_the_window_takes_its_start_and_leaves_its_end(sandbox: Sandbox, calendar: Api) -> None:
    for number in range(3):
        sandbox.calendar.state.book("ws_1", booking_id=f"bk_{number}", at=at(number))
    answer = calendar("GET", FEED, updated_since=at(0).isoformat(), updated_until=at(2).isoformat())
    assert ids(answer) == ["bk_0", "bk_1"]
    assert answer.json()["next_cursor"] is None
    assert answer.headers["X-RateLimit-Limit"] == "600"


def test_pages_follow_updated_at_then_id_without_loss(sandbox: Sandbox, calendar: Api) -> None:
    for number in range(7):
        sandbox.calendar.state.book("ws_1", booking_id=f"bk_{number}", at=at(number // 3))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = calendar("GET", FEED, limit=2, **cursor)
        seen += ids(answer)
        if answer.json()["next_cursor"] is None:
            break
        cursor = {"cursor": answer.json()["next_cursor"]}
    assert seen == [f"bk_{number}" for number in range(7)]


def test_a_change_moves_the_booking_out_of_the_old_window(sandbox: Sandbox, calendar: Api, clock: SceneClock) -> None:
    booked = sandbox.calendar.state.book("ws_1")
    clock.advance(60)
    canceled = sandbox.calendar.state.cancel(booked["id"], by="host", reason="ill")
    assert (canceled["version"], canceled["status"], canceled["canceled_by"]) == (2, "canceled", "host")
    assert ids(calendar("GET", FEED, updated_until=at(60).isoformat())) == []
    assert ids(calendar("GET", FEED, updated_since=at(60).isoformat())) == [booked["id"]]


def test_updated_at_grows_even_when_the_clock_stands_still(sandbox: Sandbox) -> None:
    state = sandbox.calendar.state
    first = state.book("ws_1")
    second = state.edit(first["id"], description="new")
    assert second["updated_at"] > first["updated_at"]


def test_reschedule_in_place_keeps_the_length_and_counts(sandbox: Sandbox) -> None:
    state = sandbox.calendar.state
    booked = state.book("ws_1", start_at=at(0), duration_minutes=45)
    moved = state.reschedule_in_place(booked["id"], at(3600), host="new.host@acme.example", by="host")
    assert moved["start_at"] == "2026-11-22T10:00:00.000000Z"
    assert moved["end_at"] == "2026-11-22T10:45:00.000000Z"
    assert (moved["status"], moved["reschedule_count"], moved["rescheduled_by"]) == ("scheduled", 1, "host")
    assert moved["host"]["email"] == "new.host@acme.example"


def test_reschedule_to_a_new_booking_links_both(sandbox: Sandbox) -> None:
    state = sandbox.calendar.state
    old = state.book("ws_1")
    new = state.reschedule_to_new(old["id"], at(7200))
    old = state.booking(old["id"])
    assert (old["status"], old["rescheduled_to_id"], old["version"]) == ("rescheduled", new["id"], 2)
    assert (new["status"], new["rescheduled_from_id"], new["version"]) == ("scheduled", old["id"], 1)


def test_ids_select_bookings_of_the_workspace_only(sandbox: Sandbox, calendar: Api) -> None:
    state = sandbox.calendar.state
    state.add_workspace("ws_2")
    mine, foreign = state.book("ws_1")["id"], state.book("ws_2")["id"]
    assert ids(calendar("GET", FEED, ids=f"{mine},{foreign},bk_nowhere")) == [mine]
    assert calendar("GET", FEED, ids=",".join(f"bk_{n}" for n in range(101))).status_code == 422


def test_the_feed_of_all_workspaces_needs_a_window_and_includes_every_plan(sandbox: Sandbox, calendar: Api) -> None:
    state = sandbox.calendar.state
    state.add_workspace("ws_free", plan="free")
    both = {state.book("ws_1")["id"], state.book("ws_free")["id"]}
    window = {"updated_since": at(0).isoformat(), "updated_until": at(60).isoformat()}
    assert set(ids(calendar("GET", "/v1/bookings", **window))) == both
    assert calendar("GET", "/v1/bookings").json()["error"]["code"] == "invalid_request"


def test_a_plan_below_pro_is_402_plan_required(sandbox: Sandbox, calendar: Api) -> None:
    sandbox.calendar.state.add_workspace("ws_1", plan="basic")
    answer = calendar("GET", FEED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, "plan_required")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "x"},
        {"updated_since": "2026-11-22T09:00:00"},
        {"updated_since": "soon"},
        {"updated_since": "2026-11-23T00:00:00Z", "updated_until": "2026-11-22T00:00:00Z"},
        {"cursor": "nonsense"},
        {"status": "scheduled"},
    ],
)
def test_a_wrong_query_is_422(calendar: Api, query: dict[str, str]) -> None:
    answer = calendar("GET", FEED, **query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_keys_decide_what_may_be_read(sandbox: Sandbox, calendar: Api) -> None:
    state = sandbox.calendar.state
    state.add_workspace("ws_2")
    state.add_key("narrow", ["ws_2"])
    state.book("ws_1")
    mine = state.book("ws_2")["id"]
    narrow = Api(sandbox.calendar.url, "narrow")
    window = {"updated_since": at(0).isoformat(), "updated_until": at(60).isoformat()}
    assert narrow("GET", FEED).status_code == 403
    assert ids(narrow("GET", "/v1/workspaces")) == ["ws_2"]
    assert ids(narrow("GET", "/v1/bookings", **window)) == [mine]
    state.revoke_key("narrow")
    assert narrow("GET", "/v1/workspaces").status_code == 401
    assert Api(sandbox.calendar.url, "unknown")("GET", "/v1/workspaces").status_code == 401
    assert calendar("GET", "/v1/workspaces/ws_nowhere").status_code == 404


def test_nothing_can_be_written(sandbox: Sandbox, calendar: Api) -> None:
    assert calendar("POST", FEED, {}).status_code == 405
    assert sandbox.calendar.state.bookings() == []


def test_a_late_change_shows_the_version_before_it(sandbox: Sandbox, calendar: Api, clock: SceneClock) -> None:
    booked = sandbox.calendar.state.book("ws_1")
    clock.advance(300)
    sandbox.calendar.state.cancel(booked["id"])
    sandbox.calendar.switches.late_visibility_seconds = 120
    assert calendar("GET", FEED).json()["data"][0]["version"] == 1
    clock.advance(120)
    assert calendar("GET", FEED).json()["data"][0]["version"] == 2


def test_faults_of_the_feed(sandbox: Sandbox, calendar: Api) -> None:
    switches = sandbox.calendar.switches
    switches.rate_limit(retry_after_seconds=7)
    limited = calendar("GET", FEED)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    switches.fail(503, nth=2)
    assert [calendar("GET", FEED).status_code for _ in range(3)] == [200, 503, 200]
    switches.answer(418, "short and stout")
    assert calendar("GET", FEED).text == "short and stout"
    switches.rewrite(lambda document: {**document, "next_cursor": 7})
    assert calendar("GET", FEED).json()["next_cursor"] == 7
    switches.invalid_json()
    with pytest.raises(ValueError, match=r"."):
        calendar("GET", FEED).json()


def test_the_limit_per_minute_is_kept_when_switched_on(sandbox: Sandbox, calendar: Api, clock: SceneClock) -> None:
    sandbox.calendar.switches.requests_per_minute = 2
    assert [calendar("GET", FEED).status_code for _ in range(3)] == [200, 200, 429]
    clock.advance(60)
    assert calendar("GET", FEED).status_code == 200


def test_cursors_can_expire_repeat_and_lead_to_empty_pages(sandbox: Sandbox, calendar: Api) -> None:
    for number in range(5):
        sandbox.calendar.state.book("ws_1", booking_id=f"bk_{number}", at=at(number))
    switches = sandbox.calendar.switches
    switches.empty_pages = 1
    empty = calendar("GET", FEED, limit=2).json()
    assert empty["data"] == []
    first = calendar("GET", FEED, limit=2, cursor=empty["next_cursor"])
    assert ids(first) == ["bk_0", "bk_1"]
    switches.expire_cursors = 1
    expired = calendar("GET", FEED, cursor=first.json()["next_cursor"])
    assert (expired.status_code, expired.json()["error"]["code"]) == (410, "cursor_expired")
    switches.repeat_cursor = True
    again = calendar("GET", FEED, limit=2, cursor=first.json()["next_cursor"])
    assert again.json()["next_cursor"] == first.json()["next_cursor"]


def test_pages_can_overlap_and_change_under_the_reader(sandbox: Sandbox, calendar: Api) -> None:
    for number in range(4):
        sandbox.calendar.state.book("ws_1", booking_id=f"bk_{number}", at=at(number - 10))
    sandbox.calendar.switches.duplicate_across_pages = True
    sandbox.calendar.switches.change_while_paging = 1
    first = calendar("GET", FEED, limit=2)
    second = calendar("GET", FEED, limit=3, cursor=first.json()["next_cursor"])
    assert ids(first) == ["bk_0", "bk_1"]
    assert ids(second) == ["bk_1", "bk_2", "bk_3", "bk_0"]
    assert second.json()["data"][-1]["version"] == 2


def test_the_fields_that_the_feed_is_sorted_by_are_set_with_at_only(sandbox: Sandbox) -> None:
    state = sandbox.calendar.state
    booked = state.book("ws_1", invitees=[], at=at(-60))
    assert (booked["invitees"], booked["updated_at"]) == ([], "2026-11-22T08:59:00.000000Z")
    with pytest.raises(ValueError, match="updated_at"):
        state.edit(booked["id"], updated_at="2026-11-22T08:00:00Z")
    with pytest.raises(ValueError, match="colour"):
        state.book("ws_1", colour="red")


def test_broken_payloads_go_out_as_they_are(sandbox: Sandbox, calendar: Api) -> None:
    sandbox.calendar.state.put_raw("ws_1", {"id": "bk_broken", "host": 5})
    assert calendar("GET", FEED).json()["data"][0]["host"] == 5
