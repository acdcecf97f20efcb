"""Pages that repeat, expire or move while they are read."""

from __future__ import annotations

import pytest

from tests.flow.scene import Scene

PAGE = 200


@pytest.fixture
def many(scene: Scene) -> list[str]:
    scene.run()
    return [scene.book(f"bk_{number:04}", invitees=[{"email": "all@example.com"}]) for number in range(PAGE + 30)]


@pytest.mark.parametrize("trouble", ["duplicate_across_pages", "expire_cursors", "empty_pages", "change_while_paging"])
def test_every_booking_is_passed_on_once_whatever_the_pages_do(scene: Scene, many: list[str], trouble: str) -> None:
    setattr(scene.sandbox.calendar.switches, trouble, True)  # as a number: once
    report = scene.run()
    assert report.counts["read"] == len(many)
    assert report.counts["create"] == len(many)
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_list_without_end_is_refused_and_nothing_is_planned_on_it(scene: Scene, many: list[str]) -> None:
    scene.sandbox.calendar.switches.repeat_cursor = True
    report = scene.run(may_be_red=True)
    assert "a cursor came back a second time" in report.reason
    assert scene.hubspot.activities() == []
    scene.sandbox.calendar.switches.repeat_cursor = False
    scene.run()
    assert len(scene.hubspot.activities()) == len(many)


def test_answers_that_pass_by_themselves_are_asked_for_again(scene: Scene) -> None:
    scene.book()
    scene.sandbox.calendar.switches.fail(503)
    scene.sandbox.calendar.switches.invalid_json(path="/bookings")
    scene.sandbox.calendar.switches.rate_limit(2, path="/bookings", nth=2)
    scene.switches.fail_before(503, method="GET")
    scene.run()
    scene.everything_is_right()
