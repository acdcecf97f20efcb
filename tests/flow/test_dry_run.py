"""A dry run shows the plan and writes nothing at all, whatever earlier runs have left behind."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from booking_sync.store.tables import change, integration
from tests.flow.scene import Scene


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
