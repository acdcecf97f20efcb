"""What the retention deletes, and what it leaves, on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Table, func, insert, select

from booking_sync import retention
from booking_sync.states import ChangeState
from booking_sync.store.alert_tables import alert
from booking_sync.store.database import reading, writing
from booking_sync.store.intervention_tables import ignored_booking, intervention
from booking_sync.store.notice_tables import notice
from booking_sync.store.read_tables import kept_booking, untouched_booking
from booking_sync.store.retention import prune_runs
from booking_sync.store.tables import audit, change, drift, integration_run, mapping, mapping_history, refused_plan, run
from tests.store.conftest import INTEGRATION, NOW
from tests.store.test_schema import change_row

OLD, YOUNG = NOW - timedelta(days=401), NOW - timedelta(days=399)


def audit_row(change_id: str, at: datetime, outcome: str = "applied") -> dict[str, Any]:
    return {
        "at": at,
        "run_id": "run_1",
        "requested_by": "ada",
        "integration_id": INTEGRATION,
        "change_id": change_id,
        "booking_id": "bk_1",
        "booking_version": 1,
        "action": "create",
        "object_type": "activity",
        "outcome": outcome,
    }


def history_row(activity_id: str, at: datetime) -> dict[str, Any]:
    return {
        "integration_id": INTEGRATION,
        "booking_id": "bk_1",
        "change_id": "one",
        "event": "created",
        "activity_id": activity_id,
        "version": 1,
        "start_at": NOW,
        "end_at": NOW,
        "at": at,
    }


def mapping_row(activity_id: str) -> dict[str, Any]:
    return {
        "integration_id": INTEGRATION,
        "booking_id": "bk_1",
        "state": "live",
        "activity_id": activity_id,
        "activity_key": "cal_1",
        "generation": 1,
        "version": 1,
        "schedule_fingerprint": "",
        "content_fingerprint": "",
        "start_at": OLD,
        "end_at": OLD,
        "contact_ids": [],
        "recorded_at": OLD,
    }


def kept_row(booking_id: str, *, is_open: bool, run_id: str = "run_1") -> dict[str, Any]:
    shared = {"integration_id": INTEGRATION, "kind": "rejected", "reason": "broken", "kept_at": OLD}
    return {**shared, "run_id": run_id, "booking_id": booking_id, "is_open": is_open}


def plan_row(checksum: str, state: str, at: datetime) -> dict[str, Any]:
    shared = {"integration_id": INTEGRATION, "kind": "plan", "reasons": [], "figures": {}, "size": 1, "run_id": "run_1"}
    return {**shared, "checksum": checksum, "state": state, "refused_at": at}


def notice_row(name: str, *, finished_at: datetime | None, meeting_ends_at: datetime = OLD) -> dict[str, Any]:
    shared = {"integration_id": INTEGRATION, "booking_id": "bk_1", "booking_version": 1, "change_id": "one"}
    what = {"kind": "canceled", "role": "host", "calendar_uid": "u", "sequence": 1, "noted_at": OLD}
    state = "sent" if finished_at else "waiting"
    ends = {"finished_at": finished_at, "meeting_ends_at": meeting_ends_at}
    return {**shared, **what, **ends, "id": name, "state": state, "attempt_count": 1}


def add(engine: Engine, table: Table, *rows: Mapping[str, Any]) -> None:
    with writing(engine) as connection:
        connection.execute(insert(table), list(rows))


def left(engine: Engine, table: Table, column: str) -> set[Any]:
    with reading(engine) as connection:
        return set(connection.execute(select(table.c[column])).scalars())


def prune(engine: Engine) -> dict[str, int]:
    return retention.prune(engine, lambda: NOW, 400)


def test_old_audit_rows_go_and_those_of_unfinished_writes_stay(engine: Engine) -> None:
    add(engine, change, change_row("open", ChangeState.KEPT))
    rows = [audit_row("old", OLD), audit_row("lost", OLD, "sent"), audit_row("open", OLD), audit_row("young", YOUNG)]
    add(engine, audit, *rows)
    assert prune(engine) == {"audit": 1}
    assert left(engine, audit, "change_id") == {"lost", "open", "young"}


def test_the_history_of_a_mapped_activity_stays(engine: Engine) -> None:
    add(engine, mapping, mapping_row("7"))
    add(engine, mapping_history, history_row("6", OLD), history_row("7", OLD), history_row("5", YOUNG))
    assert prune(engine) == {"mapping_history": 1}
    assert left(engine, mapping_history, "activity_id") == {"7", "5"}
    assert left(engine, mapping, "activity_id") == {"7"}


def test_changes_go_when_they_are_over_for_long(engine: Engine) -> None:
    over = {**change_row("old", ChangeState.DONE), "closed_at": OLD}
    young = {**change_row("young", ChangeState.SUPERSEDED), "closed_at": YOUNG}
    add(engine, change, over, young, {**change_row("kept", ChangeState.KEPT), "closed_at": None})
    assert prune(engine) == {"change": 1}
    assert left(engine, change, "id") == {"young", "kept"}


def test_bookings_that_are_read_again_stay(engine: Engine) -> None:
    add(engine, kept_booking, kept_row("open", is_open=True), kept_row("over", is_open=False))
    assert prune(engine) == {"kept_booking": 1}
    assert left(engine, kept_booking, "booking_id") == {"open"}


def test_plans_go_when_they_are_settled_and_nothing_of_them_is_open(engine: Engine) -> None:
    states = ("waiting", "granted", "rejected", "approved", "overtaken")
    add(engine, refused_plan, *(plan_row(state, state, OLD) for state in states), plan_row("young", "approved", YOUNG))
    with reading(engine) as connection:
        approved = select(refused_plan.c.id).where(refused_plan.c.checksum == "approved")
        plan_id = connection.execute(approved).scalar_one()
    add(engine, change, {**change_row("open", ChangeState.KEPT), "approval_id": plan_id})
    assert prune(engine) == {"refused_plan": 1}
    assert left(engine, refused_plan, "checksum") == {"waiting", "granted", "rejected", "approved", "young"}


def test_what_people_did_to_bookings_goes_and_what_they_said_to_ignore_holds(engine: Engine) -> None:
    did = {"integration_id": INTEGRATION, "booking_id": "bk_1", "action": "ignore", "person": "ada"}
    add(engine, intervention, {**did, "at": OLD}, {**did, "at": YOUNG})
    said = {"integration_id": INTEGRATION, "booking_id": "bk_1", "ignored_by": "ada", "reason": "a test"}
    add(engine, ignored_booking, {**said, "ignored_at": OLD})
    assert prune(engine) == {"intervention": 1}
    assert left(engine, intervention, "at") == {YOUNG}
    assert left(engine, ignored_booking, "booking_id") == {"bk_1"}


def test_alerts_go_when_they_have_been_over_for_long(engine: Engine) -> None:
    about = {"kind": "no_sync", "sentence": "?", "opened_at": OLD}
    ends = {"over": OLD, "just over": YOUNG, "present": None}
    add(engine, alert, *({**about, "subject": subject, "cleared_at": at} for subject, at in ends.items()))
    assert prune(engine) == {"alert": 1}
    assert left(engine, alert, "subject") == {"just over", "present"}


def test_notices_go_when_nobody_can_move_their_meeting_any_more(engine: Engine) -> None:
    rows = [notice_row("over", finished_at=OLD), notice_row("young", finished_at=YOUNG)]
    ahead = notice_row("ahead", finished_at=OLD, meeting_ends_at=NOW + timedelta(days=1))
    add(engine, notice, *rows, ahead, notice_row("open", finished_at=None))
    assert prune(engine) == {"notice": 1}
    assert left(engine, notice, "id") == {"young", "ahead", "open"}  # M1


def untouched_row(run_id: str, booking_id: str) -> dict[str, Any]:
    what = {"booking_version": 1, "verdict": "unchanged"}
    return {"run_id": run_id, "integration_id": INTEGRATION, "booking_id": booking_id, **what}


def test_what_old_runs_left_as_it_is_goes_in_slices_and_the_runs_with_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    with writing(engine) as connection:
        connection.execute(run.update().where(run.c.id == "run_1").values(opened_at=OLD, closed_at=OLD))
        connection.execute(run.update().where(run.c.id == "run_2").values(opened_at=YOUNG, closed_at=YOUNG))
    add(engine, untouched_booking, *(untouched_row("run_1", f"bk_{n}") for n in range(7)), untouched_row("run_2", "bk"))
    assert prune(engine) == {"untouched_booking": 7, "run": 1}
    assert left(engine, untouched_booking, "run_id") == left(engine, run, "id") == {"run_2"}


def test_a_run_stays_as_long_as_what_it_left_as_it_is(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(run.update().values(opened_at=OLD, closed_at=OLD))
        connection.execute(insert(untouched_booking), untouched_row("run_1", "bk_1"))
        assert prune_runs(connection, NOW, 9) == 1
    assert left(engine, run, "id") == {"run_1"}


def test_a_run_goes_with_its_parts_when_nothing_refers_to_it(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(run.update().values(opened_at=OLD, closed_at=OLD))
    found = {"run_id": "run_2", "integration_id": INTEGRATION, "kind": "missing", "sentence": "?", "mended": False}
    add(engine, drift, {**found, "found_at": YOUNG})
    add(engine, kept_booking, kept_row("open", is_open=True, run_id="run_1"))
    assert prune(engine) == {"run": 1}
    assert left(engine, run, "id") == left(engine, integration_run, "run_id") == {"run_1"}
    assert left(engine, drift, "run_id") == set()


def test_more_than_one_slice_is_deleted_and_what_is_kept_is_passed_over(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    add(engine, audit, *(audit_row(f"ch_{n}", OLD, "sent" if n % 5 == 0 else "applied") for n in range(20)))
    add(engine, change, *({**change_row(f"c{n}", ChangeState.DONE), "closed_at": OLD} for n in range(7)))
    assert prune(engine) == {"audit": 16, "change": 7}
    assert prune(engine) == {}
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(audit)).scalar_one() == 4


def test_a_call_ends_in_time_and_the_next_one_goes_on(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    add(engine, audit, *(audit_row(f"ch_{n}", OLD) for n in range(6)))
    times = iter([NOW, NOW + retention.LONGEST * 2])
    assert retention.prune(engine, lambda: next(times), 400) == {"audit": 3}
    assert prune(engine) == {"audit": 3}
