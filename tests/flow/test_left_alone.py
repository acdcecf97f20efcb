"""Bookings that a run reads and leaves as they are: each is listed once, with the reason, whatever was tried before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync import planning
from booking_sync.ignoring import ignore, take_up
from booking_sync.plan_view import PlanGroup, every_untouched, plan_head, plan_page
from booking_sync.request import RunRequest
from booking_sync.shard import OpenedRun
from booking_sync.states import Untouched
from booking_sync.store import integrations
from booking_sync.store.database import reading
from booking_sync.store.plan_items import Wanted
from booking_sync.store.read_tables import untouched_booking
from booking_sync.store.tables import change, mapping, run
from booking_sync.store.untouched import UntouchedItem
from booking_sync.story_words import why_untouched
from booking_sync.task_close_run import close_run
from booking_sync.task_diff import diff
from booking_sync.task_extract import extract
from booking_sync.task_open_run import open_run
from booking_sync.window import MANUAL
from tests.flow.scene import WORKSPACE, Scene
from tests.flow.test_stopped_anywhere import let_go, stopped_at

SUPPORT = {"id": "ev_support", "name": "Support call"}
MOST_BOUNDARIES = 60


@pytest.fixture
def scene(scene_on_both: Scene) -> Scene:
    return scene_on_both


def newest_sync(scene: Scene) -> dict[str, Any]:
    syncs = select(run.c.id, run.c.dag_id, run.c.dag_run_id).where(run.c.dag_id == "calendar_hubspot_sync")
    return scene.rows(syncs.order_by(run.c.opened_at.desc()).limit(1))[0]


def left_alone(scene: Scene, wanted: Wanted | None = None, *, run_id: str = "") -> dict[str, UntouchedItem]:
    """Return what a run, else the newest sync, left as it is; the page has all of it, and the export the same."""
    of_run = run_id or newest_sync(scene)["id"]
    shown = plan_page(scene.services, of_run, PlanGroup.UNCHANGED, wanted or Wanted(), 1)
    exported = list(every_untouched(scene.services, of_run, wanted or Wanted(), chunk=2))
    assert list(shown.untouched) == exported
    assert shown.count == len(exported) == len({one.booking_id for one in exported})
    return {one.booking_id: one for one in exported}


def words(one: UntouchedItem) -> str:
    return why_untouched(one.verdict, one.reason)


def ignore_it(scene: Scene, booking_id: str) -> None:
    with reading(scene.services.engine) as connection:
        (integration,) = integrations.all_integrations(connection)
    ignore(scene.services, integration.id, booking_id, person="otto", reason="A test booking")


def read_of(scene: Scene, booking_ids: Sequence[str], *, dry_run: bool) -> dict[str, UntouchedItem]:
    scene.run(booking_ids=list(booking_ids), dry_run=dry_run)
    return left_alone(scene)


@pytest.mark.parametrize("dry_run", [False, True])
def test_every_verdict_is_listed_with_version_and_reason(scene: Scene, *, dry_run: bool) -> None:
    scene.choose(events_exclude=["ev_support"])
    same, moved = scene.book(), scene.book()
    excluded = scene.book(event=SUPPORT)
    scene.run()
    scene.calendar.edit(same, description="Another one")
    newer = scene.move_to_new(moved, 9)
    scene.run()

    found = read_of(scene, [same, moved, excluded, newer], dry_run=dry_run)

    assert {id_: one.verdict for id_, one in found.items()} == {
        same: Untouched.UNCHANGED,
        newer: Untouched.UNCHANGED,
        moved: Untouched.SUPERSEDED,
        excluded: Untouched.EXCLUDED,
    }
    assert found[same].booking_version == scene.calendar.booking(same)["version"] > 1
    assert found[same].activity_id == scene.activity(same)["id"]
    assert found[newer].activity_id == scene.activity(newer)["id"]
    assert (found[moved].activity_id, found[excluded].activity_id) == (None, None)
    assert words(found[same]) == "The activity in HubSpot shows it already: nothing that is passed on differs."
    assert words(found[moved]) == f"Rescheduled to booking {newer}: the activity belongs to that one (rule R2)."
    assert words(found[excluded]) == "Its event is not one of those that the settings of this workspace pass on."


def test_what_is_ignored_is_listed_with_who_said_so_as_long_as_it_holds(scene: Scene) -> None:
    refused, broken = scene.book(location=None), scene.book()
    scene.switches.required_properties["meetings"] = ["hs_meeting_location"]
    whole = scene.calendar.booking(broken)
    scene.calendar.put_raw(WORKSPACE, whole | {"status": "tentative"}, at=scene.clock.now)
    scene.run(may_be_red=True)
    for booking_id in (refused, broken):
        ignore_it(scene, booking_id)

    found = read_of(scene, [refused, broken], dry_run=False)

    assert {id_: (one.verdict, one.booking_version) for id_, one in found.items()} == {
        refused: (Untouched.IGNORED, 1),
        broken: (Untouched.IGNORED, None),
    }
    assert {(one.ignored_by, one.ignored_because) for one in found.values()} == {("otto", "A test booking")}
    take_up(scene.services, found[refused].integration_id, refused, person="otto")
    again = left_alone(scene)
    assert (again[refused].verdict, again[refused].ignored_by) == (Untouched.IGNORED, None)


def test_older_news_than_another_run_has_planned_says_so(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    with scene.services.engine.begin() as connection:
        connection.execute(mapping.update().values(version=7))

    found = read_of(scene, [booking_id], dry_run=False)

    said = "Version 1 is older than the recorded version 7: older news never overwrites newer (rule W3)."
    assert {id_: words(one) for id_, one in found.items()} == {booking_id: said}


def test_they_are_sought_by_booking_activity_and_reason_and_filtered_by_workspace(scene: Scene) -> None:
    scene.choose(events_exclude=["ev_support"])
    booking_ids = [scene.book("bk_first"), scene.book("bk_second", event=SUPPORT)]
    scene.run()
    scene.run(booking_ids=booking_ids)
    activity_id = scene.activity("bk_first")["id"]
    (integration_id,) = {one.integration_id for one in left_alone(scene).values()}

    assert left_alone(scene, Wanted(sought="K_SECO")).keys() == {"bk_second"}
    assert left_alone(scene, Wanted(sought="excluded")).keys() == {"bk_second"}
    assert left_alone(scene, Wanted(sought=activity_id)).keys() == {"bk_first"}
    assert left_alone(scene, Wanted(sought="bk%")).keys() == set()
    assert left_alone(scene, Wanted(integration_id=integration_id)).keys() == set(booking_ids)
    assert left_alone(scene, Wanted(integration_id="another")).keys() == set()


def prepare(scene: Scene) -> list[str]:
    """Pass four bookings on, two of which change then; one more is new."""
    made = [scene.book(f"bk_{number}") for number in range(4)]
    scene.run()
    scene.move(made[0], 9)
    scene.calendar.edit(made[2], event_name="Renamed")
    return [*made, scene.book("bk_4")]


def read_by_a_run(scene: Scene, request: RunRequest) -> tuple[OpenedRun, int]:
    """Open a run a minute later, and go on until its plan is to be made."""
    scene.clock.advance(60)
    opened = open_run(scene.services, scene.trigger(MANUAL), request)
    (shard,) = opened.shards
    extract(scene.services, opened.run_id, shard)
    return opened, shard


def plan_with_a_stop(scene: Scene, request: RunRequest, number: int) -> bool:
    """Plan in chunks of one booking, with a worker that dies at this boundary and another that tries again."""
    opened, shard = read_by_a_run(scene, request)
    with stopped_at(number) as came_so_far:
        diff(scene.services, opened.run_id, shard)
    let_go(scene)
    diff(scene.services, opened.run_id, shard)
    assert left_alone(scene).keys() == {"bk_1", "bk_3"}
    mine = (change.c.run_id == opened.run_id) & (change.c.state.in_(("planned", "previewed")))
    planned = [row["booking_id"] for row in scene.rows(select(change.c.booking_id).where(mine))]
    assert sorted(planned) == ["bk_0", "bk_2", "bk_4"]
    scene.check(close_run(scene.services, opened.run_id))
    return came_so_far()


@pytest.mark.parametrize("dry_run", [False, True])
def test_wherever_the_plan_stops_trying_again_lists_nothing_twice(  # W4
    scene: Scene, monkeypatch: pytest.MonkeyPatch, *, dry_run: bool
) -> None:
    booking_ids = prepare(scene)
    monkeypatch.setattr(planning, "CHUNK", 1)
    request = RunRequest(booking_ids=booking_ids, dry_run=dry_run)
    for number in range(1, MOST_BOUNDARIES):
        if not plan_with_a_stop(scene, request, number):
            break
    else:
        raise AssertionError("there are more boundaries than were tried")
    assert number > 2 * len(booking_ids)


def test_what_another_run_has_overtaken_in_between_says_so(scene: Scene) -> None:  # W3
    booking_id = scene.book(location=None)
    scene.run()
    opened, shard = read_by_a_run(scene, RunRequest(booking_ids=[booking_id]))
    scene.calendar.edit(booking_id, event_name="Renamed")
    scene.switches.answer(403, json.dumps({"category": "MISSING_SCOPES"}), path="meetings/batch/update")
    scene.run(may_be_red=True)

    diff(scene.services, opened.run_id, shard)

    (found,) = left_alone(scene, run_id=opened.run_id).values()
    assert (found.verdict, found.booking_version) == (Untouched.SUPERSEDED, 1)
    said = "Version 1 is older than version 2, for which a change is open"
    assert words(found) == f"{said}: older news never overwrites newer (rule W3)."


def test_another_decision_at_the_second_try_replaces_the_first(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    booking_ids = prepare(scene)
    monkeypatch.setattr(planning, "CHUNK", 1)
    scene.run(booking_ids=["bk_1", "bk_3"])
    opened, shard = read_by_a_run(scene, RunRequest(booking_ids=booking_ids))
    with stopped_at(10):
        diff(scene.services, opened.run_id, shard)
    let_go(scene)
    with scene.services.engine.begin() as connection:
        first_try = set(connection.execute(select(untouched_booking.c.booking_id)).scalars())
        connection.execute(mapping.update().values(content_fingerprint="another"))

    diff(scene.services, opened.run_id, shard)

    assert "bk_1" in first_try
    assert left_alone(scene) == {}


def test_a_run_from_before_the_upgrade_says_that_it_has_only_the_number(scene: Scene) -> None:
    scene.book()
    scene.run()
    scene.run(booking_ids=[one["booking_id"] for one in scene.rows(select(mapping.c.booking_id))])
    row = newest_sync(scene)
    before = plan_head(scene.services, row["dag_id"], row["dag_run_id"])
    with scene.services.engine.begin() as connection:
        connection.execute(untouched_booking.delete())

    after = plan_head(scene.services, row["dag_id"], row["dag_run_id"])

    assert before is not None
    assert after is not None
    assert (before.only_counted, after.only_counted) == ({}, {Untouched.UNCHANGED: 1})
    assert before.group_sizes == after.group_sizes
    assert after.group_sizes[PlanGroup.UNCHANGED] == 1
