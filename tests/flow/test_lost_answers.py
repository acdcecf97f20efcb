"""Requests whose answer never comes: they rest, are read back, and are adopted or sent again once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.flow.scene import QUIET_SECONDS, WITHIN_THE_QUIET_TIME, Scene

CREATE, UPDATE, ARCHIVE = (f"/meetings/batch/{operation}" for operation in ("create", "update", "archive"))
ASSOCIATE = "/associations/"
BOTH_MODES = pytest.mark.parametrize("marker_mode", ["allowed", "ignored"])


@dataclass(frozen=True)
class Story:
    """A change of one booking whose request to ``path`` is not answered; ``writes`` are sent where nothing is lost."""

    path: str
    happen: Callable[[Scene], str]
    writes: tuple[str, ...]
    again: tuple[str, ...] = ()
    """What is sent once more where the request was not carried out; normally it and what comes after."""


def _synced(scene: Scene, **fields: Any) -> str:
    booking_id = scene.book(**fields)
    scene.run()
    return booking_id


def _book(scene: Scene) -> str:
    scene.book("bk_before")
    scene.run()
    return scene.book("bk_lost")


def _book_without_contact(scene: Scene) -> str:
    scene.book("bk_before")
    scene.run()
    return scene.book("bk_lost", invitees=[{"email": None}])


def _move(scene: Scene) -> str:
    booking_id = _synced(scene)
    scene.move(booking_id, 9)
    return booking_id


def _move_to_new(scene: Scene) -> str:
    return scene.move_to_new(_synced(scene), 9)


def _cancel(scene: Scene) -> str:
    booking_id = _synced(scene)
    scene.calendar.cancel(booking_id)
    return booking_id


def _uncancel(scene: Scene) -> str:
    booking_id = _cancel(scene)
    scene.run()
    scene.calendar.uncancel(booking_id)
    return booking_id


def _rename(scene: Scene) -> str:
    booking_id = _synced(scene)
    scene.calendar.edit(booking_id, event_name="Deep dive")
    return booking_id


def _invite(scene: Scene) -> str:
    booking_id = _synced(scene)
    known = scene.hubspot.add_contact(email="second@example.com")
    assert known
    first = scene.calendar.booking(booking_id)["invitees"][0]
    second = {**first, "id": "inv_second", "name": "Second", "email": "second@example.com"}
    scene.calendar.edit(booking_id, invitees=[first, second])
    return booking_id


STORIES = {
    "create": Story(CREATE, _book, (CREATE,)),
    "create without contact": Story(CREATE, _book_without_contact, (CREATE,)),
    "recreate, new activity": Story(CREATE, _move, (CREATE, ARCHIVE)),
    "recreate, old activity": Story(ARCHIVE, _move, (CREATE, ARCHIVE)),
    "recreate for a new booking, new activity": Story(CREATE, _move_to_new, (CREATE, ARCHIVE)),
    "recreate for a new booking, old activity": Story(ARCHIVE, _move_to_new, (CREATE, ARCHIVE)),
    "cancel": Story(UPDATE, _cancel, (UPDATE,)),
    "uncancel": Story(UPDATE, _uncancel, (UPDATE,)),
    "update": Story(UPDATE, _rename, (UPDATE,)),
    "new invitee, association": Story(ASSOCIATE, _invite, (ASSOCIATE, UPDATE)),
    "new invitee, content": Story(UPDATE, _invite, (ASSOCIATE, UPDATE), again=(ASSOCIATE, UPDATE)),
}
WITHOUT_UNIQUE_MARKERS = [name for name, story in STORIES.items() if story.path == CREATE]
ALL_STORIES = pytest.mark.parametrize(
    ("story", "marker_mode"),
    [(STORIES[name], "allowed") for name in STORIES] + [(STORIES[name], "ignored") for name in WITHOUT_UNIQUE_MARKERS],
    ids=[*STORIES, *(f"{name}, marker not unique" for name in WITHOUT_UNIQUE_MARKERS)],
)

CARRIED_OUT = {
    "502": lambda scene, path: scene.switches.commit_then_status(502, path=path),
    "landing late": lambda scene, path: scene.switches.late_landing(WITHIN_THE_QUIET_TIME, path=path),
}
NOT_CARRIED_OUT = {
    "503": lambda scene, path: scene.switches.fail_before(503, path=path),
}
Fault = Callable[[Scene, str], object]


def paths_written(scene: Scene, run: Callable[[], object]) -> list[str]:
    known = (ASSOCIATE, CREATE, UPDATE, ARCHIVE, "/contacts/batch/create")
    return [next(path for path in known if path in entry.path) for entry in scene.writes_of(run)]


def lose(scene: Scene, story: Story, fault: Fault) -> str:
    """Let the story happen, its request be lost, and another run pass within the quiet time."""
    booking_id = story.happen(scene)
    fault(scene, story.path)
    sent = paths_written(scene, scene.run)
    assert sent.count(story.path) == 1
    scene.clock.advance(WITHIN_THE_QUIET_TIME)
    again = []
    assert paths_written(scene, lambda: again.append(scene.run())) == []
    assert again[0].counts["kept"] >= 1
    return booking_id


@ALL_STORIES
@pytest.mark.parametrize(
    "fault",
    [CARRIED_OUT["502"], pytest.param(CARRIED_OUT["landing late"], marks=pytest.mark.soak)],
    ids=CARRIED_OUT,
)
def test_a_write_that_was_carried_out_is_adopted_and_never_sent_again(scene: Scene, story: Story, fault: Fault) -> None:
    booking_id = lose(scene, story, fault)
    sent = paths_written(scene, scene.run_after_quiet_time)
    rest = list(story.writes[story.writes.index(story.path) + 1 :])
    assert sent == rest
    scene.everything_is_right()  # A6
    assert len(scene.activities(booking_id)) == 1
    scene.assert_repeating_writes_nothing()  # W2


@ALL_STORIES
@pytest.mark.parametrize("fault", NOT_CARRIED_OUT.values(), ids=NOT_CARRIED_OUT)
def test_a_write_that_was_not_carried_out_is_sent_again_once(scene: Scene, story: Story, fault: Fault) -> None:
    scene.has_exact_audit = not story.again  # repeating an association changes nothing
    booking_id = lose(scene, story, fault)
    sent = paths_written(scene, scene.run_after_quiet_time)
    assert sent == list(story.again or story.writes[story.writes.index(story.path) :])
    scene.everything_is_right()  # A6
    assert len(scene.activities(booking_id)) == 1
    scene.assert_repeating_writes_nothing()  # W2


@BOTH_MODES
@pytest.mark.parametrize("story", ["create", "recreate, new activity", "recreate, old activity", "cancel"])
def test_a_write_that_lands_within_the_quiet_time_is_adopted(scene: Scene, story: str) -> None:
    booking_id = lose(scene, STORIES[story], CARRIED_OUT["landing late"])
    scene.run_after_quiet_time()
    scene.everything_is_right()  # A6
    assert len(scene.activities(booking_id)) == 1
    scene.assert_repeating_writes_nothing()  # W2


@BOTH_MODES
def test_a_batch_that_was_lost_is_adopted_whole(scene: Scene) -> None:
    for number in range(7):
        scene.book(f"bk_{number}")
    scene.switches.commit_then_hang(path=CREATE)
    assert scene.run().counts["kept"] == 7
    assert scene.writes_of(scene.run_after_quiet_time) == []
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@BOTH_MODES
def test_news_that_come_while_a_change_is_unanswered_are_passed_on_afterwards(scene: Scene) -> None:
    booking_id = scene.book()
    scene.switches.commit_then_status(502, path=CREATE)
    scene.run()
    scene.calendar.edit(booking_id, event_name="Second thoughts")
    scene.clock.advance(WITHIN_THE_QUIET_TIME)
    assert scene.writes_of(scene.run) == []
    scene.clock.advance(3 * 3600)  # the window that showed the news is recorded long since
    scene.run()
    assert scene.shown(booking_id)["calendar_event_name"] == "Second thoughts"
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


@BOTH_MODES
@pytest.mark.parametrize("fault", [CARRIED_OUT["502"], NOT_CARRIED_OUT["503"]], ids=["carried out", "not carried out"])
def test_a_booking_moved_by_new_id_while_its_creation_is_unanswered_leaves_one_activity(
    scene: Scene, fault: Fault
) -> None:
    scene.book("bk_a")
    fault(scene, CREATE)
    scene.run()
    scene.move_to_new("bk_a", 8, "bk_b")
    scene.clock.advance(WITHIN_THE_QUIET_TIME)
    scene.run()
    assert scene.activities("bk_b") == []  # it waits: nobody knows yet what it takes the place of
    scene.run_after_quiet_time()
    scene.run()
    scene.everything_is_right()  # R2, A6
    scene.assert_repeating_writes_nothing()


@BOTH_MODES
@pytest.mark.parametrize("path", [CREATE, ARCHIVE])
def test_a_chain_whose_middle_is_unanswered_ends_with_the_newest_only(scene: Scene, path: str) -> None:
    scene.book("bk_a")
    scene.run()
    scene.move_to_new("bk_a", 8, "bk_b")
    scene.switches.commit_then_status(502, path=path)
    scene.run()
    scene.move_to_new("bk_b", 10, "bk_c")
    scene.clock.advance(WITHIN_THE_QUIET_TIME)
    scene.run()
    scene.run_after_quiet_time()
    scene.run()
    scene.everything_is_right()  # R3, A6
    scene.assert_repeating_writes_nothing()


@BOTH_MODES
@pytest.mark.parametrize("path", [CREATE, ARCHIVE])
def test_a_booking_that_moves_again_while_its_recreation_is_unanswered_ends_with_one_activity(
    scene: Scene, path: str
) -> None:
    booking_id = _synced(scene)
    scene.move(booking_id, 8)
    scene.switches.fail_before(503, path=path)
    scene.run()
    scene.move(booking_id, 11)
    scene.clock.advance(WITHIN_THE_QUIET_TIME)
    scene.run()
    scene.run_after_quiet_time()
    scene.run()
    scene.everything_is_right()  # R3, A6
    scene.assert_repeating_writes_nothing()


@BOTH_MODES
def test_a_contact_merged_while_a_creation_is_unanswered_still_leads_to_the_activity(scene: Scene) -> None:
    booking_id = scene.book(invitees=["zoe@example.com"])
    scene.switches.commit_then_status(502, path=CREATE)
    scene.run()
    contact = scene.hubspot.contact_by_email("zoe@example.com")
    assert contact is not None
    other = scene.hubspot.add_contact(email="zoe@other.example.com")
    scene.hubspot.merge_contacts(other, contact["id"], has_new_id=True)
    assert scene.writes_of(scene.run_after_quiet_time) == []
    assert len(scene.activities(booking_id)) == 1
    scene.everything_is_right()


@pytest.mark.parametrize("change", ["move", "cancel"])
@pytest.mark.parametrize("fault", ["fail_before", "commit_then_status"])
def test_an_activity_that_landed_after_the_quiet_time_is_taken_over_with_all_that_is_left_to_do(
    scene: Scene, change: str, fault: str
) -> None:
    """The late one shows an older state, so it is written again; that write is lost too, and something else changes."""
    booking_id = _synced(scene)
    scene.move(booking_id, 8)
    scene.switches.late_landing(QUIET_SECONDS + 1200, path=CREATE)
    scene.run()
    scene.switches.rate_limited("DAILY", path=CREATE)
    scene.has_exact_audit = False
    scene.run_after_quiet_time(may_be_red=True)  # not found yet, and not sent again either
    scene.calendar.edit(booking_id, event_name="Renamed")
    scene.clock.advance(1500)  # now it lands
    getattr(scene.switches, fault)(path=UPDATE)
    scene.run(may_be_red=True)
    if change == "cancel":
        scene.calendar.cancel(booking_id)
    else:
        scene.move(booking_id, 12)
    for _ in range(3):
        scene.run_after_quiet_time()
    scene.everything_is_right()  # A6
    scene.assert_repeating_writes_nothing()  # W2
    assert scene.writes_of(lambda: scene.run(window_start=scene.at(-48))) == []
