"""Every kind of disagreement, next to what looks like it and is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from booking_sync.audited import OF_AN_APP, AuditedBooking, Evidence, FoundActivity, MappedBooking
from booking_sync.drift import Drift, DriftKind, find_drift
from booking_sync.fingerprint import activity_key
from booking_sync.model import BookingStatus
from booking_sync.states import RecordedState

START = datetime(2026, 3, 5, 13, 0, tzinfo=UTC)
END = START + timedelta(minutes=30)
CONNECTED_AT = datetime(2026, 3, 1, tzinfo=UTC)
DUE_UNTIL = datetime(2026, 3, 4, tzinfo=UTC)
IN_TIME = DUE_UNTIL - timedelta(hours=1)
SECOND = timedelta(seconds=1)


def a_booking(**changes: Any) -> AuditedBooking:
    made = AuditedBooking("bk_1", BookingStatus.SCHEDULED, 3, IN_TIME, "3-abc", "Intro call", "SCHEDULED")
    return replace(made, **changes)


def a_row(**changes: Any) -> MappedBooking:
    key = activity_key("ws_1", str(changes.get("booking_id", "bk_1")), int(changes.get("generation", 1)))
    made = MappedBooking("bk_1", RecordedState.LIVE, "11", key, 1, 3, START, END, ("c1",), None)
    return replace(made, **changes)


def an_activity(**changes: Any) -> FoundActivity:
    key = activity_key("ws_1", str(changes.get("booking_id", "bk_1")), 1)
    made = FoundActivity(
        "11", key, "bk_1", "3-abc", "Intro call", START, END, "SCHEDULED", OF_AN_APP, "app", contact_ids=("c1",)
    )
    return replace(made, **changes)


def evidence(
    bookings: list[AuditedBooking], rows: list[MappedBooking], activities: list[FoundActivity], **more: Any
) -> Evidence:
    facts: dict[str, Any] = {
        "workspace_id": "ws_1",
        "other_workspace_ids": (),
        "bookings": {one.id: one for one in bookings},
        "unreadable": frozenset(),
        "mapped": {one.booking_id: one for one in rows},
        "activities": {one.id: one for one in activities},
        "in_work": frozenset(),
        "due_from": CONNECTED_AT,
        "due_until": DUE_UNTIL,
        "standing_contact_ids": frozenset({"c1"}),
    }
    return Evidence(**{**facts, **more})


def kinds(*of: Any, **more: Any) -> list[str]:
    return [drift.kind.value for drift in find_drift(evidence(*of, **more))]


def one(*of: Any, **more: Any) -> Drift:
    (found,) = find_drift(evidence(*of, **more))
    return found


def test_what_agrees_is_no_drift() -> None:
    assert kinds([a_booking()], [a_row()], [an_activity()]) == []


# --- missing and deleted ----------------------------------------------------------------------------------------------


def test_a_booking_that_should_have_come_and_never_did_is_missing() -> None:
    drift = one([a_booking()], [], [])
    assert (drift.kind, drift.booking_id, drift.is_mendable) == (DriftKind.MISSING, "bk_1", True)  # D5


def test_a_cancelled_booking_that_never_came_is_missing_too() -> None:
    assert kinds([a_booking(status=BookingStatus.CANCELED)], [], []) == ["missing"]  # X2


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"updated_at": CONNECTED_AT}, ["missing"]),
        ({"updated_at": CONNECTED_AT - SECOND}, []),  # K5
        ({"updated_at": DUE_UNTIL - SECOND}, ["missing"]),
        ({"updated_at": DUE_UNTIL}, []),  # the next run passes it on
        ({"status": BookingStatus.RESCHEDULED}, []),  # R2
        ({"rescheduled_to_id": "bk_2"}, ["missing"]),  # nobody has seen bk_2
    ],
)
def test_only_what_is_due_can_be_missing(changes: dict[str, Any], expected: list[str]) -> None:
    assert kinds([a_booking(**changes)], [], []) == expected


@pytest.mark.parametrize(
    "links", [({}, {"rescheduled_from_id": "bk_1"}), ({"rescheduled_to_id": "bk_2"}, {})], ids=["claimed", "handed on"]
)
def test_a_booking_that_another_one_takes_the_place_of_is_not_missing(links: Any) -> None:
    successor = a_booking(id="bk_2", updated_at=DUE_UNTIL, **links[1])
    assert kinds([a_booking(**links[0]), successor], [], []) == []  # R2


def test_a_booking_that_a_run_keeps_is_not_missing() -> None:
    assert kinds([a_booking()], [], [], in_work={"bk_1"}) == []  # W6


def test_a_replaced_booking_that_stands_again_is_missing() -> None:
    row = a_row(state=RecordedState.REPLACED, activity_id=None, replaced_by="bk_2")
    assert kinds([a_booking(version=4)], [row], []) == ["missing"]
    assert kinds([a_booking(version=3)], [row], []) == []
    assert kinds([a_booking(version=4, status=BookingStatus.CANCELED)], [row], []) == []


def test_a_mapped_activity_that_is_gone_was_deleted_by_a_person() -> None:
    drift = one([a_booking()], [a_row()], [])
    assert (drift.kind, drift.activity_id, drift.is_mendable) == (DriftKind.DELETED, "11", False)  # D3


def test_an_activity_that_is_gone_together_with_its_mapping_is_not_made_again() -> None:
    drift = one([a_booking()], [], [], once_mapped={"bk_1"})
    assert (drift.kind, drift.is_mendable) == (DriftKind.DELETED, False)  # D3


# --- edited and stale -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": "Mine"}, "title changed"),
        ({"start_at": START + SECOND}, "start changed"),
        ({"end_at": None}, "end changed"),
        ({"outcome": "COMPLETED"}, "outcome changed"),
        ({"title": "Mine", "outcome": "NO_SHOW"}, "title, outcome changed"),
        ({"key": None}, "marker"),
        ({"key": "cal_other"}, "marker"),
    ],
)
def test_what_a_person_changed_is_named_and_left_alone(changes: dict[str, Any], words: str) -> None:
    drift = one([a_booking()], [a_row()], [an_activity(**changes)])
    assert (drift.kind, drift.is_mendable) == (DriftKind.EDITED, False)  # D2
    assert words in drift.sentence
    assert "Mine" not in drift.sentence


def test_fractions_that_hubspot_does_not_keep_are_no_edit() -> None:
    shown = an_activity(title="Intro call ", start_at=START - timedelta(microseconds=999))
    assert kinds([a_booking()], [a_row()], [shown]) == []


def test_a_cancelled_activity_keeps_the_times_that_were_written() -> None:
    booking = a_booking(status=BookingStatus.CANCELED, revision="4-xyz", version=4, outcome="CANCELED")
    row = a_row(state=RecordedState.CANCELED, version=4)
    shown = an_activity(revision="4-xyz", outcome="CANCELED")
    assert kinds([booking], [row], [shown]) == []  # X1
    assert kinds([booking], [row], [replace(shown, start_at=END)]) == ["edited"]


def test_an_activity_that_lags_behind_what_the_mapping_claims_is_stale() -> None:
    drift = one([a_booking()], [a_row()], [an_activity(revision="2-old", title="Old")])
    assert (drift.kind, drift.is_mendable) == (DriftKind.STALE, True)


@pytest.mark.parametrize(
    ("booking", "expected"),
    [
        ({"version": 4, "revision": "4-new"}, ["stale"]),  # due, and no run took it
        ({"version": 4, "revision": "4-new", "updated_at": DUE_UNTIL}, []),  # the next run takes it
        ({"version": 4, "revision": "4-abc"}, []),  # nothing that is shown has changed
        ({"version": 2, "revision": "2-old"}, []),  # W3
        ({"version": 4, "revision": "4-new", "status": BookingStatus.RESCHEDULED}, []),  # R2
    ],
)
def test_only_a_version_that_is_due_makes_an_activity_stale(booking: dict[str, Any], expected: list[str]) -> None:
    assert kinds([a_booking(**booking)], [a_row()], [an_activity()]) == expected


def test_an_activity_that_waits_for_a_successor_is_not_stale() -> None:
    before = a_booking(version=4, revision="4-new", rescheduled_to_id="bk_2")
    after = a_booking(id="bk_2", updated_at=DUE_UNTIL)
    assert kinds([before, after], [a_row()], [an_activity()]) == []  # R2


def test_a_kept_change_explains_an_older_state() -> None:
    assert kinds([a_booking(version=4, revision="4-new")], [a_row()], [an_activity()], in_work={"bk_1"}) == []


def test_what_changes_after_a_cancellation_is_not_shown() -> None:
    booking = a_booking(status=BookingStatus.CANCELED, version=5, revision="5-new", outcome="CANCELED")
    row = a_row(state=RecordedState.CANCELED, version=4)
    assert kinds([booking], [row], [an_activity(revision="4-x", outcome="CANCELED")]) == []  # X4
    assert kinds([booking], [row], [an_activity(revision="4-x", outcome="SCHEDULED")]) == ["stale"]


# --- associations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "standing", "expected"),
    [
        ((), {"c1"}, ["wrong_association"]),
        (("c2",), {"c1"}, ["wrong_association"]),
        (("c1", "c2"), {"c1"}, []),  # what a person added is no drift (R5)
        (("c2",), set(), []),  # merged or deleted, not taken off
        (None, {"c1"}, []),  # HubSpot said nothing
    ],
)
def test_only_a_contact_that_was_taken_off_is_a_wrong_association(
    found: Any, standing: set[str], expected: list[str]
) -> None:
    activity = an_activity(contact_ids=found)
    assert kinds([a_booking()], [a_row()], [activity], standing_contact_ids=standing) == expected


# --- activities besides the mapped one --------------------------------------------------------------------------------


def test_of_several_activities_the_mapped_one_stays() -> None:
    older, newer = an_activity(id="5"), an_activity(id="12", key=activity_key("ws_1", "bk_1", 2))
    found = find_drift(evidence([a_booking()], [a_row()], [older, an_activity(), newer]))
    assert {(d.kind, d.activity_id, d.kept_activity_id, d.is_mendable) for d in found} == {
        (DriftKind.DUPLICATE, "5", "11", True),
        (DriftKind.DUPLICATE, "12", "11", True),
    }  # A6


def test_without_a_mapped_one_the_oldest_stays() -> None:
    bookings, rows = [a_booking(), a_booking(id="bk_2")], [a_row(activity_id="99"), a_row(booking_id="bk_2")]
    activities = [an_activity(id="100"), an_activity(id="20"), an_activity(booking_id="bk_2")]
    found = find_drift(evidence(bookings, rows, activities))
    assert [(d.kind, d.activity_id, d.kept_activity_id) for d in found] == [
        (DriftKind.DUPLICATE, "100", "20"),
        (DriftKind.DELETED, "99", None),
    ]


def test_what_a_person_restored_is_reported_and_left_alone() -> None:
    drift = one([a_booking()], [a_row()], [an_activity(), an_activity(id="5")], archived_by_us={"5": True})
    assert (drift.kind, drift.is_mendable) == (DriftKind.DUPLICATE, False)
    known = one([a_booking()], [a_row()], [an_activity(), an_activity(id="5")], archived_by_us={"5": False})
    assert known.is_mendable


def test_a_predecessor_that_was_never_archived_is_a_duplicate_of_its_successor() -> None:
    before = a_row(state=RecordedState.REPLACED, activity_id=None, replaced_by="bk_2")
    after = a_row(booking_id="bk_2")
    bookings = [a_booking(status=BookingStatus.RESCHEDULED), a_booking(id="bk_2")]
    left_over, standing = an_activity(id="5"), an_activity(booking_id="bk_2")
    drift = one(bookings, [before, after], [left_over, standing])
    assert (drift.kind, drift.activity_id, drift.kept_activity_id) == (DriftKind.DUPLICATE, "5", "11")  # R2
    assert kinds(bookings, [before, after], [left_over], archived_by_us={"5": False}) == ["deleted"]  # none stands


def test_a_duplicate_of_a_booking_that_cannot_be_read_is_only_reported() -> None:
    drift = one([], [a_row()], [an_activity(), an_activity(id="12")], unreadable={"bk_1"})
    assert (drift.kind, drift.is_mendable) == (DriftKind.DUPLICATE, False)


def test_two_activities_in_the_middle_of_a_change_are_no_duplicate() -> None:
    assert kinds([a_booking()], [a_row()], [an_activity(), an_activity(id="12")], in_work={"bk_1"}) == []  # R4


def test_an_activity_that_the_mapping_has_lost_is_reported() -> None:
    drift = one([a_booking()], [], [an_activity()], archived_by_us={"11": False})
    assert (drift.kind, drift.is_mendable) == (DriftKind.UNMAPPED, False)


def test_a_marker_whose_booking_nobody_knows_is_an_orphan() -> None:
    orphan = an_activity(id="12", booking_id="bk_9")
    drift = one([a_booking()], [a_row()], [an_activity(), orphan])
    assert (drift.kind, drift.booking_id, drift.is_mendable) == (DriftKind.ORPHAN, "bk_9", False)


@pytest.mark.parametrize(
    "copy",
    [
        {"key": "cal_other"},
        {"key": None},
        {"booking_id": None, "key": activity_key("ws_1", "bk_1", 1)},
        {"booking_id": "bk_2", "key": activity_key("ws_1", "bk_1", 1)},
        {"source": "CRM_UI", "source_id": "userId:1"},
        {"source_id": "another app"},
        {"source": None},
    ],
)
def test_a_marker_that_is_not_from_us_is_foreign_and_left_alone(copy: dict[str, Any]) -> None:
    drift = one([a_booking()], [a_row()], [an_activity(), replace(an_activity(id="12"), **copy)])
    assert (drift.kind, drift.activity_id, drift.is_mendable) == (DriftKind.FOREIGN_MARKER, "12", False)  # D4


def test_another_workspaces_activity_in_the_same_portal_is_none_of_ours() -> None:
    theirs = an_activity(id="12", booking_id="bk_9", key=activity_key("ws_2", "bk_9", 2))
    assert kinds([], [], [theirs], other_workspace_ids=("ws_2",)) == []
    assert kinds([], [], [theirs]) == ["foreign_marker"]
    assert kinds([], [], [theirs], tells_of_strangers=False) == []


# --- vanished ---------------------------------------------------------------------------------------------------------


def test_a_booking_that_is_not_returned_any_more_is_only_reported() -> None:
    drift = one([], [a_row()], [an_activity(title="Mine")])
    assert (drift.kind, drift.is_mendable) == (DriftKind.VANISHED, False)  # X5


@pytest.mark.parametrize("more", [{"unreadable": {"bk_1"}}, {"in_work": {"bk_1"}}])
def test_a_booking_that_makes_no_sense_or_is_in_work_has_not_vanished(more: dict[str, Any]) -> None:
    assert kinds([], [a_row()], [an_activity()], **more) == []


def test_a_replaced_booking_cannot_vanish() -> None:
    row = a_row(state=RecordedState.REPLACED, activity_id=None, replaced_by="bk_2")
    assert kinds([], [row], []) == []
