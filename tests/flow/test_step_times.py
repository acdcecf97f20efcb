"""When each step of a run began and ended: kept with the run, for the pages and for who asks why it took so long."""

from __future__ import annotations

from sqlalchemy import select

from booking_sync.store import part_figures
from booking_sync.store.database import reading
from booking_sync.store.tables import run
from tests.flow.scene import Scene


def test_every_step_that_has_something_to_do_is_timed(scene: Scene) -> None:
    scene.book()
    scene.run()

    (row,) = scene.rows(select(run.c.id, run.c.opened_at, run.c.closed_at))
    with reading(scene.services.engine) as connection:
        times = part_figures.step_times(connection, row["id"])

    assert [one.step for one in times] == ["extract", "diff", "apply_create"]
    moments = [row["opened_at"], *(at for one in times for at in (one.began_at, one.ended_at)), row["closed_at"]]
    assert moments == sorted(moments)
