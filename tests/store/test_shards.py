"""How a run deals its integrations out."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import Engine, select

from booking_sync.store import integrations, runs
from booking_sync.store.database import writing
from booking_sync.store.runs import MOST_SHARDS, WORTH_A_SHARD
from booking_sync.store.tables import integration_run
from booking_sync.window import MANUAL, RunTrigger
from tests.store.conftest import NOW


@pytest.mark.parametrize(
    ("count", "shards"),
    [
        (1, 1),
        (WORTH_A_SHARD, 1),
        (WORTH_A_SHARD + 1, 2),
        (MOST_SHARDS * WORTH_A_SHARD, MOST_SHARDS),
        (500, MOST_SHARDS),
    ],
)
def test_the_run_keeps_its_shape_however_many_there_are(engine: Engine, count: int, shards: int) -> None:
    with writing(engine) as connection:
        for number in range(count):
            integrations.connect(
                connection, workspace_id=f"ws_{number}", workspace_name="Team", portal_id="1", connected_at=NOW
            )
        trigger = RunTrigger("calendar_hubspot_sync", "run_3", MANUAL, "ada")
        runs.insert_run(connection, "run_3", trigger, request={}, is_dry_run=False, opened_at=NOW)
        windows = {f"ws_{number}@1": None for number in range(count)}
        runs.insert_integration_runs(connection, "run_3", windows)
        runs.insert_integration_runs(connection, "run_3", dict(list(windows.items())[:1]))  # a repeated task
        assert runs.shards_of(connection, "run_3") == tuple(range(shards))
        mine = select(integration_run.c.shard).where(integration_run.c.run_id == "run_3")
        sizes = Counter(connection.execute(mine).scalars()).values()
    assert max(sizes) - min(sizes) <= 1
