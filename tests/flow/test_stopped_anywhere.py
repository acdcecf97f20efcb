"""A worker that dies at any boundary while it carries something over or makes a contact with answers (Q2, Q3, R5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import update

from booking_sync.answers import answer_property_name
from booking_sync.boundary import Act, Moment, watched
from booking_sync.store.database import writing
from booking_sync.store.tables import lease
from tests.flow.scene import WORKSPACE, Scene

ADA, GRACE = "ada@example.com", "grace@example.com"
NOTES = "hs_internal_meeting_notes"
MOST_BOUNDARIES = 400


class Stopped(BaseException):
    """The end of a worker, which nothing catches."""


@contextmanager
def stopped_at(number: int) -> Iterator[Callable[[], bool]]:
    """End the worker at the boundary with this number; gives whether it came so far."""
    seen = 0

    def watch(_act: Act, _moment: Moment) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise Stopped

    with watched(watch), suppress(Stopped):
        yield lambda: seen >= number


def prepare(scene: Scene, number: int) -> tuple[str, str, str]:
    """Pass a meeting on, let people add to it, then move it and book another one with answers."""
    moved = scene.book(f"bk_moved_{number}", invitees=[f"{number}.{ADA}"])
    scene.run()
    activity_id = scene.activity(moved)["id"]
    deal = scene.hubspot.add_record("deals")
    scene.hubspot.associate("meetings", activity_id, "deals", deal)
    scene.hubspot.edit_activity(activity_id, **{NOTES: "Budget"})
    scene.move(moved, 40)
    question = {"question_id": f"q_{number}", "question": "Company?", "answer": "Analytical"}
    new = scene.book(
        f"bk_new_{number}",
        invitees=[{"email": f"{number}.{GRACE}", "name": "Grace Hopper", "answers": [question]}],
    )
    return moved, new, deal


def let_go(scene: Scene) -> None:
    """Let go of the lease: the process that held it is dead as far as the scene goes, but it is our own."""
    with writing(scene.services.engine) as connection:
        connection.execute(update(lease).values(holder=None))


def assert_whole(scene: Scene, number: int, moved: str, new: str, deal: str) -> None:
    shown = scene.activity(moved)
    assert shown["associations"]["deals"] == [deal]  # R5
    assert shown["properties"][NOTES] == "Budget"
    grace = scene.hubspot.contact_by_email(f"{number}.{GRACE}")
    assert grace is not None
    assert grace["properties"].get(answer_property_name(WORKSPACE, f"q_{number}")) == "Analytical"  # Q2
    assert scene.activity(new)["contact_ids"] == [grace["id"]]
    assert len(scene.activities(moved)) == 1  # A6


@pytest.mark.parametrize("stride", [5, pytest.param(1, marks=pytest.mark.soak)])
def test_wherever_a_worker_dies_nothing_that_people_or_invitees_said_is_lost(scene: Scene, stride: int) -> None:
    scene.has_exact_audit = False  # a row without an outcome may be adopted although it had no effect
    for number in range(1, MOST_BOUNDARIES, stride):
        moved, new, deal = prepare(scene, number)
        with stopped_at(number) as came_so_far:
            scene.run(may_be_red=True)
        let_go(scene)
        scene.run_after_quiet_time(may_be_red=True)
        scene.run_after_quiet_time()
        assert_whole(scene, number, moved, new, deal)
        if not came_so_far():
            break
    else:
        raise AssertionError("there are more boundaries than were tried")
    assert number > 40
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()
