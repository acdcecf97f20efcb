"""A run's items, counted, searched and in pages, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from booking_sync.states import ChangeState, KeptKind, Operation
from booking_sync.store import plan_items
from booking_sync.store.database import reading, writing
from booking_sync.store.plan_items import PlannedItem, Wanted
from booking_sync.store.read_tables import kept_booking
from booking_sync.store.tables import change, mapping_history, run
from tests.store.conftest import INTEGRATION, NOW
from tests.store.test_schema import change_row

COUNT = 12


def a_run(run_id: str, dag_run_id: str, minutes: int) -> dict[str, Any]:
    return {
        "id": run_id,
        "dag_id": "calendar_hubspot_sync",
        "dag_run_id": dag_run_id,
        "run_type": "manual",
        "requested_by": "ada",
        "request": {},
        "is_dry_run": False,
        "state": "recorded",
        "opened_at": NOW + timedelta(minutes=minutes),
        "findings": {},
    }


@pytest.fixture
def planned(engine: Engine) -> Engine:
    """Twelve creations, the youngest booking first, and one that another run handed over, of the oldest booking."""
    rows = [
        change_row(f"c{n:02}", ChangeState.DONE, f"bk_{n:02}") | {"booking_created_at": NOW - timedelta(hours=n)}
        for n in range(COUNT)
    ]
    theirs = change_row("theirs", ChangeState.KEPT, "bk_theirs") | {
        "run_id": "run_0",
        "operation": "cancel",
        "reason": "100% off",
        "booking_created_at": NOW - timedelta(days=9),
    }
    history = {
        "integration_id": INTEGRATION,
        "booking_id": "bk_03",
        "change_id": "c03",
        "event": "created",
        "activity_id": "77",
        "version": 1,
        "start_at": NOW,
        "end_at": NOW,
        "at": NOW,
    }
    with writing(engine) as connection:
        connection.execute(insert(change), [*rows, theirs])
        connection.execute(
            insert(change),
            change_row("of_another_run", ChangeState.DONE) | dict.fromkeys(("run_id", "worker_run_id"), "run_2"),
        )
        connection.execute(insert(mapping_history), history)
    return engine


def ids(items: list[PlannedItem]) -> list[str]:
    return [one.id for one in items]


def test_items_come_oldest_booking_first_those_that_were_handed_over_included(planned: Engine) -> None:
    with reading(planned) as connection:
        first = plan_items.item_page(connection, "run_1", Wanted(), start=0, most=5)
        rest = plan_items.item_page(connection, "run_1", Wanted(), start=5, most=50)
        counted = plan_items.count_items(connection, "run_1", Wanted())

    assert ids(first + rest) == ["theirs", *(f"c{n:02}" for n in reversed(range(COUNT)))]
    assert {(one.operation, one.state): one.count for one in counted} == {
        (Operation.CREATE, ChangeState.DONE): COUNT,
        (Operation.CANCEL, ChangeState.KEPT): 1,
    }


@pytest.mark.parametrize("chunk", [1, 5, 100])
def test_going_through_all_in_chunks_misses_none_and_repeats_none(planned: Engine, chunk: int) -> None:
    found: list[PlannedItem] = []
    with reading(planned) as connection:
        while some := plan_items.items_after(connection, "run_1", Wanted(), found[-1] if found else None, chunk):
            found += some

    assert ids(found) == ["theirs", *(f"c{n:02}" for n in reversed(range(COUNT)))]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(sought="BK_03"), ["c03"]),
        (Wanted(sought="100%"), ["theirs"]),
        (Wanted(sought="1%0"), []),  # no wildcard
        (Wanted(sought="b__0"), []),
        (Wanted(operations=(Operation.CANCEL,)), ["theirs"]),
        (Wanted(states=(ChangeState.PLANNED,)), []),
        (Wanted(integration_id="another"), []),
    ],
)
def test_items_are_filtered_and_sought_word_for_word(planned: Engine, wanted: Wanted, expected: list[str]) -> None:
    with reading(planned) as connection:
        assert ids(plan_items.item_page(connection, "run_1", wanted, start=0, most=50)) == expected
        assert plan_items.count_wanted(connection, "run_1", wanted) == len(expected)


def test_a_change_that_is_over_tells_the_activity_that_it_made(planned: Engine) -> None:
    with reading(planned) as connection:
        (made,) = plan_items.item_page(connection, "run_1", Wanted(sought="bk_03"), start=0, most=50)

    assert made.activity_id == "77"


def test_a_cleared_run_is_found_with_all_its_attempts(engine: Engine) -> None:
    runs = [a_run("one", "manual__1", 0), a_run("two", "manual__1#1", 5), a_run("other", "manual__11", 9)]
    with writing(engine) as connection:
        connection.execute(insert(run), [*runs, a_run("like", "manual_x1#1", 3)])

    with reading(engine) as connection:
        found = plan_items.attempts(connection, "calendar_hubspot_sync", "manual__1")
        newest = plan_items.newest_attempt(connection, None)
        named = plan_items.newest_attempt(connection, "manual__1")
        nobody = plan_items.newest_attempt(connection, "manual__404")

    assert [one.id for one in found] == ["two", "one"]
    assert newest is not None
    assert newest.id == "other"
    assert named is not None
    assert named.id == "two"
    assert nobody is None


def test_what_a_run_rejected_is_listed_and_counted(engine: Engine) -> None:
    rows = [
        {
            "run_id": "run_1",
            "integration_id": INTEGRATION,
            "booking_id": f"bk_{n}",
            "kind": "rejected",
            "reason": "start_at: is missing",
            "kept_at": NOW,
            "is_open": True,
        }
        for n in range(3)
    ]
    with writing(engine) as connection:
        connection.execute(insert(kept_booking), rows)

    with reading(engine) as connection:
        found = plan_items.waiting_page(connection, "run_1", KeptKind.REJECTED, Wanted(sought="bk_2"), start=0, most=9)
        count = plan_items.count_waiting(connection, "run_1", KeptKind.REJECTED, Wanted())

    assert [one.booking_id for one in found] == ["bk_2"]
    assert count == 3
