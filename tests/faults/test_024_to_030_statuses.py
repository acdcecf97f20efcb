"""Faults 24 to 30: answers for a batch of which some went well, and refusals that want another request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.store.tables import mapping
from tests.faults.ways import (
    CREATE,
    FEED,
    NEW_CONTACTS,
    UPDATE,
    assert_made_once,
    dying_at,
    forget_activities,
    given_a_quiet_start,
    lose_and_settle,
    statuses,
    waited,
)
from tests.flow.scene import Scene

Document = dict[str, Any]


@pytest.mark.parametrize(("status", "header", "least"), [(423, "", 2), (423, "1", 2), (477, "", 10), (477, "9", 9)])
def test_fault_024_a_locked_or_moving_account_is_given_the_time_it_wants(
    scene: Scene, status: int, header: str, least: float
) -> None:
    booking_id = given_a_quiet_start(scene)
    scene.switches.answer(status, headers={"Retry-After": header} if header else {}, path=CREATE)
    assert scene.run().counts["create"] == 1
    assert least <= waited(scene) < least + 2
    assert_made_once(scene, booking_id)


def test_fault_024_a_conflict_over_the_marker_is_settled_by_adopting_what_has_it(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.has_exact_audit = False  # what the lost mapping knew is adopted a second time
    forget_activities(scene)
    scene.switches.answer(503, path="/meetings/search", count=1)
    scene.run(window_start=scene.at(-48))
    assert_made_once(scene, booking_id)


def test_fault_024_a_contact_that_somebody_makes_at_the_same_moment_is_used(scene: Scene) -> None:
    scene.run()
    booking_id = scene.book(invitees=["ada@example.com"])

    def be_faster(entry: Any, phase: str) -> None:
        if phase == "before" and NEW_CONTACTS in entry.path and not scene.hubspot.contacts():
            scene.hubspot.add_contact(email="ada@example.com")

    scene.hubspot.request_hook = be_faster
    scene.has_exact_audit = False  # our creation is refused, and what is there already adopted
    assert scene.run().counts["create"] == 1
    (contact,) = scene.hubspot.contacts()
    assert scene.activity(booking_id)["contact_ids"] == [contact["id"]]
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize("status", [408, 499])
def test_fault_024_a_server_that_lost_patience_may_have_done_it(scene: Scene, status: int) -> None:
    booking_id = given_a_quiet_start(scene)
    scene.switches.commit_then_answer(status, path=CREATE)
    lose_and_settle(scene, booking_id, is_done=True)


@pytest.mark.parametrize("status", [405, 409, 412, 415, 422])
def test_fault_024_any_other_refusal_keeps_the_booking_with_its_reason(scene: Scene, status: int) -> None:
    booking_id = given_a_quiet_start(scene)
    scene.switches.answer(status, json.dumps({"category": "ODD_CATEGORY"}), path=CREATE)
    report = scene.run(may_be_red=True)
    assert (report.is_red, report.counts["kept"]) == (True, 1)
    assert f"{booking_id}: HubSpot refuses it: ODD_CATEGORY" in report.reason
    assert statuses(scene, CREATE) == [status]  # it is not asked twice
    scene.run()
    assert_made_once(scene, booking_id)


def test_fault_025_a_batch_refused_for_one_bad_item_is_split_until_it_stands_alone(scene: Scene) -> None:
    """A 400 for the whole batch of 12, then of 6, 3 and 1: the first booking is the one that HubSpot cannot take."""
    for number in range(12):
        scene.book(f"bk_{number:02}")
    scene.switches.fail_before(400, path=CREATE, count=4)
    report = scene.run(may_be_red=True)
    assert statuses(scene, CREATE) == [400] * 4 + [201] * 3
    assert (report.counts["create"], report.counts["kept"]) == (11, 1)
    assert scene.activities("bk_00") == []  # W6
    assert report.is_red
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


ROOM = {"kind": "custom", "value": "Room 1", "join_url": None}


def given_one_of_two_is_refused(scene: Scene) -> tuple[str, str]:
    """Two bookings in one batch, of which HubSpot takes the first and refuses the second: a 207."""
    scene.run()
    scene.switches.required_properties["meetings"] = ["hs_meeting_location"]
    return scene.book(location=ROOM), scene.book(location=None)


def test_fault_026_of_a_partial_answer_each_item_is_recorded(scene: Scene) -> None:
    good, bad = given_one_of_two_is_refused(scene)
    report = scene.run(may_be_red=True)
    assert statuses(scene, CREATE)[-1:] == [207]
    assert (report.counts["create"], report.counts["kept"]) == (1, 1)
    assert [len(scene.activities(one)) for one in (good, bad)] == [1, 0]
    scene.switches.required_properties.clear()
    scene.run()
    scene.everything_is_right()


def test_fault_026_a_worker_that_dies_right_after_a_partial_answer_has_recorded_what_was_done(scene: Scene) -> None:
    good, _ = given_one_of_two_is_refused(scene)
    with dying_at("record.record_created.commit.after"):
        scene.run()
    (made,) = scene.activities(good)
    assert scene.rows(select(mapping.c.booking_id, mapping.c.activity_id)) == [
        {"booking_id": good, "activity_id": made["id"]}
    ]
    scene.switches.required_properties.clear()
    scene.run_after_quiet_time()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def _results(change: Callable[[list[Document]], list[Document]]) -> Callable[[Document], Document]:
    return lambda document: {**document, "results": change(document["results"])}


def _without_traces(results: list[Document]) -> list[Document]:
    return [{name: value for name, value in one.items() if name != "objectWriteTraceId"} for one in results]


JOINED = {
    "in another order": _results(lambda results: results[::-1]),
    "no trace ids": _results(_without_traces),
    "one that nobody asked for": _results(
        lambda results: [*results, {"id": "999", "properties": {}, "objectWriteTraceId": "a stranger's"}]
    ),
    "one of them twice": _results(lambda results: [*results, results[0]]),
}
DOUBTFUL = {
    "one is missing": _results(lambda results: results[1:]),
    "all are missing": _results(lambda _: []),
    "one trace id for two activities": _results(lambda results: [*results, {**results[0], "id": "999"}]),
    "neither trace ids nor markers": _results(
        lambda results: [{**one, "properties": {}} for one in _without_traces(results)]
    ),
}


@pytest.mark.parametrize("rewrite", JOINED.values(), ids=JOINED)
def test_fault_027_results_are_joined_by_trace_id_else_by_marker(
    scene: Scene, rewrite: Callable[[Document], Document]
) -> None:
    scene.run()
    ids = [scene.book(event_name=f"Event {number}") for number in range(5)]
    scene.switches.rewrite(rewrite, path=CREATE)
    assert scene.run().counts["create"] == 5
    assert {len(scene.activities(one, include_archived=True)) for one in ids} == {1}
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("rewrite", DOUBTFUL.values(), ids=DOUBTFUL)
def test_fault_027_what_no_result_belongs_to_is_unknown_and_read_back(
    scene: Scene, rewrite: Callable[[Document], Document]
) -> None:
    scene.run()
    ids = [scene.book(event_name=f"Event {number}") for number in range(5)]
    scene.switches.rewrite(rewrite, path=CREATE)
    report = scene.run()
    assert report.counts["kept"] == 5 - report.counts["create"] > 0
    assert scene.writes_of(scene.run_after_quiet_time) == []
    assert {len(scene.activities(one, include_archived=True)) for one in ids} == {1}
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


NOT_FINISHED: dict[str, Document] = {
    "still to be done": {"status": "PENDING"},
    "being done": {"status": "PROCESSING"},
    "called off": {"status": "CANCELED", "results": []},
    "errors beside nothing": {"results": [], "errors": [{"status": "error", "category": "ODD", "context": {}}] * 2},
}


@pytest.mark.parametrize("changes", NOT_FINISHED.values(), ids=NOT_FINISHED)
@pytest.mark.parametrize("path", [CREATE, UPDATE])
def test_fault_028_a_success_that_is_not_plainly_one_is_verified(scene: Scene, changes: Document, path: str) -> None:
    ids = [scene.book() for _ in range(2)]
    if path == UPDATE:
        scene.run()
        for booking_id in ids:
            scene.calendar.edit(booking_id, event_name="Renamed")
    scene.switches.rewrite(lambda document: {**document, **changes}, path=path)
    assert scene.run().counts["kept"] == 2
    assert scene.writes_of(scene.run_after_quiet_time) == []
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_029_a_batch_that_is_too_large_is_sent_in_smaller_ones(scene: Scene) -> None:
    ids = [scene.book(description="a long story, " * 700 + "the end") for _ in range(8)]
    scene.switches.answer(413, "Request Entity Too Large", path=CREATE, count=3)
    report = scene.run(may_be_red=True)
    assert statuses(scene, CREATE) == [413] * 3 + [201] * 4
    assert report.counts["create"] == 8
    assert {len(scene.activities(one, include_archived=True)) for one in ids} == {1}
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_fault_030_no_address_grows_with_the_number_of_ids(scene: Scene) -> None:
    ids = [scene.book(f"bk_{number:03}_" + "ü" * 190) for number in range(120)]
    scene.switches.fail_before(400, path=CREATE, count=500)
    scene.run(may_be_red=True)
    scene.clock.advance(24 * 3600)
    scene.run(may_be_red=True)
    scene.switches.faults.clear()
    scene.clock.advance(24 * 3600)  # from here on they can only be read by their ids
    assert scene.run().counts["create"] == len(ids)
    asked = [*scene.sandbox.calendar.history, *scene.sandbox.hubspot.history]
    assert max(len(entry.path) + sum(map(len, entry.query.values())) for entry in asked) < 4_000
    assert any("ids" in entry.query for entry in scene.sandbox.calendar.history.matching(FEED))
    scene.everything_is_right()
