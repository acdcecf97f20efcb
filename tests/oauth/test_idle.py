"""Many workspaces, few of them with news: the others cost next to nothing, and nothing of theirs is passed over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from booking_sync import idle
from booking_sync.shared_feed import WORTH_IT_FROM
from booking_sync.store.database import writing
from booking_sync.store.tables import integration, integration_run, lease
from booking_sync.task_close_run import close_run
from tests.flow.scene import Scene

MANY = 2 * WORTH_IT_FROM


@pytest.fixture
def crowd(single: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Ten workspaces under one key, each with a booking that was passed on; one at a time is swept in turn."""
    monkeypatch.setattr(idle, "SWEPT_IN_TURN", 1)
    for number in range(1, MANY):
        single.calendar.add_workspace(f"ws_x{number}", f"Team {number}")
    single.run()
    for number in range(1, MANY):
        single.calendar.book(f"ws_x{number}", booking_id=f"bk_x{number}")
    single.run()
    single.clock.advance(3_600)
    single.run()
    return single


def states(scene: Scene) -> list[str]:
    """How far the integrations came in the last run."""
    rows = scene.rows(
        select(integration_run.c.state, integration_run.c.run_id).order_by(integration_run.c.integration_id)
    )
    last = scene.rows(select(integration_run.c.run_id).order_by(integration_run.c.window_end.desc()).limit(1))
    return [row["state"] for row in rows if row["run_id"] == last[0]["run_id"]]


def column(scene: Scene, name: str) -> dict[str, object]:
    rows = scene.rows(select(integration.c.workspace_id, integration.c[name].label("value")))
    return {row["workspace_id"]: row["value"] for row in rows}


def test_workspaces_without_news_are_recorded_together_and_cost_no_call(crowd: Scene) -> None:
    fences = {row["integration_id"]: row["fence"] for row in crowd.rows(select(lease))}
    before = len(crowd.sandbox.hubspot.history)
    report = crowd.run()
    assert states(crowd).count("idle") == MANY - 1
    assert f"{MANY - 1} more integrations: nothing has changed" in report.note
    assert len(report.integrations) == 1
    now = {row["integration_id"]: row["fence"] for row in crowd.rows(select(lease))}
    assert sum(now[one] != fences[one] for one in now) == 1
    assert len(crowd.sandbox.hubspot.history) - before <= 2
    assert set(column(crowd, "watermark").values()) == {crowd.clock.now}  # W1


def test_news_of_one_workspace_is_passed_on_beside_the_idle_ones(crowd: Scene) -> None:
    booking_id = crowd.calendar.book("ws_x7")["id"]
    report = crowd.run()
    assert report.counts["create"] == 1
    assert len(crowd.activities(booking_id)) == 1
    crowd.assert_repeating_writes_nothing()


def test_the_sweep_comes_to_every_workspace_in_turn(crowd: Scene) -> None:
    begun_at = crowd.clock.now
    for _ in range(MANY):
        crowd.run()
    assert all(swept_at > begun_at for swept_at in column(crowd, "swept_at").values())  # type: ignore[operator]  # times


def test_what_a_person_did_in_an_idle_workspace_is_told_when_its_turn_comes(crowd: Scene) -> None:
    crowd.clock.advance(60)
    crowd.hubspot.edit_activity(crowd.activity("bk_x7")["id"], hs_meeting_title="Somebody else's words")
    notes = [crowd.run().note for _ in range(MANY)]
    assert sum("sweep: 1 edited" in note for note in notes) == 1  # D2, D5


@pytest.mark.parametrize("left", ["kept", "unanswered"])
def test_a_workspace_with_something_left_is_never_idle(crowd: Scene, left: str) -> None:
    booking_id = crowd.calendar.book("ws_x7")["id"]
    if left == "kept":
        crowd.switches.fail_before(503, path="meetings/batch/create", count=99)
    else:
        crowd.switches.commit_then_hang(path="meetings/batch/create")
    crowd.run(may_be_red=True)
    crowd.switches.faults.clear()
    crowd.clock.advance(3_600)
    crowd.run(may_be_red=True)
    crowd.run_after_quiet_time(may_be_red=True)
    assert len(crowd.activities(booking_id)) == 1  # A6


def test_a_window_of_a_day_is_held_against_an_earlier_one_even_where_it_is_empty(crowd: Scene) -> None:
    with writing(crowd.services.engine) as connection:
        long_ago = crowd.clock.now - timedelta(days=2)
        connection.execute(update(integration).values(watermark=long_ago, connected_at=long_ago))
    crowd.run()
    assert "idle" not in states(crowd)  # W5


def test_a_dry_run_moves_no_watermark_of_idle_workspaces(crowd: Scene) -> None:
    before = column(crowd, "watermark")
    crowd.run(dry_run=True)
    assert "idle" in states(crowd)
    assert column(crowd, "watermark") == before  # W4


def test_a_run_that_is_closed_again_records_the_same(crowd: Scene) -> None:
    crowd.run()
    (last,) = crowd.rows(select(integration_run.c.run_id).order_by(integration_run.c.window_end.desc()).limit(1))
    before = column(crowd, "swept_at")
    report = close_run(crowd.services, last["run_id"])
    assert f"{MANY - 1} more integrations" in report.note
    assert {k: v for k, v in column(crowd, "swept_at").items() if v != before[k]}.keys() <= {"ws_1", *before}
