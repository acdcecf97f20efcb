"""A repair that would archive suspiciously much waits for a person, like any plan (W5, D5)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from booking_sandbox.calendar_store import BookingStore
from booking_sync.audit_report import AuditReport
from booking_sync.errors import InvalidRequest
from booking_sync.store.tables import change, refused_plan
from tests.flow.planting import audit, duplicate, found, outdate, settled
from tests.flow.scene import Scene

MANY = 20


def refused_repair(scene: Scene) -> tuple[AuditReport, str]:
    """Repair what is refused, and see that nothing is archived; return the report and the checksum."""
    before = len(scene.hubspot.activities())
    report = audit(scene, repair=True)
    assert report.is_red
    assert len(scene.hubspot.activities()) == before
    (row,) = scene.rows(select(refused_plan).where(refused_plan.c.state == "waiting"))
    return report, row["checksum"]


def test_a_repair_within_the_limits_needs_nobody(scene: Scene) -> None:
    for booking_id in settled(scene, MANY)[:2]:
        duplicate(scene, booking_id)
    assert found(scene, repair=True) == {"duplicate": 2, "mended": 2}  # W5: 10 %


def test_a_repair_that_archives_too_much_is_refused_once_and_approved_once(scene: Scene) -> None:
    for booking_id in settled(scene, MANY)[:3]:
        duplicate(scene, booking_id)
    report, checksum = refused_repair(scene)
    assert "it archives 3 of 20 live activities without a new one; at most 10 % (2)" in report.reason  # W5
    assert f'{{"repair": true, "approve_plan": "{checksum}"}}' in report.reason
    again = audit(scene, repair=True)
    assert not again.is_red
    assert f"plan {checksum} is still refused" in again.note
    with pytest.raises(InvalidRequest, match="is a repair, which another DAG carries out"):
        scene.run(approve_plan=checksum)
    approved = audit(scene, repair=True, approve_plan=checksum)
    assert approved.counts["mended"] == 3
    assert f"plan {checksum} was approved by ada" in approved.note
    with pytest.raises(InvalidRequest, match="an approval counts once"):
        audit(scene, repair=True, approve_plan=checksum)
    scene.everything_is_right()


def test_a_repair_that_has_changed_needs_a_new_approval(scene: Scene) -> None:
    booked = settled(scene, MANY)
    for booking_id in booked[:3]:
        duplicate(scene, booking_id)
    _, first = refused_repair(scene)
    duplicate(scene, booked[3])
    report = audit(scene, repair=True, approve_plan=first)
    assert f"plan {first} is not what waits any more" in report.reason
    assert report.counts["mended"] == 0
    second = scene.rows(select(refused_plan).where(refused_plan.c.state == "waiting"))[0]["checksum"]
    assert audit(scene, repair=True, approve_plan=second).counts["mended"] == 4


def test_what_is_written_again_by_a_repair_leaves_a_plan_that_waits_alone(scene: Scene) -> None:
    booked = settled(scene, MANY)
    for booking_id in booked[:10]:
        scene.calendar.cancel(booking_id)
    scene.run(may_be_red=True)
    (waiting,) = scene.rows(select(refused_plan))
    outdate(scene, booked[15])
    assert found(scene, repair=True) == {"stale": 1, "mended": 1}
    assert [row["state"] for row in scene.rows(select(refused_plan))] == ["waiting"]
    assert len(scene.rows(select(change).where(change.c.refused_at.is_not(None)))) == 10
    assert scene.run(approve_plan=waiting["checksum"]).counts["cancel"] == 10
    scene.everything_is_right()


def test_an_audit_to_which_most_bookings_are_gone_is_red_and_repairs_nothing(scene: Scene) -> None:
    duplicate(scene, settled(scene, MANY)[0])
    scene.calendar.store = BookingStore()
    reports: list[AuditReport] = []
    assert scene.writes_of(lambda: reports.append(audit(scene, repair=True))) == []  # W5, X5
    assert "Calendar.com returns 0 of the 20 bookings that are mapped" in reports[0].reason


def test_a_sweep_that_would_archive_too_much_waits_like_any_plan(scene: Scene) -> None:
    booked = settled(scene, MANY)
    for booking_id in booked[:3]:
        duplicate(scene, booking_id)
    before = len(scene.hubspot.activities())
    report = scene.run(may_be_red=True)
    assert "it archives 3 of 20 live activities without a new one" in report.reason  # W5
    (waiting,) = scene.rows(select(refused_plan))
    scene.calendar.edit(booked[10], event_name="Renamed")
    again = scene.run()
    assert again.counts["update"] == 1
    assert f"plan {waiting['checksum']} is still refused" in again.note
    assert len(scene.hubspot.activities()) == before
    scene.run(approve_plan=waiting["checksum"])
    scene.everything_is_right()
