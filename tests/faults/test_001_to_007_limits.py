"""Faults 1 to 7: HubSpot asks for patience, in every way in which it does and in some in which it should not."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from booking_sync.errors import Throttled
from tests.faults.ways import CREATE, assert_made_once, statuses, waited
from tests.flow.scene import Scene

TEN_SECONDS = json.dumps({"policyName": "TEN_SECONDLY_ROLLING"})
A_QUARTER = timedelta(minutes=15)


def put_off(scene: Scene, retry_after: str, body: str = "") -> None:
    scene.switches.answer(429, body, headers={"Retry-After": retry_after}, path=CREATE)


def test_fault_001_as_many_seconds_as_it_is_told_are_waited(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()
    put_off(scene, "7")
    assert scene.run().counts["create"] == 1
    assert statuses(scene, CREATE) == [429, 201]
    assert 7 <= waited(scene) < 9
    assert_made_once(scene, booking_id)


def test_fault_001_the_next_integration_goes_through_although_this_one_has_to_wait(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Other")
    mine, other = scene.book(), scene.calendar.book("ws_2")["id"]
    scene.switches.answer(429, headers={"Retry-After": "30"}, path=CREATE, count=2)
    report = scene.run()
    assert (report.counts["kept"], report.counts["create"]) == (1, 1)
    scene.run()
    assert [len(scene.activities(one)) for one in (mine, other)] == [1, 1]


def test_fault_002_an_http_date_is_understood(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()
    put_off(scene, format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True))
    assert scene.run().counts["create"] == 1
    assert 17 <= waited(scene) <= 22
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize("retry_after", ["-5", "0", "soon", "nan", "Wed, 21 Oct 2015 07:28:00 GMT", "\t"])
def test_fault_003_a_wait_that_makes_no_sense_is_a_short_one(scene: Scene, retry_after: str) -> None:
    scene.run()
    booking_id = scene.book()
    put_off(scene, retry_after, json.dumps({"policyName": "SECONDLY"}))
    assert scene.run().counts["create"] == 1
    assert 1 <= waited(scene) < 3
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize("retry_after", ["5000", "1000000000", "1e300", "inf"])
def test_fault_003_a_wait_that_is_too_long_is_left_to_the_runs_after_it(scene: Scene, retry_after: str) -> None:
    scene.run()
    booking_id = scene.book()
    put_off(scene, retry_after)
    for _ in range(2):
        before = scene.clock.now
        report = scene.run()
        assert (report.counts["kept"], report.is_red) == (1, False)
        assert scene.clock.now - before < timedelta(minutes=2)  # it is not waited for
    assert statuses(scene, CREATE) == [429]  # nor is it asked again before the time is over: an hour at the most
    scene.clock.advance(3600)
    assert scene.run().counts["create"] == 1
    assert_made_once(scene, booking_id)


def test_fault_004_without_a_header_the_policy_says_how_long(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()
    scene.switches.rate_limited("TEN_SECONDLY_ROLLING", path=CREATE)
    assert scene.run().counts["create"] == 1
    assert 10 <= waited(scene) < 12
    assert_made_once(scene, booking_id)


def test_fault_005_the_daily_limit_stops_the_plan_and_keeps_the_rest(scene: Scene) -> None:
    moved = [scene.book() for _ in range(3)]
    scene.run()
    for booking_id in moved:
        scene.move(booking_id, 9)
    scene.switches.rate_limited("DAILY", path=CREATE, count=100)
    report = scene.run()
    assert (report.counts["kept"], report.is_red) == (3, False)
    assert "the daily limit is used up" in report.note
    assert statuses(scene, CREATE)[-1:] == [429]
    assert len(statuses(scene, CREATE)) == 2  # it is not asked again
    scene.switches.faults.clear()
    scene.clock.advance(24 * 3600)
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_005_runs_until_midnight_say_so_ask_once_and_record_no_window(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()
    scene.switches.rate_limited("DAILY", count=100)
    for _ in range(3):
        scene.clock.advance(A_QUARTER.total_seconds())
        before = len(scene.sandbox.hubspot.history)
        report = scene.run()
        assert "nothing is passed on until midnight in the portal's time zone" in report.note
        assert len(scene.sandbox.hubspot.history) == before + 1
    scene.switches.faults.clear()
    scene.clock.advance(24 * 3600)
    scene.run()
    assert_made_once(scene, booking_id)


def test_fault_005_what_was_written_before_the_limit_is_recorded(scene: Scene) -> None:
    scene.run()
    first, second = scene.book(), scene.book()
    scene.run()
    scene.move(first, 9)
    scene.calendar.cancel(second)
    scene.switches.rate_limited("DAILY", path="/meetings/batch/update", count=100)
    report = scene.run()
    assert (report.counts["recreate"], report.counts["kept"], report.is_red) == (1, 1, False)
    scene.switches.faults.clear()
    scene.run()
    scene.everything_is_right()


def test_fault_006_a_storm_of_half_an_hour_loses_nothing_and_doubles_nothing(scene: Scene) -> None:
    scene.run()
    ids = [scene.book() for _ in range(20)]
    for number in range(60):  # nine of ten requests are put off
        scene.switches.rate_limited(nth=10 * number + 1, count=9)
    began_at, before = scene.clock.now, len(scene.sandbox.hubspot.history)
    while scene.clock.now < began_at + 2 * A_QUARTER:
        with suppress(Throttled):  # not even the portal's name can be read
            scene.run(may_be_red=True)
        scene.clock.advance(A_QUARTER.total_seconds())
    asked = len(scene.sandbox.hubspot.history) - before
    assert asked <= 3 * 4 * 10  # in three runs, each of few calls, four tries of a call at the most
    scene.switches.faults.clear()
    scene.run()
    scene.run()
    assert {len(scene.activities(one, include_archived=True)) for one in ids} == {1}
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("body", ["<html><h1>Too many requests</h1></html>", "", "[]", "null", '{"policyName": 7}'])
def test_fault_007_a_limit_without_a_readable_body_is_waited_out_too(scene: Scene, body: str) -> None:
    scene.run()
    booking_id = scene.book()
    scene.switches.answer(429, body, path=CREATE)
    assert scene.run().counts["create"] == 1
    assert 10 <= waited(scene) < 12
    assert_made_once(scene, booking_id)
