"""Sample data: a sales team's fortnight that ends at a given moment. The same seed gives the same data."""

from __future__ import annotations

from datetime import datetime
from random import Random

from booking_sandbox.calendar_state import CalendarState
from booking_sandbox.hubspot_state import HubSpotState
from booking_sandbox.sample_people import WORKSPACE_ID, WORKSPACE_ZONE
from booking_sandbox.sample_portal import load_portal
from booking_sandbox.sample_stories import tell_stories
from booking_sandbox.sample_writer import SampleWriter


def load_sample(calendar: CalendarState, hubspot: HubSpotState, now: datetime, seed: int = 7) -> None:
    """Fill both states. Everything in the calendar was created and changed in the 14 days before ``now``."""
    random = Random(seed)  # noqa: S311 - sample data, reproducible by design
    with calendar.lock, hubspot.lock:
        calendar.add_workspace(WORKSPACE_ID, "Acme Sales", "pro", WORKSPACE_ZONE)
        writer = SampleWriter(calendar, random, now)
        writer.write_plain_bookings()
        tell_stories(writer)
        load_portal(hubspot, random, writer.pool)
