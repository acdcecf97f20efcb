"""What somebody typed elsewhere makes no line of its own in logs and notes."""

from __future__ import annotations

import logging

import pytest

from tests.flow.scene import WORKSPACE, Scene

FORGED = "Acme\r\n2026-03-02 10:00:00 ERROR forged\x1b[2J\u2028line"


def test_a_name_with_line_breaks_makes_no_line_of_its_own(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="booking_sync")
    scene.calendar.add_workspace(WORKSPACE, FORGED)
    scene.book(event_name=FORGED, description=FORGED)
    broken = scene.calendar.put_raw(WORKSPACE, {"id": f"bk\n{FORGED}", "status": FORGED, "version": FORGED})
    scene.broken.add(str(broken["id"]))
    report = scene.run(may_be_red=True)
    said = [report.note, report.table, *(record.getMessage() for record in caplog.records)]
    lines = [line for text in said for line in text.splitlines()]
    assert any("Acme" in line for line in lines)
    assert [line for line in lines if line.lstrip().startswith("2026-03-02 10:00:00 ERROR")] == []
    assert [line for line in lines if "\x1b" in line] == []
