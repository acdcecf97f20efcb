"""Ignoring what cannot be passed on: until it changes, with who and why, and never a booking lost by it."""

from __future__ import annotations

import pytest

from booking_sync.audit import run_audit
from booking_sync.booking_story import story_of
from booking_sync.errors import InvalidRequest
from booking_sync.ignoring import ignore, take_up
from booking_sync.request import AuditRequest
from booking_sync.store import integrations
from booking_sync.store.database import reading
from booking_sync.window import RunTrigger
from tests.flow.scene import WORKSPACE, Scene


@pytest.fixture
def scene(scene_on_both: Scene) -> Scene:
    return scene_on_both


def integration_id(scene: Scene) -> str:
    with reading(scene.services.engine) as connection:
        return integrations.all_integrations(connection)[0].id


def leave_alone(scene: Scene, booking_id: str, reason: str = "A test booking") -> None:
    ignore(scene.services, integration_id(scene), booking_id, person="otto", reason=reason)


def titles(scene: Scene, booking_id: str) -> list[str]:
    return [moment.title for moment in story_of(scene.services, integration_id(scene), booking_id).moments]


@pytest.fixture
def refused(scene: Scene) -> str:
    """A booking that HubSpot refuses, because it lacks a field that the portal requires."""
    scene.switches.required_properties["meetings"] = ["hs_meeting_location"]
    booking_id = scene.book(location=None)
    scene.run(may_be_red=True)
    return booking_id


def break_it(scene: Scene, booking_id: str, status: str = "tentative") -> None:
    whole = scene.calendar.booking(booking_id)
    scene.calendar.put_raw(WORKSPACE, whole | {"status": status, "version": whole["version"] + 1}, at=scene.clock.now)
    scene.broken.add(booking_id)


def test_what_is_ignored_is_not_tried_again_and_the_figures_balance(scene: Scene, refused: str) -> None:
    leave_alone(scene, refused)

    report = scene.run(booking_ids=[refused])

    assert (report.counts["read"], report.counts["ignored"], report.counts["kept"]) == (1, 1, 0)
    assert "read 1 = 1 ignored" in report.note
    assert scene.writes_of(scene.run) == []
    assert scene.run().counts["kept"] == 0
    assert "otto said to ignore it until it changes" in titles(scene, refused)
    assert scene.activities(refused) == []


def test_a_new_version_is_taken_up_by_itself(scene: Scene, refused: str) -> None:
    leave_alone(scene, refused)
    scene.run()
    scene.calendar.edit(refused, location={"kind": "custom", "value": "Room 1", "join_url": None})

    report = scene.run()

    assert (report.counts["create"], report.counts["ignored"]) == (1, 0)
    assert "It changed, so it is no longer ignored" in titles(scene, refused)
    scene.everything_is_right()


def test_it_can_be_taken_up_again_although_no_window_holds_it_any_more(scene: Scene, refused: str) -> None:
    leave_alone(scene, refused)
    scene.clock.advance(86_400)
    scene.run()
    scene.switches.required_properties.clear()

    take_up(scene.services, integration_id(scene), refused, person="vera")
    report = scene.run()

    assert report.counts["create"] == 1
    assert "vera said to take it up again" in titles(scene, refused)
    scene.everything_is_right()
    with pytest.raises(InvalidRequest, match="not ignored any more"):
        take_up(scene.services, integration_id(scene), refused, person="vera")


def test_a_dry_run_ignores_too_and_ends_nothing(scene: Scene, refused: str) -> None:
    leave_alone(scene, refused)
    assert scene.run(booking_ids=[refused], dry_run=True).counts["ignored"] == 1
    scene.calendar.edit(refused, description="Changed")
    assert scene.run(dry_run=True).counts["create"] == 1
    assert story_of(scene.services, integration_id(scene), refused).ignored is not None


def test_a_booking_that_makes_no_sense_is_ignored_as_it_is_and_no_longer(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    break_it(scene, booking_id)
    assert scene.run().counts["rejected"] == 1

    leave_alone(scene, booking_id)
    as_it_was = scene.run(booking_ids=[booking_id]).counts
    break_it(scene, booking_id, "maybe")
    otherwise_broken = scene.run().counts

    assert (as_it_was["read"], as_it_was["ignored"], as_it_was["rejected"]) == (1, 1, 0)
    assert (otherwise_broken["ignored"], otherwise_broken["rejected"]) == (0, 1)


def test_a_booking_that_makes_sense_again_is_passed_on(scene: Scene) -> None:
    booking_id = scene.book()
    break_it(scene, booking_id)
    scene.run()
    leave_alone(scene, booking_id)
    scene.calendar.edit(booking_id, status="scheduled")
    scene.broken.clear()

    assert scene.run().counts["create"] == 1
    assert story_of(scene.services, integration_id(scene), booking_id).ignored is None
    scene.everything_is_right()


def test_what_has_begun_in_hubspot_cannot_be_ignored(scene: Scene) -> None:
    unanswered, half_done = scene.book(), scene.book()
    scene.run()
    scene.move(half_done, 9)
    scene.switches.fail_before(503, path="meetings/batch/archive")
    scene.run()
    scene.calendar.cancel(unanswered)
    scene.switches.commit_then_hang(path="meetings/batch")
    scene.run()

    for booking_id in (unanswered, half_done):
        with pytest.raises(InvalidRequest, match="has been begun in HubSpot"):
            leave_alone(scene, booking_id)


def test_a_reason_is_needed_and_something_that_waits(scene: Scene, refused: str) -> None:
    with pytest.raises(InvalidRequest, match="Say why"):
        leave_alone(scene, refused, reason="  ")
    scene.switches.required_properties.clear()
    scene.run()
    with pytest.raises(InvalidRequest, match="nothing to ignore"):
        leave_alone(scene, refused)


def test_the_audit_does_not_count_what_is_ignored_as_missing(scene: Scene, refused: str) -> None:
    leave_alone(scene, refused)
    scene.clock.advance(7_200)
    scene.run()

    report = run_audit(scene.services, RunTrigger("calendar_hubspot_audit", "a", "manual", "ada"), AuditRequest())

    assert report.counts.get("missing", 0) == 0
