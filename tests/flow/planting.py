"""Runs of the audit, and what people, faults and accidents leave for it to find."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from proof import ledger
from sqlalchemy import func, select

from booking_sandbox.hubspot_schema import MEETINGS
from booking_sync.audit import run_audit
from booking_sync.audit_report import AuditReport
from booking_sync.fingerprint import activity_key
from booking_sync.request import AuditRequest
from booking_sync.store.tables import drift
from booking_sync.window import MANUAL
from tests.flow.scene import WORKSPACE, Scene

MANY = 40
"""How many of each kind are planted."""

LONGER_THAN_THE_OVERLAP = 1_800.0
OURS = {"hs_timestamp": "2026-03-03T09:00:00Z", "hs_meeting_title": "Meeting - Calendar.com: Intro call"}


def audit(scene: Scene, *, repair: bool = False, **request: Any) -> AuditReport:
    """Run an audit and check what holds after any run."""
    report = run_audit(scene.services, scene.trigger(MANUAL), AuditRequest(repair=repair, **request))
    assert not ledger.audit_mistakes(scene.services.engine, scene.sandbox, is_exact=scene.has_exact_audit)  # W7
    assert not ledger.payloads_left(scene.services.engine)
    assert {entry.method for entry in scene.sandbox.calendar.history} <= {"GET"}  # D1
    return report


def found(scene: Scene, **how: Any) -> dict[str, int]:
    """Return what an audit that is not red has found, by kind."""
    report = audit(scene, **how)
    assert not report.is_red, report.note
    return {kind: n for kind, n in report.counts.items() if n and kind not in ("bookings", "activities")}


def rows(scene: Scene) -> list[dict[str, Any]]:
    """Return what the last audit wrote down."""
    newest = select(func.max(drift.c.found_at)).scalar_subquery()
    return scene.rows(select(drift).where(drift.c.found_at == newest))


def make_as_the_integration(scene: Scene, booking_id: str, generation: int = 1) -> str:
    """Make an activity the way a lost request of ours would have."""
    key = activity_key(WORKSPACE, booking_id, generation)
    values = {**OURS, "calendar_booking_id": booking_id, "calendar_booking_key": key}
    with scene.hubspot.lock:
        return scene.hubspot.portal().create(MEETINGS, values, []).id


def settled(scene: Scene, count: int) -> list[str]:
    """Book so many meetings and let them be passed on, long enough ago for anything missing to be noticed."""
    booked = [scene.book() for _ in range(count)]
    scene.run()
    scene.clock.advance(LONGER_THAN_THE_OVERLAP)
    scene.run()
    return booked


def go_missing(scene: Scene, number: int) -> str:
    at = scene.clock.now - timedelta(hours=2, seconds=number)
    return scene.book(at=at)


def delete(scene: Scene, booking_id: str) -> str:
    scene.hubspot.delete_activity(scene.activity(booking_id)["id"])
    return booking_id


def duplicate(scene: Scene, booking_id: str) -> str:
    make_as_the_integration(scene, booking_id, generation=2)
    return booking_id


def edit(scene: Scene, booking_id: str) -> str:
    edits = (
        ("hs_meeting_title", "Mine"),
        ("hs_meeting_end_time", "2026-05-01T09:00:00Z"),
        ("hs_meeting_outcome", "NO_SHOW"),
    )
    activity_id = scene.activity(booking_id)["id"]
    scene.hubspot.edit_activity(activity_id, **dict([edits[int(activity_id) % 3]]))
    return booking_id


def outdate(scene: Scene, booking_id: str) -> str:
    old = {"calendar_booking_revision": "0-000000000000", "hs_meeting_title": "Older"}
    scene.hubspot.edit_activity(scene.activity(booking_id)["id"], **old)
    return booking_id


def take_contact_off(scene: Scene, booking_id: str) -> str:
    activity = scene.activity(booking_id)
    scene.hubspot.dissociate("meetings", activity["id"], "contacts", activity["contact_ids"][0])
    return booking_id


def clone(scene: Scene, booking_id: str) -> str:
    scene.hubspot.clone_activity(scene.activity(booking_id)["id"])
    return booking_id


def vanish(scene: Scene, booking_id: str) -> str:
    store = scene.calendar.store
    store._remove(store._versions.pop(booking_id)[-1])
    return booking_id


PLANTED: dict[str, Callable[[Scene, str], str]] = {
    "deleted": delete,
    "duplicate": duplicate,
    "edited": edit,
    "stale": outdate,
    "wrong_association": take_contact_off,
    "foreign_marker": clone,
    "vanished": vanish,
}


def plant(scene: Scene, many: int = MANY) -> dict[str, set[str]]:
    """Plant every kind, many times; return the bookings by kind."""
    supply = iter(settled(scene, many * (len(PLANTED) + 1)))
    planted = {kind: {do(scene, next(supply)) for _ in range(many)} for kind, do in PLANTED.items()}
    planted["missing"] = {go_missing(scene, number) for number in range(many)}
    planted["orphan"] = {f"bk_nobody_{number}" for number in range(many)}
    for booking_id in planted["orphan"]:
        make_as_the_integration(scene, booking_id)
    return planted
