"""Random lives of bookings with random misfortunes: whatever happened, it ends right."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from booking_sync.errors import BookingSyncError
from booking_sync.request import RunRequest
from booking_sync.task_apply import apply_cancel, apply_create, apply_recreate
from booking_sync.task_diff import diff
from booking_sync.task_extract import extract
from booking_sync.task_open_run import open_run
from booking_sync.window import MANUAL
from tests.flow.scene import QUIET_SECONDS, Scene

WRITES = ["meetings/batch/create", "meetings/batch/update", "meetings/batch/archive", "contacts/batch/create"]
FAULTS = ["commit_then_status", "commit_then_hang", "fail_before", "drop_before", "late_landing", "invalid_json"]
STEPS: tuple[Callable[..., object], ...] = (extract, diff, apply_create, apply_recreate, apply_cancel)
DAYS, BOOKINGS = 14, 5


class Life:
    """Lets people do things at random, reproducibly."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene, self.random = scene, Random(seed)  # noqa: S311 - reproducible by design
        self.ids: list[str] = []
        self.once_cancelled: set[str] = set()
        """Not renamed any more: an activity that says so already keeps its title when cancelled again (X4)."""

    def day(self) -> None:
        for _ in range(self.random.randint(1, 4)):
            self.act()
        if self.random.random() < 0.6:
            self.misfortune()
        self.scene.clock.advance(self.random.choice([10, 200, QUIET_SECONDS, 4000]))
        try:
            if self.random.random() < 0.2:
                self.die_somewhere()
            self.scene.run(may_be_red=True)
        except BookingSyncError:
            return

    def die_somewhere(self) -> None:
        """Begin a run and never end it."""
        services, trigger = self.scene.services, self.scene.trigger(MANUAL)
        opened = open_run(services, trigger, RunRequest())
        for step in STEPS[: self.random.randint(0, len(STEPS))]:
            for shard in opened.shards:
                step(services, opened.run_id, shard)

    def act(self) -> None:
        if len(self.ids) < BOOKINGS or self.random.random() < 0.1:
            people = [f"guest{self.random.randint(1, 4)}@example.com" for _ in range(self.random.randint(1, 2))]
            self.ids.append(self.scene.book(invitees=people if self.random.random() < 0.9 else [{"email": None}]))
            return
        booking_id = self.random.choice(self.ids)
        status = self.scene.calendar.booking(booking_id)["status"]
        if status == "rescheduled":
            return
        if status == "canceled":
            self.scene.calendar.uncancel(booking_id)
            return
        self.random.choice([self.move, self.move_to_new, self.cancel, self.rename, self.invite])(booking_id)

    def move(self, booking_id: str) -> None:
        self.scene.move(booking_id, self.random.randint(1, 400))

    def move_to_new(self, booking_id: str) -> None:
        self.ids.append(self.scene.move_to_new(booking_id, self.random.randint(1, 400)))

    def cancel(self, booking_id: str) -> None:
        self.scene.calendar.cancel(booking_id)
        self.once_cancelled.add(booking_id)

    def rename(self, booking_id: str) -> None:
        if booking_id not in self.once_cancelled:
            self.scene.calendar.edit(booking_id, event_name=f"Event {self.random.randint(1, 9)}")

    def invite(self, booking_id: str) -> None:
        people: list[dict[str, Any]] = self.scene.calendar.booking(booking_id)["invitees"]
        number = self.random.randint(5, 9)
        if len({one["id"] for one in people} | {f"inv_{number}"}) > len(people):
            added = {**people[0], "id": f"inv_{number}", "email": f"guest{number}@example.com"}
            self.scene.calendar.edit(booking_id, invitees=[*people, added])

    def misfortune(self) -> None:
        if self.random.random() < 0.2:
            contacts = [one["id"] for one in self.scene.hubspot.contacts()]
            if len(contacts) > 1:
                keep, gone = self.random.sample(contacts, 2)
                self.scene.hubspot.merge_contacts(keep, gone, has_new_id=self.random.random() < 0.5)
        path, fault = self.random.choice(WRITES), self.random.choice(FAULTS)
        arguments = (300.0,) if fault == "late_landing" else ()
        getattr(self.scene.switches, fault)(*arguments, path=path)


@pytest.mark.parametrize(
    ("seed", "marker_mode"),
    [
        (5, "allowed"),
        (9, "ignored"),
        *(pytest.param(seed, mode, marks=pytest.mark.soak) for seed in range(60) for mode in ("allowed", "ignored")),
    ],
)
def test_a_random_life_ends_right(scene: Scene, seed: int) -> None:
    life = Life(scene, seed)
    scene.has_exact_audit = False  # an association may be repeated after a lost write
    for _ in range(DAYS):
        life.day()
    scene.switches.faults.clear()
    for _ in range(3):
        scene.run_after_quiet_time(may_be_red=True)
    scene.everything_is_right()  # A6
    scene.assert_repeating_writes_nothing()  # W2
