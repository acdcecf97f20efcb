"""The plan in the log of ``diff``: what is done, item by item, without anybody's name, and short enough to read."""

from __future__ import annotations

import logging

import pytest

from booking_sync.plan_text import MOST_ITEMS
from tests.flow.scene import Scene

PERSON = {"id": "in_1", "name": "Ada Lovelace", "email": "ada@example.com"}


def plan_in(caplog: pytest.LogCaptureFixture) -> str:
    """Return the plan that was logged last."""
    return [record.getMessage() for record in caplog.records if record.getMessage().startswith("Plan ")][-1]


def test_a_dry_run_logs_what_it_would_do_without_titles_and_names(  # W4
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    moved, cancelled, renamed = (scene.book(invitees=[PERSON], start_at=scene.at(5)) for _ in range(3))
    scene.run()
    old, other, _ = (scene.activity(one)["id"] for one in (moved, cancelled, renamed))
    scene.move(moved, 9)
    scene.calendar.cancel(cancelled)
    scene.calendar.edit(renamed, event_name="Confidential")
    scene.run(dry_run=True)

    header, *lines, last = plan_in(caplog).splitlines()
    assert header.startswith("Plan ")
    assert header.endswith(" of ws_1")
    text = "\n".join(lines)
    assert f"± recreate {moved} v2 (activity {old}): start, end or host changed" in text
    assert "      start       2026-03-03 05:00 UTC -> 2026-03-03 09:00 UTC" in lines
    assert f"× cancel   {cancelled} v2 (activity {other}): cancelled" in text
    assert "      outcome     SCHEDULED -> CANCELED" in lines
    assert "      title       changes" in lines
    assert last == "Plan: 1 to recreate, 1 to cancel, 1 to update."
    assert not [word for word in ("Confidential", "Lovelace", "ada@") if word in plan_in(caplog)]


def test_a_long_plan_is_cut_and_says_so(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(MOST_ITEMS + 5):
        scene.book()
    scene.run(dry_run=True)

    text = plan_in(caplog)
    assert text.count("  + create ") == MOST_ITEMS
    assert "  … and 5 more; the tab Plan of the run has all of them" in text
    assert text.endswith(f"Plan: {MOST_ITEMS + 5} to create.")


def test_a_plan_without_a_change_says_that_there_is_nothing_to_do(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    scene.run()

    assert plan_in(caplog) == "Plan of ws_1: nothing to do."
