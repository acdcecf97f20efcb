"""How much of each portal's limits is used right now, by us and by other programs, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.rate_window import Policy
from booking_sync.store import rates, status
from booking_sync.store.rates import PortalRate
from booking_sync.store.status import DailyLimit

MOST_PORTALS = 2_000


@dataclass(frozen=True, slots=True)
class Use:
    """One limit: how many requests of ours and of others count against it now, of how many in how many seconds."""

    ours: int
    others: int
    most: int
    seconds: float

    @property
    def used(self) -> int:
        """All of them."""
        return self.ours + self.others


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of a portal. ``waits_until``: nothing is sent before, for the reason that HubSpot gave."""

    portal_id: str
    name: str
    requests: Use
    searches: Use
    daily: DailyLimit | None
    waits_until: datetime | None
    reason: str | None

    @property
    def tightness(self) -> tuple[bool, float]:
        """What is first where not all fit: portals that wait, then those that are used most."""
        daily = self.daily.used / self.daily.most if self.daily and self.daily.most else 0.0
        return self.waits_until is not None, max(self.requests.used / self.requests.most, daily)


def budgets(connection: Connection, now: datetime) -> Sequence[Budget]:
    """Return the budgets of all portals to which anything was sent, the tightest first."""
    daily = status.daily_limits(connection)
    found = [
        _budget(portal_id, name, rate, daily.get(portal_id), now)
        for portal_id, name, rate in rates.rates(connection, MOST_PORTALS)
    ]
    return sorted(found, key=lambda one: one.tightness, reverse=True)


def _budget(portal_id: str, name: str | None, rate: PortalRate, daily: DailyLimit | None, now: datetime) -> Budget:
    is_stopped = rate.stopped_until is not None and rate.stopped_until > now
    return Budget(
        portal_id=portal_id,
        name=name or "",
        requests=_use(rate, Policy.BURST, now.timestamp()),
        searches=_use(rate, Policy.SEARCH, now.timestamp()),
        daily=daily,
        waits_until=rate.stopped_until if is_stopped else None,
        reason=rate.stop_reason if is_stopped else None,
    )


def _use(rate: PortalRate, policy: Policy, now: float) -> Use:
    window, limit = rate.window(policy), rate.limit(policy)
    ours = sum(use.count for use in window.uses if use.until > now)
    others = window.others if window.others_until > now else 0
    return Use(ours, others, limit.most, limit.seconds)
