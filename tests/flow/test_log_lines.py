"""Log lines that a machine can read: which run, which integration, which booking, and nobody's name."""

from __future__ import annotations

import logging
import re

import pytest
from sqlalchemy import select

from booking_sync.log_line import log_line
from booking_sync.store.tables import run
from tests.flow.scene import Scene


def test_a_line_says_what_happened_and_then_its_ids() -> None:
    line = log_line(
        "integration stopped", run="7f", integration="ws_1@424242", booking=None, why='it said "no"\nand left'
    )
    assert line == r'integration stopped run=7f integration=ws_1@424242 why="it said \"no\"\nand left"'


def test_an_integration_that_cannot_go_on_is_logged_with_its_ids_and_without_people(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="booking_sync")
    scene.book("bk_1")
    scene.run()
    scene.switches.fail_before(status=401, path="/crm/", count=99)
    scene.book("bk_2")
    scene.run(may_be_red=True)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    stopped = [line for line in lines if line.startswith("integration stopped ")]
    (newest,) = scene.rows(select(run.c.id).order_by(run.c.opened_at.desc()).limit(1))
    assert stopped
    assert all(re.search(r" run=\w+ integration=ws_1@424242 task=\w+ error=\w+ ", line) for line in stopped)
    assert f"run={newest['id']}" in stopped[-1]
    told = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("booking_sync"))
    assert [one for one in scene.hubspot.contacts() if one["properties"]["email"] in told] == []
