"""What the page Booking sync reads from runs as they are: freshness, what waits and since when, the last audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from booking_sync.audit import run_audit
from booking_sync.budget import budgets
from booking_sync.freshness import freshness_in
from booking_sync.rate_window import Policy, Use, Window
from booking_sync.request import AuditRequest
from booking_sync.store.database import reading, writing
from booking_sync.store.rates import load_rate, save_rate
from booking_sync.sync_status import SyncStatus, sync_status
from booking_sync.window import RunTrigger
from tests.flow.scene import Scene

AUDIT = "calendar_hubspot_audit"
PORTAL = "424242"


@pytest.fixture
def scene(scene_on_both: Scene) -> Scene:
    return scene_on_both


def status_of(scene: Scene) -> SyncStatus:
    """Look at the page a minute later."""
    scene.clock.advance(60)
    return sync_status(scene.services, AUDIT)


def test_freshness_is_the_time_from_the_change_in_calendar_to_the_record(scene: Scene) -> None:
    scene.run()
    first, second = scene.book(), scene.book()
    scene.clock.advance(200)
    scene.run()
    scene.move(first, 5)
    scene.clock.advance(4_000)
    scene.run()

    status = status_of(scene)

    assert freshness_in([status.day.counts]) == {"fresh_300": 2, "fresh_7200": 1}
    assert (status.day.p50_seconds, status.day.p99_seconds) == (300, 7_200)
    assert status.day.changes == 3
    assert sum(one.changes for one in status.bins) == 3
    assert second


def test_a_backfill_and_a_run_by_window_say_nothing_of_freshness(scene: Scene) -> None:
    scene.run()
    scene.book()
    start = scene.clock.now - timedelta(hours=1)
    scene.clock.advance(3_000)
    scene.backfill(start, scene.clock.now)
    scene.book()
    scene.run(window_start=start)

    status = status_of(scene)
    assert status.day.measured == 0
    assert status.day.changes == 2


def test_what_waits_is_told_with_its_reason_since_calendar_has_had_it(scene: Scene) -> None:
    scene.run()
    scene.switches.required_properties["meetings"] = ["hs_meeting_location"]
    booked_at = scene.clock.now
    booking_id = scene.book(location=None)
    for _ in range(3):
        scene.clock.advance(900)
        scene.run(may_be_red=True)

    status = status_of(scene)

    assert [(item.booking_id, item.since, item.state) for item in status.items] == [(booking_id, booked_at, "kept")]
    assert "HubSpot refuses it" in str(status.items[0].error)
    assert (status.open_count, status.unknown_count, status.kept_count) == (1, 0, 0)


def test_the_last_audit_tells_its_drift_by_kind_and_the_runs_are_listed_newest_first(scene: Scene) -> None:
    booking_id = scene.book()
    scene.run()
    scene.hubspot.edit_activity(scene.activity(booking_id)["id"], hs_meeting_title="By hand")
    scene.clock.advance(1_000)
    run_audit(scene.services, RunTrigger(AUDIT, "audit 1", "manual", "ada"), AuditRequest())

    status = status_of(scene)

    assert status.drifts == {"edited": (1, 0)}
    assert status.last_audit is not None
    assert [run.dag_id for run in status.runs] == [AUDIT, "calendar_hubspot_sync"]


def test_the_budget_is_what_counts_now_and_what_hubspot_said_of_the_day(scene: Scene) -> None:
    scene.book()
    scene.run()
    now = scene.clock()
    with writing(scene.services.engine) as connection:
        rate = load_rate(connection, PORTAL)
        soon, past = now.timestamp() + 5, now.timestamp() - 5
        window = Window((Use(soon, 3), Use(past, 90)), others=7, others_until=soon)
        save_rate(connection, PORTAL, replace(rate, windows={Policy.BURST: window}))
    with reading(scene.services.engine) as connection:
        (busy,) = budgets(connection, now)
        (rested,) = budgets(connection, now + timedelta(seconds=20))

    assert busy.portal_id == PORTAL
    assert (busy.requests.ours, busy.requests.others, busy.requests.used) == (3, 7, 10)
    assert busy.requests.most == rate.burst.most
    assert (rested.requests.used, rested.searches.used) == (0, 0)
    assert busy.daily is not None
    assert 0 < busy.daily.used < busy.daily.most
    assert busy.waits_until is None


def test_a_portal_whose_day_is_used_up_says_until_when_it_waits(scene: Scene) -> None:
    scene.run()
    now = scene.clock()
    with writing(scene.services.engine) as connection:
        rate = load_rate(connection, PORTAL)
        stop = replace(rate, stopped_until=now + timedelta(hours=1), stop_reason="the daily limit is used up")
        save_rate(connection, PORTAL, stop)
    with reading(scene.services.engine) as connection:
        (waiting,) = budgets(connection, now)
        (again,) = budgets(connection, now + timedelta(hours=2))

    assert (waiting.waits_until, waiting.reason) == (stop.stopped_until, stop.stop_reason)
    assert again.waits_until is None
