"""Every commit and every request has its boundaries: the list comes from the source, the names from running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking_sync.boundary import Act, Moment, Watcher, reach, watched
from booking_sync.store.database import connect_database, writing
from tests import scorecard
from tests.simulation.boundaries import acts_outside_the_hooks, all_boundaries
from tests.simulation.faults import Fault, Harm
from tests.simulation.scenarios import ALL, BY_NAME, RARE, TELLING
from tests.simulation.search import Case, Tally, clean_walk, run_case
from tests.simulation.stage import Stage

ONLY_AFTER_A_LOST_ANSWER = (
    ("create", "hubspot.create_activities.request.before"),
    ("create where the marker is not unique", "hubspot.create_activities.request.before"),
    ("nobody invited where the marker is not unique", "hubspot.create_activities.request.before"),
)
"""Scenario, and the request that is dropped there, so that the answer has to be looked for."""


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


@pytest.mark.timeout(1_200)  # it is the longest test of all, and may share its core
def test_the_scenarios_come_by_every_boundary(sqlite_stage: Stage) -> None:
    """Where this fails, the source has a commit or a request that no scenario makes: write one that does."""
    reached = {one for scenario in ALL + TELLING + RARE for one in clean_walk(sqlite_stage, scenario).reached}
    for name, boundary in ONLY_AFTER_A_LOST_ANSWER:
        scenario = BY_NAME[name]
        passed = [str(one.boundary) for one in clean_walk(sqlite_stage, scenario).passes]
        tally = Tally()
        fault = Fault(passed.index(boundary) + 1, Harm.DROPPED)
        run_case(sqlite_stage, Case(scenario, (fault,)), tally, is_noting=True)
        reached |= tally.reached
    boundaries = all_boundaries()
    scorecard.figure("boundaries", f"{len(reached & boundaries)}/{len(boundaries)}")

    assert sorted(map(str, boundaries - reached)) == []
    assert sorted(map(str, reached - boundaries)) == []


def _raise_at(wanted: Moment) -> Watcher:
    def watcher(_act: Act, moment: Moment) -> None:
        if moment is wanted:
            raise KeyError(moment)

    return watcher
