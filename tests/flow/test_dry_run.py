"""A dry run shows the plan and writes nothing at all, whatever earlier runs have left behind."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from booking_sync.store.tables import change, integration, integration_run, refused_plan, run
from tests.flow.scene import WORKSPACE, Scene


def test_a_dry_run_shows_the_plan_and_writes_nothing(scene: Scene) -> None:
    moved, cancelled, renamed = (scene.book() for _ in range(3))
    scene.run()
    scene.move(moved, 9)
    scene.calendar.cancel(cancelled)
    scene.calendar.edit(renamed, event_name="Renamed")
    scene.book()
    before = scene.hubspot.activities(include_archived=True)
    reports = []
    assert scene.writes_of(lambda: reports.append(scene.run(dry_run=True))) == []
    counts = reports[0].counts
    assert [counts[name] for name in ("create", "recreate", "cancel", "update")] == [1, 1, 1, 1]  # W4
    assert "Dry run" in reports[0].note
    assert scene.hubspot.activities(include_archived=True) == before


def test_a_dry_run_changes_nothing_for_the_run_after_it(scene: Scene) -> None:
    scene.run()
    scene.book()
    moment = scene.rows(select(integration.c.watermark))
    scene.run(dry_run=True)
    assert scene.rows(select(integration.c.watermark)) == moment  # W4
    assert scene.rows(select(change.c.payload)) == [{"payload": None}]
    assert scene.run().counts["create"] == 1
    scene.everything_is_right()


def test_the_first_dry_run_does_not_even_make_properties(scene: Scene) -> None:
    scene.book()
    assert scene.writes_of(lambda: scene.run(dry_run=True)) == []  # W4
    assert "calendar_booking_key" not in scene.hubspot.portal().properties["meetings"]


@pytest.mark.parametrize("path", ["meetings/batch/create", "meetings/batch/archive", "meetings/batch/update"])
@pytest.mark.parametrize("fault", ["commit_then_status", "fail_before"])
def test_a_dry_run_leaves_unanswered_and_unfinished_changes_to_a_real_one(scene: Scene, path: str, fault: str) -> None:
    moved, cancelled = scene.book(), scene.book()
    scene.run()
    scene.move(moved, 9)
    scene.calendar.cancel(cancelled)
    getattr(scene.switches, fault)(path=path)
    scene.run()
    scene.clock.advance(3600)
    assert scene.writes_of(lambda: scene.run(dry_run=True)) == []  # W4
    scene.calendar.edit(moved, description="News")
    assert scene.writes_of(lambda: scene.run(dry_run=True)) == []
    scene.run()
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def checksums(scene: Scene) -> list[str | None]:
    """Return the checksum of each run's plan, in the order of the runs."""
    in_order = select(integration_run.c.plan_checksum).join(run, run.c.id == integration_run.c.run_id)
    return [row["plan_checksum"] for row in scene.rows(in_order.order_by(run.c.opened_at))]


def effects(scene: Scene, dag_run_id: str) -> set[tuple[str, int, str, str, str]]:
    """Return what the changes of a run do."""
    mine = select(change).where(change.c.run_id.in_(select(run.c.id).where(run.c.dag_run_id == dag_run_id)))
    rows = scene.rows(mine)
    columns = ("booking_id", "booking_version", "operation", "revision", "old_activity_id")
    return {tuple(row[name] or "" for name in columns) for row in rows}  # type: ignore[misc]  # of five columns


def test_the_plan_shown_is_the_plan_applied(scene: Scene) -> None:
    moved, cancelled, renamed, failed = (scene.book() for _ in range(4))
    scene.run()
    scene.move(moved, 9)
    scene.calendar.cancel(cancelled)
    scene.calendar.edit(renamed, event_name="Renamed")
    scene.calendar.edit(failed, event_name="Refused at first")
    scene.book()
    scene.switches.answer(403, json.dumps({"category": "MISSING_SCOPES"}), path="meetings/batch/create")
    scene.run(may_be_red=True)  # leaves all of it for later
    scene.run(dry_run=True)
    scene.run()

    *_, shown, applied = checksums(scene)
    assert shown == applied is not None  # W4
    assert effects(scene, "run 3") == effects(scene, "run 4") != set()
    scene.everything_is_right()


def test_a_refused_plan_has_the_checksum_that_approves_it_in_a_dry_run_too(scene: Scene) -> None:
    moved = [scene.book() for _ in range(12)]
    scene.run()
    for number, booking_id in enumerate(moved):
        scene.move(booking_id, 9 + number)
    scene.run(dry_run=True)
    scene.run(may_be_red=True)
    scene.run(dry_run=True)

    (refused,) = scene.rows(select(refused_plan.c.checksum))
    assert checksums(scene)[1:] == [refused["checksum"]] * 3  # W5


def test_a_dry_run_does_not_call_a_booking_unreturned_that_it_has_just_rejected(scene: Scene) -> None:
    known = scene.book()
    whole = scene.calendar.booking(known)
    scene.calendar.put_raw(WORKSPACE, whole | {"status": "odd", "version": 2}, at=scene.clock.now)
    scene.run()

    note = scene.run(dry_run=True).note

    assert f"rejected {known}" in note
    assert f"not returned {known}" not in note
