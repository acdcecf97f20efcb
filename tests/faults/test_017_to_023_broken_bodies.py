"""Faults 17 to 23: connections that break in the middle, and bodies that are not what they should be."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from booking_sync.errors import BookingSyncError
from tests.clients.scripted_server import ScriptedServer
from tests.faults.gate import Gate, drip_the_answer, reset_in_the_answer, reset_in_the_request
from tests.faults.ways import ACCOUNT, CREATE, FEED, assert_made_once, given_a_quiet_start, going_to, lose_and_settle
from tests.flow.scene import Scene

MEGABYTE = 1024 * 1024


def test_fault_017_a_reset_in_the_middle_of_the_request_is_read_back(scene: Scene, gate: Gate) -> None:
    booking_id = given_a_quiet_start(scene)
    gate.plan(CREATE, reset_in_the_request)
    lose_and_settle(scene, booking_id, going_to(scene, gate.url), is_done=False)


def test_fault_018_a_reset_in_the_middle_of_the_answer_is_read_back(scene: Scene, gate: Gate) -> None:
    booking_id = given_a_quiet_start(scene)
    gate.plan(CREATE, reset_in_the_answer)
    lose_and_settle(scene, booking_id, going_to(scene, gate.url), is_done=True)


def test_fault_019_an_answer_of_a_byte_at_a_time_is_cut_at_the_deadline(scene: Scene, gate: Gate) -> None:
    booking_id = given_a_quiet_start(scene)
    gate.plan(CREATE, drip_the_answer)
    lose_and_settle(scene, booking_id, going_to(scene, gate.url), is_done=True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", [ACCOUNT, CREATE, "/contacts/batch/read"])
def test_fault_020_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(
    scene: Scene, server: ScriptedServer, status: int, path: str
) -> None:
    booking_id = given_a_quiet_start(scene)
    scene.switches.answer(status, headers={"Location": f"{server.url}/elsewhere"}, path=path)
    if path == ACCOUNT:
        with pytest.raises(BookingSyncError):
            scene.run()
    else:
        assert scene.run(may_be_red=True).is_red
    assert server.seen == []
    scene.run()
    assert_made_once(scene, booking_id)


def test_fault_020_calendar_com_cannot_redirect_us_either(scene: Scene, server: ScriptedServer) -> None:
    booking_id = given_a_quiet_start(scene)
    scene.sandbox.calendar.switches.answer(302, headers={"Location": server.url}, path=FEED)
    assert "a redirect, which is not followed" in scene.run(may_be_red=True).reason
    assert server.seen == []
    scene.run()
    assert_made_once(scene, booking_id)


def test_fault_021_a_page_that_unpacks_to_a_hundred_megabytes_fills_no_memory(scene: Scene) -> None:
    booking_id = given_a_quiet_start(scene)
    bomb = gzip.compress(b" " * (100 * MEGABYTE), compresslevel=1)
    scene.sandbox.calendar.switches.answer(200, bomb, headers={"Content-Encoding": "gzip"}, path=FEED)
    tracemalloc.start()
    report = scene.run(may_be_red=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 * MEGABYTE
    assert "BODY_TOO_LARGE" in report.reason
    assert statuses_of_feed(scene)[-1:] == [200]  # and it is asked for once: it would only come again
    assert scene.run().counts["create"] == 1  # the window was not recorded
    assert_made_once(scene, booking_id)


def statuses_of_feed(scene: Scene) -> list[int | None]:
    return [entry.status for entry in scene.sandbox.calendar.history.matching(FEED)]


def page_of(scene: Scene) -> str:
    return json.dumps({"data": scene.calendar.bookings(), "next_cursor": None}, ensure_ascii=False)


ENCODINGS: dict[str, tuple[str, str]] = {
    "wrong content type": ("utf-8", "text/plain"),
    "no content type": ("utf-8", ""),
    "byte order mark": ("utf-8-sig", "application/json"),
    "lies about its charset": ("utf-8", "application/json; charset=latin-1"),
}


@pytest.mark.parametrize(("encoding", "content_type"), ENCODINGS.values(), ids=ENCODINGS)
def test_fault_022_a_wrong_label_on_a_good_page_is_overlooked(scene: Scene, encoding: str, content_type: str) -> None:
    scene.run()
    booking_id = scene.book(event_name="Gespräch über Zürich")
    page = page_of(scene).encode(encoding)
    headers = {"Content-Type": content_type} if content_type else {}
    scene.sandbox.calendar.switches.answer(200, page, headers=headers, path=FEED)
    assert scene.run().counts["create"] == 1
    assert statuses_of_feed(scene)[-1:] == [200]
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_fault_022_a_page_in_another_encoding_is_asked_for_again_and_never_guessed_at(
    scene: Scene, encoding: str
) -> None:
    scene.run()
    booking_id = scene.book(event_name="Gespräch über Zürich")
    scene.sandbox.calendar.switches.answer(200, page_of(scene).encode(encoding), path=FEED)
    assert scene.run().counts["create"] == 1
    assert_made_once(scene, booking_id)


ODD: dict[str, tuple[Callable[[str], str], str]] = {
    "a version that is no number": (lambda text: text.replace('"version": 1', '"version": NaN'), "version: "),
    "a version that is infinite": (lambda text: text.replace('"version": 1', '"version": Infinity'), "version: "),
    "a version of thousands of digits": (
        lambda text: text.replace('"version": 1', f'"version": {"9" * 5_000}'),
        "version: ",
    ),
    "a version that is a fraction": (lambda text: text.replace('"version": 1', '"version": 1.5'), "version: "),
    "a key that comes twice, broken at last": (
        lambda text: text.replace('"version": 1', '"version": 1, "version": "one"'),
        "version: not a whole number",
    ),
}


@pytest.mark.parametrize(("spoil", "reason"), ODD.values(), ids=ODD)
def test_fault_023_a_value_that_makes_no_sense_costs_its_own_booking_only(
    scene: Scene, spoil: Callable[[str], str], reason: str
) -> None:
    scene.run()
    good, bad = scene.book(), scene.book()
    whole = [json.dumps(one) for one in scene.calendar.bookings()]
    page = f'{{"data": [{whole[0]}, {spoil(whole[1])}], "next_cursor": null}}'
    scene.sandbox.calendar.switches.answer(200, page, path=FEED)
    report = scene.run()
    assert (report.counts["create"], report.counts["rejected"]) == (1, 1)
    assert f"rejected {bad}: {reason}" in report.note
    assert scene.run().counts["create"] == 1  # it is read again by its id, and makes sense by now
    assert_made_once(scene, good)


def test_fault_023_numbers_written_as_text_are_read(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book()

    def as_text(document: dict[str, Any]) -> dict[str, Any]:
        numbers = {"version": "1", "reschedule_count": "0"}
        return {**document, "data": [{**one, **numbers} for one in document["data"]]}

    scene.sandbox.calendar.switches.rewrite(as_text, path=FEED)
    assert scene.run().counts["create"] == 1
    assert_made_once(scene, booking_id)


def test_fault_023_ids_written_as_numbers_by_hubspot_are_read(scene: Scene) -> None:
    booking_id = given_a_quiet_start(scene)

    def as_numbers(document: dict[str, Any]) -> dict[str, Any]:
        return {**document, "results": [{**one, "id": int(one["id"])} for one in document["results"]]}

    scene.switches.rewrite(as_numbers, path=CREATE)
    assert scene.run().counts["create"] == 1
    assert_made_once(scene, booking_id)


def test_fault_023_a_deeply_nested_page_is_no_answer(scene: Scene) -> None:
    booking_id = given_a_quiet_start(scene)
    scene.sandbox.calendar.switches.answer(200, "[" * 100_000 + "]" * 100_000, path=FEED)
    assert scene.run().counts["create"] == 1
    assert_made_once(scene, booking_id)
