"""Ten thousand workspaces of which one in a hundred has news: what the others cost.

Twice: each with a HubSpot portal of its own (OAuth), and all with one portal (a service key). The calls are held
against those for a tenth of the workspaces with as many changes: they are to grow with the changes only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.apart import Cost, in_fresh_process, metered
from benchmarks.figure import Figure
from benchmarks.scene import addresses_of, reconciled, services_on
from benchmarks.served import served
from booking_sandbox.server import Sandbox
from booking_sync.clients.hubspot_model import Portal
from booking_sync.service_clients import Addresses
from booking_sync.store import accesses, integrations
from booking_sync.store.accesses import NewTokens
from booking_sync.store.database import writing

WORKSPACES = 10_000
CHANGED = 100
FEWER = 10
"""The yardstick has so many times fewer workspaces."""

MOST_SECONDS = 300.0
MOST_CALLS = 1.1
_FIRST_PORTAL_ID = 1_000_001
_ALL_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Passed:
    """What one run took, and the calls that it made."""

    cost: Cost
    hubspot_calls: int
    calendar_calls: int


def figures(workspaces: int = WORKSPACES) -> Iterator[Figure]:
    """Measure."""
    for has_portals in (True, False):
        what = "a portal each" if has_portals else "one portal"
        fewer, all_of_them = (_passed(count, has_portals=has_portals) for count in (workspaces // FEWER, workspaces))
        cost = all_of_them.cost
        name = f"{workspaces:,} workspaces, {what}, {CHANGED} changed"
        note = f"{cost.cpu_seconds:.1f} CPU s, {cost.extra_megabytes:.0f} MB"
        yield Figure(name, "seconds", cost.seconds, MOST_SECONDS, "five minutes", 1.0, note=note)
        rival = f"{workspaces // FEWER:,} workspaces with as many changes"
        yield Figure(f"{name}: to HubSpot", "calls", all_of_them.hubspot_calls, fewer.hubspot_calls, rival, MOST_CALLS)
        note = "the list of workspaces is read page by page"
        yield Figure(
            f"{name}: to Calendar.com", "calls", all_of_them.calendar_calls, fewer.calendar_calls, rival, note=note
        )


def _passed(count: int, *, has_portals: bool) -> Passed:
    """Let workspaces be connected and quiet, let some of them have news, and measure the run that passes it on."""
    with served() as sandbox, TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'mapping.db'}"
        addresses = sandbox.ask(addresses_of, has_oauth_app=has_portals)
        sandbox.ask(lift_limits)
        sandbox.ask(open_workspaces, count)
        if has_portals:
            connect(addresses, url, sandbox.ask(open_portals, count))
        for _ in range(2):  # portals are furnished once in their life: with the first booking
            in_fresh_process(run_once, addresses, url)
            sandbox.ask(book_in_some, count)
        before = sandbox.ask(calls)
        cost = in_fresh_process(run_once, addresses, url)
        after = sandbox.ask(calls)
    return Passed(cost, after[0] - before[0], after[1] - before[1])


def run_once(addresses: Addresses, url: str) -> Cost:
    """Let one run pass on what has changed, and measure it; opening the database is not counted."""
    services = services_on(addresses, url)
    with metered() as cost:
        reconciled(services)
    return cost


def connect(addresses: Addresses, url: str, granted: dict[str, dict[str, str]]) -> None:
    """Record what pressing the buttons on the page would record for each workspace."""
    services = services_on(addresses, url)
    now = services.clock()
    with writing(services.engine) as connection:
        for number, (portal_id, tokens) in enumerate(granted.items()):
            integrations.remember_portal(
                connection, Portal(portal_id, f"Portal {number}", "app.hubspot.com", "UTC", "STANDARD")
            )
            kept = NewTokens(tokens["access_token"], tokens["refresh_token"], now + timedelta(days=1), ())
            accesses.save_granted(connection, services.vault, portal_id, kept, granted_by="ada", user_id="1", at=now)
            integrations.connect(
                connection,
                workspace_id=_workspace_id(number),
                workspace_name=f"Team {number}",
                portal_id=portal_id,
                connected_at=now,
            )


# --- in the process of the sandbox ------------------------------------------------------------------------------------


def lift_limits(sandbox: Sandbox) -> None:
    """Let HubSpot take whatever comes, and let tokens live all day."""
    switches = sandbox.hubspot.switches
    switches.access_token_seconds = _ALL_DAY_SECONDS


def open_workspaces(sandbox: Sandbox, count: int) -> None:
    """Open workspaces in Calendar.com."""
    for number in range(count):
        sandbox.calendar.state.add_workspace(_workspace_id(number), f"Team {number}", "pro", "UTC")


def open_portals(sandbox: Sandbox, count: int) -> dict[str, dict[str, str]]:
    """Open as many portals with our app in them; return the tokens of each."""
    tokens = {}
    for number in range(count):
        portal_id = _FIRST_PORTAL_ID + number
        sandbox.hubspot.state.add_portal(portal_id, f"pat-{portal_id}", name=f"Portal {number}")
        tokens[str(portal_id)] = sandbox.hubspot.state.install_app(portal_id=portal_id)
    return tokens


def book_in_some(sandbox: Sandbox, count: int) -> None:
    """Book a meeting in some of the workspaces, evenly spread."""
    for number in range(0, count, count // CHANGED):
        sandbox.calendar.state.book(_workspace_id(number))


def calls(sandbox: Sandbox) -> tuple[int, int]:
    """Return how many requests HubSpot and Calendar.com have got."""
    return len(sandbox.hubspot.history), len(sandbox.calendar.history)


def _workspace_id(number: int) -> str:
    return f"ws_{number:05}"
