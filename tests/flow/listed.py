"""What a run lists as left alone against what it counts: the tab Plan and the run's note must tell the same."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Engine, func, select

from booking_sync.states import Untouched
from booking_sync.store.database import reading
from booking_sync.store.read_tables import untouched_booking
from booking_sync.store.tables import integration_run, run


def listing_mistakes(engine: Engine) -> list[str]:
    """Say where the newest run lists other bookings than it counts as without a change, by integration and verdict."""
    newest = select(run.c.id).where(run.c.opened_at == select(func.max(run.c.opened_at)).scalar_subquery())
    part, row = integration_run.c, untouched_booking.c
    with reading(engine) as connection:
        parts = connection.execute(
            select(part.run_id, part.integration_id, part.counts).where(part.run_id.in_(newest))
        ).all()
        rows = connection.execute(select(row.run_id, row.integration_id, row.verdict).where(row.run_id.in_(newest)))
        listed = Counter(tuple(one) for one in rows)
    planned = [one for one in parts if "change" in one.counts]
    mistakes = []
    for one in planned:
        for verdict, count in _counted(one.counts).items():
            found = listed[one.run_id, one.integration_id, verdict]
            if found != count:
                mistakes.append(f"{one.integration_id} counts {count} {verdict} and lists {found}")
    return mistakes


def _counted(counts: dict[str, int]) -> dict[str, int]:
    found = {verdict.value: counts.get(verdict, 0) for verdict in Untouched}
    found[Untouched.IGNORED] += counts.get("ignored_rejects", 0)
    return found
