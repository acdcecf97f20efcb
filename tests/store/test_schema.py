"""What the tables promise: the migrations make them, and they hold to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from booking_sync.states import OPEN_STATES, ChangeState
from booking_sync.store.database import reading, writing
from booking_sync.store.schema import VERSION_TABLE
from booking_sync.store.tables import change, metadata, portal
from tests.store.conftest import INTEGRATION, NOW


def change_row(change_id: str, state: ChangeState, booking_id: str = "bk_1") -> dict[str, object]:
    return {
        "id": change_id,
        "run_id": "run_1",
        "worker_run_id": "run_1",
        "integration_id": INTEGRATION,
        "booking_id": booking_id,
        "booking_version": 1,
        "booking_created_at": NOW,
        "operation": "create",
        "reason": "new booking",
        "step": "create",
        "state": state,
        "revision": "1-0",
        "activity_key": "cal_0",
        "generation": 1,
        "attempt_count": 0,
        "warnings": [],
        "planned_at": NOW,
    }


def test_the_migrations_make_exactly_the_tables_of_the_code(engine: Engine) -> None:
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)

        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("first", OPEN_STATES)
@pytest.mark.parametrize("second", OPEN_STATES)
def test_a_booking_has_one_open_change_at_most(engine: Engine, first: ChangeState, second: ChangeState) -> None:
    with writing(engine) as connection:
        connection.execute(insert(change), [change_row("one", first), change_row("other", first, "bk_2")])

    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(change), change_row("two", second))


def test_changes_that_are_over_do_not_count_as_open(engine: Engine) -> None:
    over = [state for state in ChangeState if state not in OPEN_STATES]
    rows = [change_row(f"{state}_{number}", state) for state in over for number in (1, 2)]

    with writing(engine) as connection:
        connection.execute(insert(change), [*rows, change_row("open", ChangeState.KEPT)])

    with reading(engine) as connection:
        assert len(connection.execute(select(change.c.id)).all()) == len(rows) + 1


def test_a_time_comes_back_aware_and_in_utc(engine: Engine) -> None:
    in_kolkata = datetime(2026, 3, 5, 18, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with writing(engine) as connection:
        connection.execute(insert(portal), {"id": "1", "provisioned_at": in_kolkata})

    with reading(engine) as connection:
        read = connection.execute(select(portal.c.provisioned_at)).scalar_one()

    assert read == in_kolkata
    assert read.isoformat() == "2026-03-05T13:00:00.123456+00:00"
    assert read.tzinfo is UTC


def test_a_time_without_a_zone_never_reaches_the_database(engine: Engine) -> None:
    naive = NOW.replace(tzinfo=None)

    with pytest.raises(StatementError, match="a time without a zone"), writing(engine) as connection:
        connection.execute(insert(portal), {"id": "1", "provisioned_at": naive})


def test_times_are_compared_as_instants(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(portal), {"id": "1", "provisioned_at": NOW})
    a_second_later_elsewhere = (NOW + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-8)))

    with reading(engine) as connection:
        earlier = select(portal.c.id).where(portal.c.provisioned_at < a_second_later_elsewhere)

        assert connection.execute(earlier).scalar_one() == "1"
