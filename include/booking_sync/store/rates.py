"""What is known of a portal's limits, as recorded. Whoever reads it to change it locks it until the commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from booking_sync.rate_window import FIRST_BURST_LIMIT, SEARCH_LIMIT, Limit, Policy, Use, Window
from booking_sync.store.rate_table import portal_rate
from booking_sync.store.statements import insert_or_update
from booking_sync.store.tables import portal


@dataclass(frozen=True, slots=True)
class PortalRate:
    """One portal's limits, what counts against them now, and until when nothing may be sent at all."""

    burst: Limit = FIRST_BURST_LIMIT
    windows: Mapping[Policy, Window] = field(default_factory=dict)
    stopped_until: datetime | None = None
    stop_reason: str | None = None

    def limit(self, policy: Policy) -> Limit:
        """Return HubSpot's limit of a policy."""
        return self.burst if policy is Policy.BURST else SEARCH_LIMIT

    def window(self, policy: Policy) -> Window:
        """Return what counts against it."""
        return self.windows.get(policy, Window())


def load_rate(connection: Connection, portal_id: str) -> PortalRate:
    """Return what is recorded, or what is assumed of a portal that nothing was sent to yet."""
    statement = select(portal_rate).where(portal_rate.c.portal_id == portal_id).with_for_update()
    row = connection.execute(statement).mappings().first()
    if row is None:
        first = {"portal_id": portal_id, **_values(PortalRate())}
        connection.execute(insert_or_update(connection, portal_rate).values(first).on_conflict_do_nothing())
        row = connection.execute(statement).mappings().one()
    return _rate(row)


def rates(connection: Connection, most: int) -> list[tuple[str, str | None, PortalRate]]:
    """Return portal id, its name, and what is recorded of its limits, to look at only."""
    statement = select(portal_rate, portal.c.name).outerjoin(portal, portal.c.id == portal_rate.c.portal_id)
    rows = connection.execute(statement.order_by(portal_rate.c.portal_id).limit(most)).mappings()
    return [(row["portal_id"], row["name"], _rate(row)) for row in rows]


def save_rate(connection: Connection, portal_id: str, rate: PortalRate) -> None:
    """Record it."""
    connection.execute(update(portal_rate).where(portal_rate.c.portal_id == portal_id).values(**_values(rate)))


def lift_stop(connection: Connection, portal_id: str) -> None:
    """Let requests go to a portal again: HubSpot has just answered one."""
    stopped = (portal_rate.c.portal_id == portal_id, portal_rate.c.stopped_until.is_not(None))
    connection.execute(update(portal_rate).where(*stopped).values(stopped_until=None, stop_reason=None))


def _rate(row: RowMapping) -> PortalRate:
    windows = {Policy(name): _window(values) for name, values in row["windows"].items()}
    limit = Limit(row["burst_limit"], row["burst_seconds"])
    return PortalRate(limit, windows, row["stopped_until"], row["stop_reason"])


def _values(rate: PortalRate) -> dict[str, Any]:
    return {
        "burst_limit": rate.burst.most,
        "burst_seconds": rate.burst.seconds,
        "windows": {policy.value: _stored(window) for policy, window in rate.windows.items()},
        "stopped_until": rate.stopped_until,
        "stop_reason": rate.stop_reason,
    }


def _stored(window: Window) -> dict[str, Any]:
    return {**asdict(window), "uses": [[use.until, use.count, use.grant_id] for use in window.uses]}


def _window(values: Mapping[str, Any]) -> Window:
    return Window(**{**values, "uses": tuple(Use(*use) for use in values["uses"])})
