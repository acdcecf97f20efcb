"""A plan that archives, recreates or cancels suspiciously much waits for a person (W5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from sqlalchemy import select

from booking_sync.errors import InvalidRequest
from booking_sync.report import RunReport
from booking_sync.store.tables import audit, change, refused_plan
from tests.flow.scene import Scene

MANY = 20


def passed_on(scene: Scene, count: int = MANY) -> list[str]:
    """Book and pass on some meetings."""
    booked = [scene.book(f"bk_{number:03}") for number in range(count)]
    scene.run()
    return booked


def cancel(scene: Scene, bookings: Iterable[str]) -> None:
    for booking_id in bookings:
        scene.calendar.cancel(booking_id)


def move(scene: Scene, bookings: Iterable[str]) -> None:
    for number, booking_id in enumerate(bookings):
        scene.move(booking_id, 30 + number)


Flood = Callable[[Scene, Iterable[str]], None]
FLOODS = pytest.mark.parametrize("flood", [cancel, move])


def waiting(scene: Scene) -> str:
    """Return the checksum of the one plan that waits."""
    (row,) = scene.rows(select(refused_plan.c.checksum).where(refused_plan.c.state == "waiting"))
    checksum: str = row["checksum"]
    return checksum


def refused_run(scene: Scene) -> RunReport:
    report = scene.run(may_be_red=True)
    assert report.is_red
    return report


@FLOODS
def test_a_plan_that_changes_too_much_is_refused_and_nothing_of_it_is_written(scene: Scene, flood: Flood) -> None:
    booked = passed_on(scene)
    flood(scene, booked[:7])
    scene.book("bk_new")
    reports: list[RunReport] = []
    assert scene.writes_of(lambda: reports.append(scene.run(may_be_red=True))) == []  # W5
    (report,) = reports
    assert report.is_red
    assert report.counts["kept"] == 8
    assert "7 of 20 live activities" in report.reason
    assert "30 % (6)" in report.reason
    assert f'airflow dags trigger calendar_hubspot_sync -c \'{{"approve_plan": "{waiting(scene)}"}}\'' in report.reason
    assert {row["error_code"] for row in scene.rows(select(change).where(change.c.state == "kept"))} == {"plan_refused"}


@FLOODS
def test_a_plan_at_the_limit_passes(scene: Scene, flood: Flood) -> None:
    booked = passed_on(scene)
    flood(scene, booked[:6])
    scene.run()
    scene.everything_is_right()  # W5


def test_few_bookings_never_trip_the_guard(scene: Scene) -> None:
    cancel(scene, passed_on(scene, 9))
    scene.run()
    scene.everything_is_right()  # W5


def test_a_refused_plan_is_red_once_and_told_by_every_run(scene: Scene) -> None:
    cancel(scene, passed_on(scene))
    refused_run(scene)
    checksum = waiting(scene)
    for _ in range(3):
        report = scene.run()
        assert not report.is_red
        assert f"plan {checksum} is still refused" in report.note
        assert report.counts["kept"] == MANY
    assert waiting(scene) == checksum  # it stays the same while nothing of it changes
    assert len(scene.rows(select(change).where(change.c.operation == "cancel"))) == MANY  # and keeps its rows


def test_an_approved_plan_is_carried_out_once(scene: Scene) -> None:
    cancel(scene, passed_on(scene))
    refused_run(scene)
    checksum = waiting(scene)
    report = scene.run(approve_plan=checksum)
    assert report.counts["cancel"] == MANY
    assert f"plan {checksum} was approved by ada" in report.note
    scene.everything_is_right()
    (row,) = scene.rows(select(refused_plan))
    assert (row["state"], row["approved_by"], row["size"]) == ("approved", "ada", MANY)
    assert row["figures"]["cancels"] == MANY
    written = scene.rows(select(audit).where(audit.c.run_id == row["used_by_run_id"]))
    assert len(written) == MANY  # W7: the run that used the approval wrote all of it
    scene.assert_repeating_writes_nothing()


def test_an_approval_counts_once(scene: Scene) -> None:
    cancel(scene, passed_on(scene))
    refused_run(scene)
    checksum = waiting(scene)
    scene.run(approve_plan=checksum)
    with pytest.raises(InvalidRequest, match=r"was approved by ada at .* already; an approval counts once"):
        scene.run(approve_plan=checksum)


def test_a_checksum_that_was_never_refused_is_refused_with_what_waits(scene: Scene) -> None:
    cancel(scene, passed_on(scene))
    refused_run(scene)
    before = len(scene.sandbox.hubspot.history.writes())
    with pytest.raises(InvalidRequest) as refused:
        scene.run(approve_plan="0123456789abcdef")
    assert "no plan with the checksum 0123456789abcdef was ever refused" in str(refused.value)
    assert f"What waits: {waiting(scene)} (20 changes)" in str(refused.value)
    assert len(scene.sandbox.hubspot.history.writes()) == before
    scene.run()
    assert [row["state"] for row in scene.rows(select(refused_plan))] == ["waiting"]


def test_a_changed_plan_needs_a_new_approval(scene: Scene) -> None:
    booked = passed_on(scene)
    cancel(scene, booked[:15])
    refused_run(scene)
    first = waiting(scene)
    scene.calendar.edit(booked[0], event_name="Renamed")
    reports: list[RunReport] = []
    before = scene.writes_of(lambda: reports.append(scene.run(may_be_red=True, approve_plan=first)))
    assert before == []  # W5
    assert f"plan {first} is not what waits any more" in reports[0].reason
    second = waiting(scene)
    assert second != first
    with pytest.raises(InvalidRequest, match=f"plan {first} has changed since it was refused"):
        scene.run(approve_plan=first)
    scene.run(approve_plan=second)
    scene.everything_is_right()


def test_other_bookings_go_on_while_a_plan_waits(scene: Scene) -> None:
    booked = passed_on(scene)
    cancel(scene, booked[:15])
    refused_run(scene)
    checksum = waiting(scene)
    new = scene.book("bk_new")
    cancel(scene, booked[19:])
    move(scene, booked[18:19])
    scene.calendar.edit(booked[17], event_name="Renamed")
    report = scene.run()
    assert [report.counts[name] for name in ("create", "cancel", "recreate", "update")] == [1, 1, 1, 1]
    assert len(scene.activities(new)) == 1  # W5, W6
    assert waiting(scene) == checksum
    scene.everything_is_right(except_for=booked[:15])
    scene.run(approve_plan=checksum)
    scene.everything_is_right()


def test_a_second_flood_joins_the_plan_that_waits(scene: Scene) -> None:
    booked = passed_on(scene)
    cancel(scene, booked[:8])
    refused_run(scene)
    first = waiting(scene)
    cancel(scene, booked[8:16])
    refused_run(scene)
    assert waiting(scene) != first
    scene.run(approve_plan=waiting(scene))
    scene.everything_is_right()  # W5


def test_what_is_taken_back_in_time_needs_no_approval(scene: Scene) -> None:
    booked = passed_on(scene)
    cancel(scene, booked)
    scene.book("bk_new")
    refused_run(scene)
    for booking_id in booked[5:]:
        scene.calendar.uncancel(booking_id)
    report = scene.run()
    assert report.counts["cancel"] == 5
    scene.everything_is_right()  # W5: what is left is harmless
    assert [row["state"] for row in scene.rows(select(refused_plan))] == ["overtaken"]


def test_what_an_interrupted_approved_plan_has_left_needs_no_second_approval(scene: Scene) -> None:
    move(scene, passed_on(scene))
    refused_run(scene)
    scene.switches.rate_limited(path="meetings/batch/create", count=20)
    report = scene.run(may_be_red=True, approve_plan=waiting(scene))
    assert report.counts["kept"] == MANY
    scene.switches.faults.clear()
    report = scene.run()
    assert report.counts["recreate"] == MANY
    scene.everything_is_right()  # W5


def test_a_dry_run_shows_what_would_be_refused_and_changes_nothing(scene: Scene) -> None:
    cancel(scene, passed_on(scene))
    report = scene.run(dry_run=True)
    assert "would be refused: it cancels 20 of 20 live activities" in report.note  # W4, W5
    assert scene.rows(select(refused_plan)) == []
    refused_run(scene)
    checksum = waiting(scene)
    scene.run(dry_run=True)
    assert waiting(scene) == checksum
    assert scene.run(approve_plan=checksum).counts["cancel"] == MANY


def test_a_refused_integration_does_not_stop_the_other(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Other Sales")
    theirs = scene.calendar.book("ws_2")["id"]
    cancel(scene, passed_on(scene))
    scene.calendar.edit(theirs, event_name="Renamed")
    report = refused_run(scene)
    assert report.counts["update"] == 1  # W6
    assert len(report.problems) == 1
    scene.run(approve_plan=waiting(scene))
    scene.everything_is_right()


def test_an_approval_for_an_integration_that_the_run_leaves_out_is_refused(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Other Sales")
    cancel(scene, passed_on(scene))
    refused_run(scene)
    with pytest.raises(InvalidRequest, match="belongs to an integration that this run does not cover"):
        scene.run(workspaces=("ws_2",), approve_plan=waiting(scene))


def test_an_incomplete_read_never_comes_to_a_plan(scene: Scene) -> None:
    booked = passed_on(scene)
    cancel(scene, booked[:3])
    scene.sandbox.calendar.switches.repeat_cursor = True
    scene.sandbox.calendar.switches.empty_pages = 300
    before = len(scene.rows(select(change)))
    assert scene.writes_of(lambda: scene.run(may_be_red=True)) == []  # W5
    assert len(scene.rows(select(change))) == before
