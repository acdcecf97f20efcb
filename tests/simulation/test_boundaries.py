"""Every commit and every request has its boundaries: the list comes from the source, the names from running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking_sync.boundary import Act, Moment, Watcher, reach, watched
from booking_sync.store.database import connect_database, writing
from tests.simulation.boundaries import acts_outside_the_hooks, all_boundaries


def test_nothing_is_committed_or_sent_past_the_hooks() -> None:
    assert acts_outside_the_hooks() == []


def test_the_source_has_many_boundaries_and_each_act_has_both() -> None:
    boundaries = all_boundaries()

    assert len(boundaries) >= 100
    assert {(one.step, one.act) for one in boundaries if one.moment is Moment.BEFORE} == {
        (one.step, one.act) for one in boundaries if one.moment is Moment.AFTER
    }


def test_what_a_watcher_raises_before_a_commit_undoes_it_and_after_it_does_not(tmp_path: Path) -> None:
    engine = connect_database(f"sqlite:///{tmp_path}/one.db")
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE seen (number INTEGER)")

    for number, moment in enumerate(Moment):
        with pytest.raises(KeyError), watched(_raise_at(moment)), writing(engine) as connection:
            connection.exec_driver_sql("INSERT INTO seen VALUES (?)", (number,))

    with engine.connect() as connection:
        seen = connection.exec_driver_sql("SELECT number FROM seen").scalars().all()
    assert seen == [list(Moment).index(Moment.AFTER)]


def test_nobody_watches_outside_the_block() -> None:
    with watched(_raise_at(Moment.BEFORE)):
        pass

    reach(Act.REQUEST, Moment.BEFORE)


def _raise_at(wanted: Moment) -> Watcher:
    def watcher(_act: Act, moment: Moment) -> None:
        if moment is wanted:
            raise KeyError(moment)

    return watcher
