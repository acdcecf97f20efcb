"""What a run asks of the database depends on what it reads, not on what was ever passed on.

SQLite says how many instructions it carries out, so this is counted and not timed. PostgreSQL keeps statistics of its
tables, and finds its way by them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Table, event, insert, select

from booking_sync.reconcile import reconcile
from booking_sync.request import RunRequest
from booking_sync.store import staging
from booking_sync.store.database import reading, writing
from booking_sync.store.read_tables import staged_booking
from booking_sync.store.tables import audit, change, mapping, mapping_history
from booking_sync.window import MANUAL
from tests.flow.scene import Scene

OLD = 4_000
EVERY = 10
"""SQLite tells after so many instructions."""

MUCH_THE_SAME = 1.2


@dataclass
class Work:
    """How often SQLite has told."""

    count: int = 0

    def tick(self) -> int:
        """Count, and let SQLite go on."""
        self.count += 1
        return 0


@contextmanager
def counted(engine: Engine) -> Iterator[Work]:
    """Count the instructions of all connections that are opened inside the block."""
    work = Work()

    def listen(opened: sqlite3.Connection, _: object) -> None:
        opened.set_progress_handler(work.tick, EVERY)

    engine.dispose()
    event.listen(engine.pool, "connect", listen)
    yield work
    event.remove(engine.pool, "connect", listen)
    engine.dispose()


def cost_of_an_empty_run(scene: Scene) -> int:
    scene.clock.advance(60)
    with counted(scene.services.engine) as work:
        report = reconcile(scene.services, scene.trigger(MANUAL), RunRequest())
    assert report.counts["create"] == 0
    return work.count


def add_old(connection: Connection, table: Table, *names: str) -> None:
    """Add rows like the first one, of other bookings; the columns of these names are another's in each."""
    one = dict(connection.execute(select(table).limit(1)).mappings().one())
    if isinstance(one.get("id"), int):
        del one["id"]  # the database numbers them
    rows = [{**one, **{name: f"old_{name}_{number}" for name in names}} for number in range(OLD)]
    connection.execute(insert(table), rows)


def test_a_run_without_news_costs_the_same_whatever_was_passed_on_before(scene: Scene) -> None:
    scene.book()
    scene.run()
    cost_of_an_empty_run(scene)  # from the second on they are alike
    before = cost_of_an_empty_run(scene)
    with writing(scene.services.engine) as connection:
        add_old(connection, mapping, "booking_id", "activity_id", "activity_key")
        add_old(connection, mapping_history, "booking_id", "activity_id")
        add_old(connection, change, "id", "booking_id", "run_id", "worker_run_id", "activity_key")
        add_old(connection, audit, "booking_id", "change_id", "run_id")

    after = cost_of_an_empty_run(scene)

    assert before > 0
    assert after <= before * MUCH_THE_SAME


def test_asking_for_the_successors_of_one_booking_costs_the_same_whatever_the_run_has_read(scene: Scene) -> None:
    run_id, integration_id = "run_1", "ws_1@1"

    def cost() -> int:
        with counted(scene.services.engine) as work, reading(scene.services.engine) as connection:
            assert staging.claims(connection, run_id, integration_id, ["bk_first"]) == {}
        return work.count

    before = cost()
    with writing(scene.services.engine) as connection:
        connection.execute(insert(staged_booking), [staged(run_id, integration_id, number) for number in range(OLD)])
    assert cost() <= before * MUCH_THE_SAME + 1


def staged(run_id: str, integration_id: str, number: int) -> dict[str, object]:
    return {
        "run_id": run_id,
        "integration_id": integration_id,
        "booking_id": f"bk_{number}",
        "version": 1,
        "status": "scheduled",
        "schedule_fingerprint": "",
        "content_fingerprint": "",
        "payload": b"",
    }
