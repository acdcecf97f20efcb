"""The audit over the whole path: what was planted is found, and a repair mends what it may and touches nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from booking_sync.store.database import writing
from booking_sync.store.tables import mapping_history
from tests.flow.planting import (
    LONGER_THAN_THE_OVERLAP,
    MANY,
    audit,
    duplicate,
    found,
    go_missing,
    make_as_the_integration,
    outdate,
    plant,
    rows,
    settled,
)
from tests.flow.scene import Scene

MENDED = ("missing", "duplicate", "stale")


def theirs(scene: Scene, planted: dict[str, set[str]]) -> dict[str, dict[str, Any]]:
    """Return every activity that no repair may touch: what people made or changed, and what is nobody's."""
    touchable = {booking_id for kind in MENDED for booking_id in planted[kind]}
    live = scene.hubspot.activities()
    return {a["id"]: a for a in live if a["properties"].get("calendar_booking_id") not in touchable}


@pytest.mark.parametrize("many", [MANY, pytest.param(500, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)])])
def test_everything_that_was_planted_is_found_and_only_what_may_be_mended_is_mended(
    scene: Scene, new_database: Callable[[], str], many: int
) -> None:
    scene.database_url = new_database()
    scene.services = scene.new_services()
    scene.allow_floods()
    planted = plant(scene, many)
    for _ in range(many):
        scene.add_foreign_activity(hs_meeting_title="Meeting - Calendar.com: Intro call")
    expected = dict.fromkeys(planted, many)
    untouchable = theirs(scene, planted)

    assert scene.writes_of(lambda: found(scene)) == []
    assert found(scene) == expected  # D5
    by_kind: dict[str, set[str]] = {kind: set() for kind in planted}
    for row in rows(scene):
        by_kind[row["kind"]].add(row["booking_id"])
    assert by_kind == planted

    writes = scene.writes_of(lambda: audit(scene, repair=True))
    assert Counter(row["kind"] for row in rows(scene) if row["mended"]) == dict.fromkeys(MENDED, many)
    assert not untouchable.keys() & {id_ for entry in writes for id_ in entry.effected_ids}
    sent = str([entry.body for entry in writes])
    assert not [id_ for id_ in untouchable if id_ in sent]  # D4
    assert theirs(scene, planted) == untouchable

    assert found(scene) == {kind: n for kind, n in expected.items() if kind not in MENDED}
    scene.assert_repeating_writes_nothing()
    assert scene.writes_of(lambda: scene.run(window_start=scene.at(-48))) == []  # W2
    kept_as_they_are = {id_ for kind, ids in planted.items() if kind not in MENDED for id_ in ids}
    scene.everything_is_right(except_for=sorted(kept_as_they_are))


def test_a_second_repair_finds_nothing_to_write(scene: Scene) -> None:
    ids = settled(scene, 3)
    duplicate(scene, ids[0])
    outdate(scene, ids[1])
    go_missing(scene, 1)
    assert found(scene, repair=True) == {"duplicate": 1, "stale": 1, "missing": 1, "mended": 3}
    assert scene.writes_of(lambda: audit(scene, repair=True)) == []  # W2
    assert found(scene) == {}
    scene.everything_is_right()


def test_of_several_duplicates_only_the_mapped_activity_stays(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    mapped = scene.activity(booking_id)["id"]
    for generation in (2, 3, 4):
        make_as_the_integration(scene, booking_id, generation)
    assert found(scene, repair=True) == {"duplicate": 3, "mended": 3}
    assert scene.activity(booking_id)["id"] == mapped  # A6
    assert found(scene) == {}


def cancel(scene: Scene, booking_id: str) -> None:
    scene.calendar.cancel(booking_id)


def hand_on(scene: Scene, booking_id: str) -> None:
    scene.move_to_new(booking_id, 9)


@pytest.mark.parametrize("change", [cancel, hand_on, None], ids=["cancelled", "handed on", "standing"])
def test_what_runs_leave_behind_is_no_drift(scene: Scene, change: Callable[[Scene, str], None] | None) -> None:
    (booking_id,) = settled(scene, 1)
    if change is not None:
        change(scene, booking_id)
        scene.clock.advance(60)
        assert found(scene) == {}  # not passed on yet, but not due either
        scene.run()
    assert found(scene) == {}
    scene.clock.advance(LONGER_THAN_THE_OVERLAP)
    scene.run()
    assert found(scene) == {}


def test_a_booking_that_shows_up_late_is_left_to_the_next_run(scene: Scene) -> None:
    settled(scene, 1)
    scene.clock.advance(120)
    scene.book(at=scene.clock.now - timedelta(seconds=240))  # before the end of the last window, within the overlap
    assert found(scene) == {}
    scene.run()
    scene.everything_is_right()


def test_a_cancelled_booking_whose_activity_does_not_say_so_is_written_again(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    shown = scene.shown(booking_id)
    scene.calendar.cancel(booking_id)
    scene.run()
    names = ("hs_meeting_title", "hs_meeting_outcome", "calendar_booking_revision")
    scene.hubspot.edit_activity(scene.activity(booking_id)["id"], **{name: shown[name] for name in names})
    assert found(scene, repair=True) == {"stale": 1, "mended": 1}
    scene.everything_is_right()  # X1
    scene.assert_repeating_writes_nothing()


def test_a_duplicate_whose_archive_rests_keeps_the_next_one_waiting(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    for generation in (2, 3):
        make_as_the_integration(scene, booking_id, generation)
    scene.switches.commit_then_hang(path="/batch/archive")
    assert found(scene, repair=True) == {"duplicate": 2}
    assert len(scene.activities(booking_id)) == 2
    assert "1 duplicate" in scene.run_after_quiet_time().note  # the sweep of the run finds the other one
    assert len(scene.activities(booking_id)) == 1
    assert found(scene) == {}
    scene.everything_is_right()


def test_a_successor_that_never_came_takes_over_from_its_predecessor(scene: Scene) -> None:
    (first,) = settled(scene, 1)
    old = scene.activity(first)["id"]
    at = scene.clock.now - timedelta(hours=2)
    second = scene.calendar.reschedule_to_new(first, scene.at(9), at=at)["id"]
    assert found(scene, repair=True) == {"missing": 1, "mended": 1}
    assert [one["id"] for one in scene.activities(first, include_archived=True) if one["archived"]] == [old]
    assert len(scene.activities(second)) == 1
    scene.everything_is_right()  # R2
    assert found(scene) == {}
    scene.assert_repeating_writes_nothing()


def test_a_predecessor_that_was_never_archived_is_archived(scene: Scene) -> None:
    (first,) = settled(scene, 1)
    old = scene.activity(first)["id"]
    scene.move_to_new(first, 9)
    scene.run()
    with scene.hubspot.lock:  # the archive of the old activity was never carried out
        scene.hubspot.restore_activity(old)
        with writing(scene.services.engine) as connection:
            connection.execute(delete(mapping_history).where(mapping_history.c.event == "archived"))
    assert found(scene, repair=True) == {"duplicate": 1, "mended": 1}
    assert found(scene) == {}
    scene.everything_is_right()
