"""Integrations for which a run has nothing to do, told from the others before anything is done for any of them.

Where one read of Calendar.com shows what has changed everywhere, an integration in which nothing has, and nothing is
left from earlier, costs a few rows that are written together with those of all others: no lease, no token, no call.

What other people did in HubSpot is looked for in those integrations too, a few in every run, the longest unseen first
(ADR 0020).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from booking_sync.guard import is_long
from booking_sync.services import Services
from booking_sync.shared_feed import SharedFeed
from booking_sync.sightings import TOUCHED_WITHIN
from booking_sync.store import idle_parts
from booking_sync.store.database import reading
from booking_sync.store.integrations import Integration
from booking_sync.store.runs import IntegrationRun, Run

SWEPT_IN_TURN = 50
"""In how many integrations of a shard without news the sweep looks all the same. With fewer, every run sees all."""

NEVER = datetime.min.replace(tzinfo=UTC)

Part = tuple[Integration, IntegrationRun]


def idle_among(
    services: Services, run: Run, shard: int | None, parts: Sequence[Part], feed: SharedFeed | None
) -> list[str]:
    """Return the integrations of a shard for which there is nothing to do; never all of them."""
    if feed is None or run.request.get("approve_plan"):
        return []
    quiet = [part for part in parts if _is_quiet(part, feed)]
    if len(quiet) <= SWEPT_IN_TURN:
        return []
    since = services.clock() - TOUCHED_WITHIN
    with reading(services.engine) as connection:
        busy = idle_parts.unfinished(connection, run.id, shard, since=since, until=run.opened_at)
    untouched = [integration for integration, _ in quiet if integration.id not in busy]
    untouched.sort(key=lambda one: one.swept_at or NEVER)
    return [one.id for one in untouched[SWEPT_IN_TURN:]]


def _is_quiet(part: Part, feed: SharedFeed) -> bool:
    """Say whether the read of everything shows that nothing has changed in a workspace.

    Not where its window is so long that the guard has something to say about an empty one (W5).
    """
    integration, mine = part
    window = mine.window
    if window is None or window.is_empty or not feed.covers(window) or is_long(window):
        return False
    return not any(feed.pages(integration.workspace_id, window))
