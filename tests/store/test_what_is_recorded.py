"""Older news never overwrites newer (W3), and what is personal goes when it is no longer needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import Engine, select

from booking_sync.decision import decide
from booking_sync.model import Booking, BookingStatus
from booking_sync.plan import plan_change
from booking_sync.states import ActivityOutcome, AuditOutcome, ChangeState, RecordedState, RunState
from booking_sync.store import change_progress, integrations, mappings, planned_changes, runs, staging
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import Vault
from booking_sync.store.mappings import MappingRow
from booking_sync.store.planned_changes import NewChange
from booking_sync.store.tables import change, mapping, mapping_history
from booking_sync.window import MANUAL, RunTrigger
from tests.builders import a_booking
from tests.store.conftest import INTEGRATION, NOW


def _row(version: int, activity_id: str = "552148") -> MappingRow:
    booking = a_booking()
    return MappingRow(
        booking_id=booking.id,
        state=RecordedState.LIVE,
        activity_id=activity_id,
        activity_key=f"cal_{activity_id}",
        generation=1,
        version=version,
        schedule_fingerprint=f"schedule {version}",
        content_fingerprint=f"content {version}",
        start_at=booking.start_at,
        end_at=booking.end_at,
        contact_ids=("171596", "171597"),
        outcome=ActivityOutcome.SCHEDULED,
        guests_fingerprint=None,
    )


def _save(engine: Engine, row: MappingRow) -> None:
    with writing(engine) as connection:
        mappings.save_rows(connection, INTEGRATION, [("ch_1", row)], event="created", at=NOW)


def _recorded(engine: Engine) -> tuple[int, str, str]:
    with reading(engine) as connection:
        found = connection.execute(select(mapping.c.version, mapping.c.activity_id, mapping.c.state)).one()
    return (found.version, found.activity_id, found.state)


def _stage(engine: Engine, vault: Vault, *bookings: Booking, run_id: str = "run_1") -> None:
    with writing(engine) as connection:
        staging.stage(connection, vault, run_id, INTEGRATION, bookings)


def _staged(engine: Engine, vault: Vault, run_id: str = "run_1") -> list[Booking]:
    with reading(engine) as connection:
        return [b for b, _ in staging.load_staged(connection, vault, run_id, INTEGRATION, [a_booking().id])]


def _plan(engine: Engine, vault: Vault, change_id: str) -> None:
    booking = a_booking()
    planned = plan_change(booking, None, decide(booking, None))
    new = NewChange(change_id, planned, vault.encrypt("Ada Lovelace"))
    with writing(engine) as connection:
        planned_changes.insert_changes(connection, "run_1", INTEGRATION, [new], state=ChangeState.PLANNED, at=NOW)


def _payload(engine: Engine, change_id: str) -> bytes | None:
    with reading(engine) as connection:
        payload: bytes | None = connection.execute(
            select(change.c.payload).where(change.c.id == change_id)
        ).scalar_one()
    return payload


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_of_a_booking_read_several_times_the_newest_version_stays(
    engine: Engine, vault: Vault, order: tuple[int, ...]
) -> None:  # W3
    for version in order:
        _stage(engine, vault, a_booking(version=version, event_name=f"version {version}"))

    assert _staged(engine, vault) == [a_booking(version=3, event_name="version 3")]


def test_the_newest_version_stays_within_one_page_too(engine: Engine, vault: Vault) -> None:  # W3
    _stage(engine, vault, a_booking(version=2), a_booking(version=3, event_name="newest"), a_booking(version=1))

    assert _staged(engine, vault) == [a_booking(version=3, event_name="newest")]
    with reading(engine) as connection:
        keys = list(staging.staged_keys(connection, "run_1", INTEGRATION, 10, at=NOW))
    assert [[row[1] for row in rows] for rows in keys] == [[3]]


def test_what_one_run_has_read_is_not_seen_by_another(engine: Engine, vault: Vault) -> None:
    _stage(engine, vault, a_booking(), run_id="run_1")

    assert _staged(engine, vault, "run_2") == []
    with writing(engine) as connection:
        staging.clear_staged(connection, "run_2", INTEGRATION)
    assert _staged(engine, vault, "run_1") == [a_booking()]


def test_only_runs_from_before_the_given_time_are_taken_for_dead(engine: Engine, vault: Vault) -> None:
    _stage(engine, vault, a_booking())

    with writing(engine) as connection:
        assert staging.clear_abandoned(connection, INTEGRATION, NOW) == []
    assert _staged(engine, vault) == [a_booking()]
    with writing(engine) as connection:
        assert staging.clear_abandoned(connection, INTEGRATION, NOW + timedelta(seconds=1)) == ["run_1"]
    assert _staged(engine, vault) == []


def test_an_older_version_never_overwrites_the_mapping(engine: Engine) -> None:  # W3
    _save(engine, _row(5, "newer"))
    _save(engine, _row(4, "older"))

    assert _recorded(engine) == (5, "newer", "live")


def test_the_same_and_newer_versions_do_overwrite_it(engine: Engine) -> None:
    for version, activity_id in ((4, "first"), (4, "made again"), (5, "rescheduled")):
        _save(engine, _row(version, activity_id))
        assert _recorded(engine) == (version, activity_id, "live")


def test_an_older_cancellation_does_not_cancel_a_newer_state(engine: Engine) -> None:  # W3
    _save(engine, _row(5))

    with writing(engine) as connection:
        mappings.mark_outcomes(connection, INTEGRATION, {a_booking().id: (4, ActivityOutcome.CANCELED)})
    assert _recorded(engine) == (5, "552148", "live")

    with writing(engine) as connection:
        mappings.mark_outcomes(connection, INTEGRATION, {a_booking().id: (6, ActivityOutcome.CANCELED)})
    assert _recorded(engine) == (6, "552148", "canceled")


def test_a_version_is_raised_and_never_lowered(engine: Engine) -> None:  # W3
    _save(engine, _row(5))

    for version, recorded in ((4, 5), (7, 7), (6, 7)):
        with writing(engine) as connection:
            mappings.raise_versions(connection, INTEGRATION, {a_booking().id: version}, NOW)
        assert _recorded(engine)[0] == recorded


def test_the_history_keeps_every_activity_with_its_times(engine: Engine) -> None:  # R1
    earlier = _row(4, "first")
    later = replace(_row(5, "second"), start_at=earlier.start_at + timedelta(days=1))
    for row in (earlier, later):
        _save(engine, row)

    with reading(engine) as connection:
        columns = (mapping_history.c.activity_id, mapping_history.c.start_at, mapping_history.c.end_at)
        history = connection.execute(select(*columns).order_by(mapping_history.c.id)).all()
    assert [tuple(one) for one in history] == [
        ("first", earlier.start_at, earlier.end_at),
        ("second", later.start_at, later.end_at),
    ]


def test_the_watermark_never_moves_back(engine: Engine) -> None:
    for moved_to, stands_at in ((1, 1), (0, 1), (2, 2)):
        with writing(engine) as connection:
            integrations.move_watermark(connection, INTEGRATION, NOW + timedelta(hours=moved_to))
            stands = integrations.load_integration(connection, INTEGRATION).watermark
        assert stands == NOW + timedelta(hours=stands_at)


def test_a_change_that_is_done_keeps_nothing_personal(engine: Engine, vault: Vault) -> None:
    _plan(engine, vault, "ch_done")
    assert _payload(engine, "ch_done") is not None

    with writing(engine) as connection:
        change_progress.close(connection, ["ch_done"], AuditOutcome.APPLIED, at=NOW)

    assert _payload(engine, "ch_done") is None


def test_a_change_that_newer_news_overtakes_keeps_nothing_personal(engine: Engine, vault: Vault) -> None:
    _plan(engine, vault, "ch_old")

    with writing(engine) as connection:
        planned_changes.supersede(connection, ["ch_old"], at=NOW)

    assert _payload(engine, "ch_old") is None


def test_a_preview_keeps_nothing_personal(engine: Engine, vault: Vault) -> None:  # W4
    booking = a_booking(status=BookingStatus.SCHEDULED)
    new = NewChange("ch_1", plan_change(booking, None, decide(booking, None)), vault.encrypt("Ada Lovelace"))

    with writing(engine) as connection:
        planned_changes.insert_changes(connection, "run_1", INTEGRATION, [new], state=ChangeState.PREVIEWED, at=NOW)

    assert _payload(engine, "ch_1") is None


def test_a_change_that_is_kept_still_knows_its_booking(engine: Engine, vault: Vault) -> None:
    _plan(engine, vault, "ch_kept")

    with writing(engine) as connection:
        change_progress.keep_changes(connection, ["ch_kept"], error_code="refused", error="HubSpot refuses it")

    payload = _payload(engine, "ch_kept")
    assert payload is not None
    assert vault.decrypt(payload) == "Ada Lovelace"


def test_a_repeated_task_opens_the_same_run(engine: Engine) -> None:
    trigger = RunTrigger("calendar_hubspot_sync", "run_1", MANUAL, "ada")

    with writing(engine) as connection:
        again = runs.insert_run(connection, "other", trigger, request={}, is_dry_run=True, opened_at=NOW)

    assert (again.id, again.is_dry_run, again.state) == ("run_1", False, RunState.OPEN)


def test_a_repeated_task_says_what_it_has_found_itself(engine: Engine) -> None:
    trigger = RunTrigger("calendar_hubspot_sync", "run_1", MANUAL, "ada")
    found = runs.Findings(("Acme: not connected",), ("Beta: cannot be read",), {"hubspot_calls": 2})

    with writing(engine) as connection:
        runs.insert_run(connection, "other", trigger, request={}, is_dry_run=False, opened_at=NOW, findings=found)

    with reading(engine) as connection:
        assert runs.load_findings(connection, "run_1") == found
