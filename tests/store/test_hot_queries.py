"""Every query that a run makes for each chunk or batch is answered by an index, on both databases.

PostgreSQL would rather scan the few rows of a test, so it is told not to where it can help it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from booking_sync.states import ActivityOutcome, AuditOutcome, Operation, Step, Untouched
from booking_sync.store import (
    audit,
    change_figures,
    change_progress,
    changes,
    contact_links,
    drifts,
    kept,
    lost,
    mappings,
    open_bookings,
    plan_effects,
    planned_changes,
    staging,
    untouched,
    work_left,
)
from booking_sync.store.database import writing
from booking_sync.store.plan_effects import PlanOfRun
from booking_sync.store.plan_items import Wanted
from booking_sync.store.untouched import LeftAlone
from tests.store.conftest import INTEGRATION, NOW

IDS = ["bk_1", "bk_2"]
RUN = "run_1"
PLAN = PlanOfRun(RUN, INTEGRATION)
FEW = ("SCAN anon_", "SCAN integration")
"""What may be gone through: the rows of an inner query, which are limited there, and the list of integrations."""

Query = Callable[[Connection], Any]

HOT: dict[str, Query] = {
    "the keys of a chunk": lambda c: next(staging.staged_keys(c, RUN, INTEGRATION, 10, at=NOW), None),
    "the mapping rows of a chunk": lambda c: mappings.recorded_keys(c, RUN, INTEGRATION, "bk_1", "bk_2"),
    "what is recorded": lambda c: mappings.load_recorded(c, INTEGRATION, IDS),
    "known contacts": lambda c: mappings.known_contacts(c, INTEGRATION, IDS),
    "newer versions": lambda c: mappings.raise_versions(c, INTEGRATION, {"bk_1": 2}, NOW),
    "outcomes": lambda c: mappings.mark_outcomes(c, INTEGRATION, {"bk_1": (2, ActivityOutcome.CANCELED)}),
    "who was made for whom": lambda c: mappings.made_for(c, INTEGRATION, ["7"]),
    "open changes": lambda c: changes.open_changes(c, INTEGRATION, IDS),
    "open changes of a chunk": lambda c: open_bookings.open_between(c, INTEGRATION, "bk_1", "bk_2"),
    "what is read again": lambda c: open_bookings.open_booking_ids(c, INTEGRATION, "", 10),
    "what is kept": lambda c: kept.kept_ids_after(c, INTEGRATION, "", 10),
    "what is let go": lambda c: kept.release(c, INTEGRATION, IDS, run_id=RUN),
    "requests without an answer": lambda c: changes.in_flight(c, INTEGRATION),
    "the next batch": lambda c: changes.next_batch(c, RUN, INTEGRATION, {Operation.CREATE}, 100),
    "the next batch of three kinds": lambda c: changes.next_batch(
        c, RUN, INTEGRATION, {Operation.CANCEL, Operation.UPDATE, Operation.MARK}, 100
    ),
    "old activities": lambda c: planned_changes.next_old_activities(c, RUN, INTEGRATION, 100),
    "who has work": lambda c: work_left.integrations_to_change(c, RUN, {Operation.CREATE}),
    "the next step": lambda c: change_progress.advance(c, ["one"], Step.ARCHIVE),
    "the end of changes": lambda c: change_progress.close(c, ["one"], AuditOutcome.APPLIED, at=NOW),
    "outcomes of writes": lambda c: audit.finish_entries(c, ["one"], AuditOutcome.APPLIED, at=NOW),
    "contacts that were sent": lambda c: audit.unfinished_contact_hashes(c, INTEGRATION, ["hash"]),
    "contacts by address": lambda c: contact_links.load_links(c, "424242", ["hash"]),
    "predecessors": lambda c: staging.predecessor_links(c, RUN, INTEGRATION, IDS),
    "successors": lambda c: staging.claims(c, RUN, INTEGRATION, IDS),
    "ends of chains": lambda c: list(staging.missing_ids(c, RUN, INTEGRATION)),
    "what the mapping has lost": lambda c: lost.last_known_of_unmapped(c, RUN, INTEGRATION),
    "what is left as it is": lambda c: untouched.record(
        c, RUN, INTEGRATION, [LeftAlone("bk_1", 1, Untouched.UNCHANGED)]
    ),
    "what an earlier try left as it is": lambda c: untouched.forget_understood(c, RUN, INTEGRATION),
    "what an earlier try showed": lambda c: planned_changes.forget_previews(c, RUN, INTEGRATION),
    "a page of what was left as it is": lambda c: untouched.untouched_page(c, RUN, Wanted(), start=0, most=50),
    "what is too old to be new": lambda c: lost.created_between(c, RUN, INTEGRATION, NOW - timedelta(days=1), NOW),
    "what explains an edit": lambda c: lost.changed_since(c, INTEGRATION, ["7"], NOW),
    "whose activity it is": lambda c: lost.mapped_bookings(c, "424242", ["7"]),
    "what we have archived": lambda c: drifts.archived_by_us(c, INTEGRATION, ["7"]),
    "what a run has done": lambda c: change_figures.count_changes(c, RUN, INTEGRATION),
    "what there is to tell": lambda c: list(change_figures.changes_to_tell(c, RUN, INTEGRATION)),
    "what the guard looks at": lambda c: list(plan_effects.effects(c, PLAN)),
    "what was not come to": lambda c: planned_changes.keep_planned(c, RUN, INTEGRATION, error="?"),
}


@contextmanager
def statements_of(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that are executed, each with its (first) parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, is_many: bool) -> None:  # noqa: FBT001 - SQLAlchemy calls it so
        if not statement.startswith("EXPLAIN"):
            seen.append((statement, parameters[0] if is_many else parameters))

    event.listen(connection, "before_cursor_execute", note)
    yield seen
    event.remove(connection, "before_cursor_execute", note)


def scans(connection: Connection, statement: str, parameters: Any) -> list[str]:
    """Return the lines of the database's plan that go through a whole table."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        whole = [row[3] for row in rows if row[3].startswith("SCAN") and "USING" not in row[3] and "(" not in row[3]]
        return [line for line in whole if not line.startswith(FEW)]
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters) if "Seq Scan" in row[0]]


@pytest.mark.parametrize("name", HOT)
def test_no_hot_query_goes_through_a_whole_table(engine: Engine, name: str) -> None:
    with writing(engine) as connection:
        with statements_of(connection) as seen:
            HOT[name](connection)
        found = [line for statement, parameters in seen for line in scans(connection, statement, parameters)]
    assert seen
    assert found == [], seen


def test_the_next_batch_comes_from_its_index_in_order(engine: Engine) -> None:
    with writing(engine) as connection:
        with statements_of(connection) as seen:
            changes.next_batch(connection, RUN, INTEGRATION, {Operation.CREATE}, 100)
        ((statement, parameters),) = seen
        word = "QUERY PLAN " if connection.dialect.name == "sqlite" else ""
        if not word:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN {word}{statement}", parameters))
    assert plan.count("ix_change_planned") == len(changes.STEPS_IN_ORDER), plan


def test_a_query_without_an_index_would_be_noticed(engine: Engine) -> None:
    with writing(engine) as connection:
        assert scans(connection, "SELECT id FROM change WHERE reason = 'new'", ()) != []
