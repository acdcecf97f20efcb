"""What makes a backfill in the demo's Airflow come through while its scheduler writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from booking_sync_airflow.demo.patient_sqlite import CONNECT_ARGS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "airflow.db"
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE run (id INTEGER)")
    return path


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{file}?timeout=60", connect_args=CONNECT_ARGS)
    yield made
    made.dispose()


def test_whoever_has_looked_in_a_savepoint_may_still_write(file: Path, engine: Engine) -> None:
    scheduler = sqlite3.connect(file, timeout=0, isolation_level=None)
    with engine.begin() as mine:
        for number in range(3):
            with mine.begin_nested():
                assert mine.execute(text("SELECT count(*) FROM run")).scalar() == number
                with pytest.raises(sqlite3.OperationalError, match="database is locked"):
                    scheduler.execute("INSERT INTO run VALUES (99)")  # it has to wait its turn
                mine.execute(text("INSERT INTO run VALUES (:number)"), {"number": number})
    scheduler.execute("INSERT INTO run VALUES (3)")

    assert [row[0] for row in scheduler.execute("SELECT id FROM run ORDER BY id")] == [0, 1, 2, 3]
    scheduler.close()


def test_a_savepoint_that_is_taken_back_takes_nothing_else_along(file: Path, engine: Engine) -> None:
    with engine.begin() as mine:
        mine.execute(text("INSERT INTO run VALUES (1)"))
        taken_back = mine.begin_nested()
        mine.execute(text("INSERT INTO run VALUES (2)"))
        taken_back.rollback()

    with sqlite3.connect(file) as other:
        assert [row[0] for row in other.execute("SELECT id FROM run")] == [1]
