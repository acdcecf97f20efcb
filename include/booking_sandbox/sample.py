"""Sample data: three teams' fortnight that ends at a given moment. The same seed gives the same data."""

from __future__ import annotations

from datetime import datetime
from random import Random

from booking_sandbox.calendar_state import CalendarState
from booking_sandbox.hubspot_portals import EU_PORTAL_ID, WEST_PORTAL_ID
from booking_sandbox.hubspot_state import HubSpotState
from booking_sandbox.sample_people import ACME, GLOBEX, INITECH, SampleWorkspace
from booking_sandbox.sample_portal import add_owners, load_portal
from booking_sandbox.sample_stories import tell_stories
from booking_sandbox.sample_writer import SampleWriter

TEAM_KEY = "sandbox-acme-key"
"""A customer's key; the sandbox's default key is a platform key, which reads every workspace."""


def load_sample(calendar: CalendarState, hubspot: HubSpotState, now: datetime, seed: int = 7) -> None:
    """Fill both states. Everything in the calendar was created and changed in the 14 days before ``now``.

    The first team, with all the particular cases, belongs to the first portal. The two smaller ones have a portal each,
    which knows their hosts and nothing else yet; the last one is on Basic. :data:`TEAM_KEY` reads the first team only.
    """
    random = Random(seed)  # noqa: S311 - sample data, reproducible by design
    with calendar.lock, hubspot.lock:
        writer = _write(calendar, ACME, random, now)
        tell_stories(writer)
        load_portal(hubspot, random, writer.pool)
        calendar.add_key(TEAM_KEY, [ACME.id])
        for workspace, portal_id in ((GLOBEX, EU_PORTAL_ID), (INITECH, WEST_PORTAL_ID)):
            _write(calendar, workspace, Random(f"{seed}/{workspace.id}"), now)  # noqa: S311 - sample data, reproducible by design
            add_owners(hubspot, workspace.hosts, portal_id)


def _write(calendar: CalendarState, workspace: SampleWorkspace, random: Random, now: datetime) -> SampleWriter:
    calendar.add_workspace(workspace.id, workspace.name, workspace.plan, workspace.time_zone)
    writer = SampleWriter(calendar, workspace, random, now)
    writer.write_plain_bookings()
    return writer
