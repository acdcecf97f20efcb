"""The plan as a value: its order, its lines, its checksum."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from booking_sync.decision import Decision, NoChange, Recorded
from booking_sync.fingerprint import activity_key, revision, schedule_fingerprint
from booking_sync.plan import Change, checksum_of, plan_change
from booking_sync.states import ActivityOutcome, Operation, RecordedState, Step
from tests.builders import a_booking, an_invitee

BOOKING = a_booking(version=4)
OWN = Recorded(BOOKING.id, RecordedState.LIVE, "7", 2, 3, "s", "c")
BEFORE = Recorded("bk_before", RecordedState.LIVE, "5", 1, 3, "s", "c")


def change(operation: Operation, recorded: Recorded | None = None, replaces: Recorded | None = None) -> Change:
    return plan_change(BOOKING, recorded, Decision(operation, "because", replaces))


def test_a_creation_takes_the_first_marker() -> None:
    planned = change(Operation.CREATE)
    assert (planned.step, planned.generation, planned.activity_id) == (Step.CREATE, 1, None)
    assert planned.activity_key == activity_key(BOOKING.workspace_id, BOOKING.id, 1)
    assert planned.revision == revision(BOOKING, ActivityOutcome.SCHEDULED)


def test_a_recreation_makes_the_new_one_first_and_names_the_old_one() -> None:
    planned = change(Operation.RECREATE, OWN, OWN)
    assert (planned.step, planned.generation) == (Step.CREATE, 3)  # R4
    assert (planned.activity_id, planned.old_activity_id, planned.old_booking_id) == (None, "7", None)


def test_a_recreation_for_a_new_booking_names_the_booking_that_it_takes_over_from() -> None:
    planned = change(Operation.RECREATE, None, BEFORE)
    assert (planned.generation, planned.old_activity_id, planned.old_booking_id) == (1, "5", "bk_before")  # R2


def test_changes_in_place_keep_marker_and_activity() -> None:
    places = {Operation.CANCEL: Step.WRITE, Operation.UPDATE: Step.ASSOCIATE, Operation.MARK: Step.WRITE}
    for operation, step in places.items():
        planned = change(operation, OWN)
        assert (planned.step, planned.generation, planned.activity_id) == (step, 2, "7")
        assert planned.old_activity_id is None


def test_an_activity_that_is_moved_is_not_archived() -> None:
    planned = change(Operation.UPDATE, OWN, OWN)
    assert (planned.step, planned.generation, planned.activity_id) == (Step.ASSOCIATE, 2, "7")  # R6
    assert (planned.old_activity_id, planned.old_booking_id) == (None, None)


def test_an_activity_that_is_taken_over_gets_the_first_marker_of_its_new_booking() -> None:
    planned = change(Operation.UPDATE, None, BEFORE)
    assert (planned.generation, planned.activity_id, planned.old_activity_id) == (1, "5", None)  # R6
    assert planned.activity_key == activity_key(BOOKING.workspace_id, BOOKING.id, 1)
    assert planned.old_booking_id == "bk_before"


@pytest.mark.parametrize("hours", [0, 3])
@pytest.mark.parametrize("host", ["us_1", "us_2"])
def test_a_moved_activity_loses_its_owner_only_with_its_host(hours: int, host: str) -> None:
    start, end = BOOKING.start_at - timedelta(hours=hours), BOOKING.end_at - timedelta(hours=hours)
    before = a_booking(start_at=start, end_at=end, host=replace(BOOKING.host, id=host))
    recorded = replace(OWN, schedule_fingerprint=schedule_fingerprint(before), start_at=start, end_at=end)
    assert change(Operation.UPDATE, recorded, recorded).has_new_host is (host != BOOKING.host.id)  # R6, A1


def test_an_activity_made_anew_after_it_was_handed_over_takes_the_next_marker() -> None:
    replaced = replace(OWN, state=RecordedState.REPLACED, activity_id=None, replaced_by="bk_next")
    planned = change(Operation.CREATE, replaced)
    assert (planned.generation, planned.activity_id) == (3, None)


def test_equal_plans_have_equal_checksums_and_others_do_not() -> None:
    one, other = change(Operation.CREATE), replace(change(Operation.CANCEL, OWN), booking_id="bk_2")
    checksum = checksum_of([one, other])
    assert checksum_of([other, one]) == checksum
    for different in (
        replace(one, booking_version=9),
        replace(one, operation=Operation.RECREATE),
        replace(one, revision="other"),
        replace(one, old_activity_id="8"),
    ):
        assert checksum_of([different, other]) != checksum
    assert checksum_of([one]) != checksum


def test_a_change_is_told_in_a_line_without_personal_data() -> None:
    personal = a_booking(invitees=(an_invitee(name="Ada Lovelace", email="ada@example.com"),))
    planned = plan_change(personal, OWN, Decision(Operation.RECREATE, "start, end or host changed", OWN))
    assert planned.line == "± recreate bk_01HV8Z v3 (activity 7): start, end or host changed"


def test_a_decision_that_changes_nothing_is_no_change() -> None:
    for verdict in NoChange:
        assert verdict.value not in {operation.value for operation in Operation}
