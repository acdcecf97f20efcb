"""What the task ``extract`` does: settle what earlier runs left open, then read what has changed in Calendar.com."""

from __future__ import annotations

from collections.abc import Sequence

from booking_sync.due import due_booking_ids
from booking_sync.extract import extract as extract_bookings
from booking_sync.extract import kept_booking_ids
from booking_sync.idle import Part, idle_among
from booking_sync.services import Services
from booking_sync.settle import settle
from booking_sync.shard import for_each_integration, load_due
from booking_sync.shared_feed import SharedFeed, read_shared_feed
from booking_sync.sightings import look
from booking_sync.states import RunState
from booking_sync.store import idle_parts, part_figures, runs, untouched
from booking_sync.store.database import writing
from booking_sync.store.runs import IntegrationRun, Run
from booking_sync.sweep import sweep
from booking_sync.work import Work


def extract(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Settle what earlier runs left unanswered, then read what this run covers."""
    due = load_due(services, run_id, shard, {RunState.OPEN})
    feed, idle = _survey(services, due.run, shard, due.parts)

    def step(work: Work, part: IntegrationRun) -> dict[str, int]:
        kept_ids = kept_booking_ids(work)
        resting = 0 if work.run.is_dry_run else settle(work)
        sightings = look(work)
        named = {*work.run.request["booking_ids"], *due_booking_ids(work), *sightings.booking_ids}
        extracted = extract_bookings(work, part.window, named, kept_ids, feed)
        swept = sweep(work, sightings)
        with writing(services.engine) as connection:
            counts = {"read": extracted.read, "rejected": extracted.rejected, "resting": resting}
            counts |= {"ignored_rejects": len(extracted.ignored)} if extracted.ignored else {}
            counted = {**counts, "in_window": extracted.in_window, "named": extracted.named, **swept}
            untouched.record(connection, run_id, part.integration_id, extracted.ignored)
            runs.advance(connection, run_id, part.integration_id, RunState.EXTRACTED, counted)
        return counts

    has_news = {integration.id for integration, _ in due.parts}.difference(idle)
    counts = for_each_integration(services, due.among(has_news), "extract", step)
    return {**counts, **({"idle": len(idle)} if idle else {})}


def _survey(
    services: Services, run: Run, shard: int | None, parts: Sequence[Part]
) -> tuple[SharedFeed | None, list[str]]:
    """Read for all integrations of the shard at once, where that is worth it, and set aside those without news.

    The first of the others bears the calls.
    """
    before = services.calendar_requests.requests
    feed = read_shared_feed(services.calendar, [part.window for _, part in parts])
    calls = services.calendar_requests.requests - before
    idle = idle_among(services, run, shard, parts, feed)
    if calls:
        resting = set(idle)
        bearer = next(one.id for one, _ in parts if one.id not in resting)
        with writing(services.engine) as connection:
            part_figures.count_requests(connection, run.id, bearer, {"calendar_calls": calls}, {})
            idle_parts.mark_idle(connection, run.id, idle)
    return feed, idle
