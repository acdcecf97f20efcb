"""Where the audit must hold back: what only looks like drift, and what cannot be read or is in somebody's hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.audit_report import AuditReport
from booking_sync.errors import LeaseHeld
from booking_sync.store.database import writing
from booking_sync.store.lease import hold_lease
from booking_sync.store.read_tables import kept_booking
from booking_sync.store.tables import mapping
from tests.flow.planting import (
    LONGER_THAN_THE_OVERLAP,
    OURS,
    audit,
    duplicate,
    found,
    go_missing,
    make_as_the_integration,
    outdate,
    rows,
    settled,
)
from tests.flow.scene import WORKSPACE, Scene

# --- what looks like drift --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("marker_mode", ["allowed", "ignored"])
@pytest.mark.parametrize("is_flapping", [False, True])
def test_a_search_that_lags_and_flaps_makes_nothing_missing_and_nothing_double(
    scene: Scene, *, is_flapping: bool
) -> None:
    ids = settled(scene, 30)
    scene.switches.search_lag_seconds, scene.switches.search_flapping = 100_000.0, is_flapping
    for booking_id in ids[:10]:
        scene.calendar.edit(booking_id, event_name="Renamed")
    scene.run()
    for _ in range(5):
        assert scene.writes_of(lambda: found(scene, repair=True)) == []
    assert found(scene) == {}
    scene.everything_is_right()


def test_what_a_person_took_out_of_the_recycle_bin_stays(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    old = scene.activity(booking_id)["id"]
    scene.move(booking_id, 9)
    scene.run()
    scene.hubspot.restore_activity(old)
    assert scene.writes_of(lambda: found(scene, repair=True)) == []
    assert found(scene) == {"duplicate": 1}
    assert old in {one["id"] for one in scene.activities(booking_id)}


def test_a_change_that_rests_or_is_kept_is_not_taken_for_drift(scene: Scene) -> None:
    moved, renamed = settled(scene, 2)
    scene.move(moved, 9)
    scene.calendar.edit(renamed, event_name="Renamed")
    scene.switches.commit_then_hang(path="/meetings/batch/create")
    scene.switches.fail_before(path="/meetings/batch/update", count=99)
    scene.run(may_be_red=True)
    scene.clock.advance(LONGER_THAN_THE_OVERLAP)
    assert len(scene.activities(moved)) == 2
    assert found(scene) == {}  # R4, W6
    assert scene.writes_of(lambda: found(scene, repair=True)) == []
    scene.switches.faults.clear()
    scene.run_after_quiet_time()
    scene.everything_is_right()
    assert found(scene) == {}


def test_what_waits_behind_an_archive_that_is_refused_is_not_taken_for_drift(scene: Scene) -> None:
    moved, handed_on = settled(scene, 2)
    scene.switches.fail_before(status=423, path="/batch/archive", count=999)
    scene.move(moved, 9)
    scene.move_to_new(handed_on, 10)
    scene.run(may_be_red=True)
    waiting = scene.move_to_new(moved, 11)
    scene.run(may_be_red=True)
    scene.clock.advance(LONGER_THAN_THE_OVERLAP)
    scene.run(may_be_red=True)
    assert scene.activities(waiting) == []
    assert found(scene) == {}  # R2, R4
    assert scene.writes_of(lambda: found(scene, repair=True)) == []
    scene.switches.faults.clear()
    scene.run_after_quiet_time()
    scene.run()
    scene.everything_is_right()


def test_a_booking_that_makes_no_sense_is_neither_vanished_nor_missing(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    scene.calendar.edit(booking_id, end_at="2020-01-01T00:00:00Z")
    scene.run(may_be_red=True)
    with writing(scene.services.engine) as connection:
        connection.execute(kept_booking.update().values(is_open=False))
    assert found(scene, repair=True) == {}


def test_workspaces_that_share_a_portal_do_not_take_each_other_for_strangers(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Acme Support")
    settled(scene, 2)
    scene.calendar.book("ws_2")
    scene.run()
    (stranger,) = [scene.hubspot.add_activity(**OURS, calendar_booking_key="cal_nobody")]
    report = audit(scene)
    assert (report.counts["foreign_marker"], report.counts["orphan"]) == (1, 0)
    assert stranger in report.note
    assert len(report.integrations) == 2
    assert found(scene, workspaces=("ws_2",)) == {"foreign_marker": 1}


def test_what_changes_while_the_audit_reads_has_not_vanished(scene: Scene) -> None:
    ids = settled(scene, 250)
    scene.sandbox.calendar.switches.change_while_paging = 1
    assert found(scene) == {}
    assert max(scene.calendar.booking(one)["version"] for one in ids) == 2


@pytest.mark.parametrize("person", ["merges", "deletes"])
def test_a_contact_that_is_merged_or_deleted_was_not_taken_off(scene: Scene, person: str) -> None:
    (booking_id,) = settled(scene, 1)
    (contact_id,) = scene.activity(booking_id)["contact_ids"]
    if person == "merges":
        survivor = scene.hubspot.add_contact(email="survivor@example.com")
        scene.hubspot.merge_contacts(survivor, contact_id)
    else:
        scene.hubspot.delete_contact(contact_id)
    assert found(scene) == {}  # C8


# --- when something goes wrong ----------------------------------------------------------------------------------------


@pytest.fixture
def planted(scene: Scene) -> Iterator[Scene]:
    """A scene with one thing to mend, of each kind, and 250 bookings: more than a page."""
    ids = settled(scene, 250)
    duplicate(scene, ids[0])
    outdate(scene, ids[1])
    go_missing(scene, 1)
    yield scene
    scene.switches.faults.clear()
    scene.sandbox.calendar.switches.faults.clear()


def endless_calendar(scene: Scene) -> None:
    scene.sandbox.calendar.switches.repeat_cursor = True


def broken_search(scene: Scene) -> None:
    scene.switches.fail_before(path="/meetings/search", count=99)


def broken_read(scene: Scene) -> None:
    scene.switches.fail_before(path="/meetings/batch/read", nth=2, count=99)


@pytest.mark.parametrize("break_it", [endless_calendar, broken_search, broken_read])
def test_an_incomplete_read_fails_with_its_reason_and_repairs_nothing(
    planted: Scene, break_it: Callable[[Scene], None]
) -> None:
    break_it(planted)
    reports: list[AuditReport] = []
    assert planted.writes_of(lambda: reports.append(audit(planted, repair=True))) == []
    assert reports[0].is_red
    assert reports[0].reason.startswith("Acme Sales: ")
    assert rows(planted) == []


def test_a_repair_whose_answer_is_lost_is_finished_by_the_next_run(planted: Scene) -> None:
    planted.switches.commit_then_hang(path="/batch/archive")
    planted.switches.commit_then_hang(path="/batch/update")
    planted.switches.commit_then_hang(path="/meetings/batch/create")
    report = audit(planted, repair=True)
    assert report.counts["mended"] == 0
    planted.run_after_quiet_time()
    planted.everything_is_right()
    assert found(planted) == {}
    planted.assert_repeating_writes_nothing()


def test_a_duplicate_that_a_person_deletes_in_the_meantime_is_not_archived_again(scene: Scene) -> None:
    (booking_id,) = settled(scene, 1)
    extra = make_as_the_integration(scene, booking_id, generation=2)
    reads: list[str] = []

    def delete_before_the_last_look(entry: Any, phase: str) -> None:
        if phase == "before" and entry.path.endswith("/meetings/batch/read"):
            reads.append(entry.path)
            if len(reads) == 2:
                scene.hubspot.delete_activity(extra)

    scene.hubspot.request_hook = delete_before_the_last_look
    assert scene.writes_of(lambda: audit(scene, repair=True)) == []
    assert len(reads) == 2
    assert len(scene.activities(booking_id)) == 1


def test_an_audit_waits_for_a_run_that_works_on_the_integration(scene: Scene) -> None:
    settled(scene, 1)
    (part,) = {row["integration_id"] for row in scene.rows(select(mapping))}
    with (
        hold_lease(scene.services.engine, part, holder="a sync", seconds=60),
        pytest.raises(LeaseHeld, match="a sync"),
    ):
        audit(scene)


def test_an_audit_connects_nothing_and_names_what_it_leaves_out(scene: Scene) -> None:
    assert audit(scene).integrations == ()
    settled(scene, 1)
    scene.calendar.add_workspace(WORKSPACE, "Acme Sales", plan="basic")
    report = audit(scene)
    assert report.integrations == ()
    assert "Acme Sales: not audited (the plan basic" in report.note  # K1
