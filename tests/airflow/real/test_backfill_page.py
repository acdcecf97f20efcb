"""History is brought in from Airflow's own pages: started, watched, paused and resumed in a real browser (W1, W2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync_airflow.demo.airflow_api import FINISHED
from booking_sync_airflow.identity import BACKFILL_DAG_ID
from tests.airflow.real.airflow import RealAirflow
from tests.airflow.real.window import Window

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(7200)]

DAY = timedelta(days=1)
LONGEST_DAY_SECONDS = 240


def choose_days(seat: Window, first: datetime, last: datetime, count: int) -> None:
    """Fill Airflow's dialog, and leave the DAG paused: on SQLite its scheduler dies of runs that are taken back."""
    seat.page.goto(f"{seat.place.url}/dags/{BACKFILL_DAG_ID}")
    seat.page.get_by_role("button", name="Trigger").click()
    seat.page.get_by_role("dialog").get_by_text("Backfill", exact=True).last.click()
    seat.page.get_by_text(f"Unpause {BACKFILL_DAG_ID} on trigger").click()
    for field, day in enumerate((first, last)):
        seat.page.get_by_test_id("datetime-input").nth(field).click()
        seat.page.get_by_placeholder("YYYY/MM/DD").last.fill(f"{day:%Y/%m/%d}")
        seat.page.get_by_placeholder("HH:mm").last.fill("00:00")
        seat.page.keyboard.press("Escape")
    seat.page.get_by_text(f"{count} runs will be triggered").wait_for()
    seat.photograph("backfill-dialog")


def start(seat: Window) -> None:
    """Say yes, and unpause the DAG once all days stand in the queue; the page asks again where SQLite is busy."""
    seat.page.get_by_role("button", name="Run Backfill").click()
    seat.page.get_by_text("Backfill in progress").wait_for(timeout=120_000)
    seat.page.get_by_test_id("toggle-pause").first.click()


def watch(seat: Window, state: str, done: int, count: int) -> None:
    """See on our own page how far it is, and come back."""
    seat.page.goto(f"{seat.place.url}/plugin/booking-sync")
    seat.sees(f"{done} of {count}")
    seat.sees(state)
    seat.look(f"backfill-{state.replace(' ', '-')}")
    seat.page.goto(f"{seat.place.url}/dags/{BACKFILL_DAG_ID}")


@dataclass(frozen=True)
class Backfill:
    """Some days of history, and what became of them."""

    airflow: RealAirflow
    first: datetime
    last: datetime

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs, the first day first."""
        return self.airflow.backfilled(BACKFILL_DAG_ID, str(self.first), str(self.last))

    def done(self) -> int:
        """Return how many days are over."""
        return sum(run["state"] in FINISHED for run in self.runs())

    def is_at_rest(self) -> bool:
        """Say whether no day is under way."""
        return {run["state"] for run in self.runs()} <= {"queued", *FINISHED}


@pytest.mark.parametrize("count", [3, pytest.param(90, marks=pytest.mark.soak)])
def test_a_backfill_is_started_watched_paused_and_resumed_in_the_browser(
    real_airflow: RealAirflow, sandbox: Sandbox, seat: Window, count: int
) -> None:
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    last = today - (17 + count) * DAY  # no other test does these days
    backfill = Backfill(real_airflow, last - (count - 1) * DAY, last)
    choose_days(seat, backfill.first, last, count)
    start(seat)
    wait, limit = real_airflow.processes.wait_until, LONGEST_DAY_SECONDS
    wait("the first day", lambda: backfill.done() >= 1, timeout_seconds=limit)

    seat.page.get_by_role("button", name="Pause backfill", exact=True).click()
    seat.page.get_by_role("button", name="Unpause backfill").wait_for()
    seat.photograph("backfill-paused")
    wait("the day that is under way", backfill.is_at_rest, timeout_seconds=limit)
    paused_at = backfill.done()
    seat.page.wait_for_timeout(5_000)

    assert backfill.done() == paused_at < count  # it stays so
    watch(seat, "paused", paused_at, count)

    seat.page.get_by_role("button", name="Unpause backfill").click()
    wait("every day", lambda: backfill.done() == count, timeout_seconds=limit * count)
    expect(seat.page.get_by_text("Backfill in progress")).to_be_hidden(timeout=90_000)
    watch(seat, "over", count, count)

    assert [run["state"] for run in backfill.runs()] == ["success"] * count
    starts = [run["data_interval_start"][:10] for run in backfill.runs()]
    assert starts == [str((last - ago * DAY).date()) for ago in reversed(range(count))]
    assert {entry.method for entry in sandbox.calendar.history} == {"GET"}  # D1
