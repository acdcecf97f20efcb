"""Fifty workspaces, each with a HubSpot portal of its own: what a broken one costs the others (W6)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from benchmarks.figure import Figure
from benchmarks.scene import scene
from booking_sandbox.moments import microseconds, parse_moment
from booking_sandbox.server import Sandbox
from booking_sync.connect_app import connect_app
from booking_sync.grants import begin_grant, finish_grant
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.report import RunReport
from booking_sync.request import RunRequest
from booking_sync.services import Services, utc_now
from booking_sync_airflow.demo.browser import Browser

INTEGRATIONS = 50
BOOKINGS_EACH = 2
ROUNDS = 4
FIRST_PORTAL_ID = 1_000_001
MOST_COST = 1.05
_ADA = "ada"


def figures() -> Iterator[Figure]:
    """Measure."""
    with scene(has_oauth_app=True) as (sandbox, services):
        connect_all(sandbox, services)
        run_changed(sandbox, services)
        whole, broken = [], []
        for number in range(ROUNDS):
            whole.append(run_changed(sandbox, services))
            sandbox.hubspot.state.uninstall_app(portal_id=FIRST_PORTAL_ID + number)
            broken.append(run_changed(sandbox, services))
    yield Figure(
        f"{INTEGRATIONS} integrations, one found broken",
        "seconds",
        sum(broken),
        sum(whole),
        "the same without a broken one",
        MOST_COST,
    )


def connect_all(sandbox: Sandbox, services: Services) -> None:
    """Open workspaces and portals, and connect each pair as a person would."""
    back = f"{sandbox.hubspot.root_url}/requests"
    sandbox.hubspot.state.register_redirect_uri(back)
    for number in range(INTEGRATIONS):
        workspace_id, portal_id = f"ws_{number:02}", FIRST_PORTAL_ID + number
        sandbox.calendar.state.add_workspace(workspace_id, f"Team {number}")
        sandbox.hubspot.state.add_portal(portal_id, f"pat-{portal_id}", name=f"Portal {number}")
        for booking in range(BOOKINGS_EACH):
            sandbox.calendar.state.book(workspace_id, booking_id=f"bk_{number:02}_{booking}")
        begun = begin_grant(services, person=_ADA, redirect_uri=back, workspace_id=workspace_id)
        page = Browser().open(begun.authorize_url).press("Grant access", portal=str(portal_id))
        answer = dict(parse_qsl(urlsplit(page.url).query))
        finish_grant(services, person=_ADA, browser_secret=begun.browser_secret, answer=answer)
        connect_app(services, workspace_id=workspace_id, portal_id=str(portal_id), person=_ADA)


def run_changed(sandbox: Sandbox, services: Services) -> float:
    """Move every booking by a day, reconcile, and return the seconds that it took."""
    for booking in sandbox.calendar.state.bookings():
        start_at, end_at = _later(booking["start_at"]), _later(booking["end_at"])
        sandbox.calendar.state.reschedule_in_place(booking["id"], start_at, end_at)
    started = time.perf_counter()
    report = run(services)
    seconds = time.perf_counter() - started
    if report.counts["create"] + report.counts["recreate"] < (INTEGRATIONS - ROUNDS) * BOOKINGS_EACH:
        raise RuntimeError(f"not everything was passed on: {report.note}")
    return seconds


def run(services: Services) -> RunReport:
    """Reconcile what was changed since yesterday."""
    trigger = manual_trigger(services.new_id(), "benchmark")
    return reconcile(services, trigger, RunRequest(window_start=utc_now() - timedelta(days=1)))


def _later(moment: str) -> str:
    return microseconds(parse_moment(moment) + timedelta(days=1))
