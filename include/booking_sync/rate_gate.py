"""The rate gate: all workers that send to a portal share its limits, through one row of our database.

A worker takes permits for several requests at once, and says with the next ones what became of them; so the gate costs
less than one small transaction for each request, and nobody holds a lock while he waits. A worker that dies takes his
permits with him; they count as used until his last request can have been answered, and a window longer.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, Engine

from booking_sync import telemetry
from booking_sync.clients.pace import Patience, Permit
from booking_sync.errors import DailyLimitReached, NotSent, StoreFailed, Throttled
from booking_sync.rate_window import Ended, Limit, Policy, Taken, ours, refuse, settle, shared, take
from booking_sync.store.database import writing
from booking_sync.store.integrations import time_zone_of
from booking_sync.store.rates import PortalRate, load_rate, save_rate
from booking_sync.utc_minute import utc_minute

MOST_PERMITS = 8
"""How many a worker takes at once who needs them quickly."""
USE_WITHIN_SECONDS = 2.0
"""How long a permit that was taken may wait for its request."""
LONGEST_REQUEST_SECONDS = 30.0
"""No request of a run takes longer (``service_clients.HUBSPOT_LIMITS``)."""
SPREAD_SECONDS = 1.0
"""Workers that were all told to wait come back within this time of one another."""
TOO_MANY_REQUESTS = 429

USED_UP = "the daily limit is used up"
LEFT_TO_OTHERS = "our share of the daily limit is used up, and the rest is left to other programs"


@dataclass(slots=True)
class _Purse:
    """Permits of one grant that were not used yet, and until when they are good; ``ask_at``: before, there are none."""

    grant_id: str = ""
    left: int = 0
    use_by: float = 0.0
    size: int = 0
    ask_at: float = 0.0
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class _Wait:
    seconds: float
    is_paused: bool


class PortalGate:
    """One process's way through the gate of one portal; its threads share it."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], percent: float, portal_id: str) -> None:
        self._engine = engine
        self._clock = clock
        self._percent = percent
        self._portal_id = portal_id
        self._asking = threading.Lock()
        """Held while the database is asked, so that threads do not ask for the same thing."""
        self._noting = threading.Lock()
        """Held for a moment, and never while anything is waited for."""
        self._purses = {policy: _Purse() for policy in Policy}
        self._ended: list[Ended] = []

    @contextmanager
    def permit(self, *, is_search: bool, patience: Patience) -> Iterator[Permit]:
        """Wait for a permit for one request.

        Raises:
            Throttled: the wait would be longer than the caller's patience. Nothing was sent.
            DailyLimitReached: nothing goes to the portal today.
            NotSent: the database does not say what may be sent.
        """
        policy = _policy(is_search=is_search)
        grant_id = self._wait(policy, patience)
        permit = Permit()
        try:
            yield permit
        finally:
            used_at = self._now() if permit.is_used else None
            with self._noting:
                self._ended.append(Ended(policy, grant_id, used_at, permit.is_refused, permit.said))

    def refused(self, error: Throttled | DailyLimitReached, *, is_search: bool) -> None:
        """Let nobody send for as long as HubSpot asks, or until the day is over."""
        if isinstance(error, Throttled) and error.status != TOO_MANY_REQUESTS:
            return  # one object is locked, or the account is being moved
        policy = _policy(is_search=is_search)
        self._put_back()
        with suppress(StoreFailed), writing(self._engine) as connection:  # then the others find out for themselves
            rate = load_rate(connection, self._portal_id)
            if isinstance(error, Throttled):
                until = self._now() + error.retry_after_seconds
                rate = replace(rate, windows={**rate.windows, policy: refuse(rate.window(policy), until)})
            else:
                rate = self._stopped(connection, rate, USED_UP)
            save_rate(connection, self._portal_id, rate)

    def give_back(self, connection: Connection) -> None:
        """Write down, in the caller's transaction, what became of all permits; those that are left are not needed."""
        self._put_back()
        ended = self._news()
        if ended:
            rate = self._settled(connection, load_rate(connection, self._portal_id), ended)
            save_rate(connection, self._portal_id, rate)
            self._forget(ended)

    def _wait(self, policy: Policy, patience: Patience) -> str:
        """Return the grant of a permit, when there is one."""
        while True:
            with self._asking:
                found = self._drawn(policy) or self._taken(policy)
            if isinstance(found, str):
                return found
            spread = SPREAD_SECONDS if found.is_paused else 0.0
            seconds = found.seconds + random.uniform(0.0, spread)  # noqa: S311 - to come back apart from the others
            if not patience.lasts(seconds):
                raise Throttled(
                    f"HubSpot portal {self._portal_id} takes no request for {found.seconds:.0f} s",
                    retry_after_seconds=found.seconds,
                )
            telemetry.count("rate_limit_wait_seconds_total", seconds, policy=policy.value)
            patience.pause(seconds)

    def _drawn(self, policy: Policy) -> str | _Wait | None:
        """Return a permit that was taken before, or how long to wait where that is known."""
        now, purse = self._now(), self._purses[policy]
        with self._noting:
            if purse.left and now < purse.use_by:
                purse.left -= 1
                return purse.grant_id
        return _Wait(purse.ask_at - now, purse.is_paused) if now < purse.ask_at else None

    def _taken(self, policy: Policy) -> str | _Wait:
        """Take new permits: more than the last time, where those were used up soon."""
        purse = self._purses[policy]
        was_quick = not purse.left and self._now() < purse.use_by
        self._put_back()
        wanted = min(purse.size * 2, MOST_PERMITS) if was_quick else 1
        grant_id, ended = uuid.uuid4().hex[:12], self._news()
        try:
            taken, rate = self._asked(policy, wanted, grant_id, ended)
        except StoreFailed as failed:
            raise NotSent(f"HubSpot portal {self._portal_id}: its limits cannot be looked at ({failed})") from None
        self._forget(ended)
        if rate.stopped_until is not None and rate.stopped_until > self._clock():
            raise DailyLimitReached(
                f"HubSpot portal {self._portal_id}: {rate.stop_reason}; "
                f"nothing is sent before {utc_minute(rate.stopped_until)}"
            )
        now = self._now()
        if not taken.count:
            purse.ask_at, purse.is_paused = now + taken.wait_seconds, taken.is_paused
            return _Wait(taken.wait_seconds, taken.is_paused)
        with self._noting:
            purse.grant_id, purse.left, purse.size = grant_id, taken.count - 1, wanted
            purse.use_by, purse.ask_at = now + USE_WITHIN_SECONDS, 0.0
        return grant_id

    def _asked(self, policy: Policy, wanted: int, grant_id: str, ended: Sequence[Ended]) -> tuple[Taken, PortalRate]:
        with writing(self._engine) as connection:
            rate = self._settled(connection, load_rate(connection, self._portal_id), ended)
            now, limit, window = self._now(), rate.limit(policy), rate.window(policy)
            if rate.stopped_until is not None and rate.stopped_until.timestamp() > now:
                taken = Taken(window)
            else:
                taken = take(
                    window,
                    wanted,
                    most=ours(window, limit, self._percent, now),
                    grant_id=grant_id,
                    now=now,
                    counts_until=now + USE_WITHIN_SECONDS + LONGEST_REQUEST_SECONDS + limit.seconds,
                )
            rate = replace(rate, windows={**rate.windows, policy: taken.window})
            save_rate(connection, self._portal_id, rate)
        return taken, rate

    def _settled(self, connection: Connection, rate: PortalRate, ended: Sequence[Ended]) -> PortalRate:
        """Apply what the answers since the last time said, and what they used."""
        said: dict[str, int] = {}
        for one in ended:
            said |= one.said
        if said.get("burst_limit"):
            seconds = said.get("burst_milliseconds", 0) / 1000.0 or rate.burst.seconds
            rate = replace(rate, burst=Limit(said["burst_limit"], seconds))
        of = {policy: [one for one in ended if one.policy is policy] for policy in Policy}
        windows = {policy: settle(rate.window(policy), some, rate.limit(policy)) for policy, some in of.items()}
        rate = replace(rate, windows=windows)
        if {"daily_limit", "daily_remaining"} <= said.keys():
            kept_free = said["daily_limit"] - shared(said["daily_limit"], self._percent)
            if said["daily_remaining"] <= kept_free:
                return self._stopped(connection, rate, LEFT_TO_OTHERS if kept_free else USED_UP)
        return rate

    def _stopped(self, connection: Connection, rate: PortalRate, reason: str) -> PortalRate:
        """Stop until the portal's day is over."""
        until = next_midnight(self._clock(), time_zone_of(connection, self._portal_id))
        return replace(rate, stopped_until=until, stop_reason=reason)

    def _put_back(self) -> None:
        """Count permits that were taken as not needed."""
        with self._noting:
            for policy, purse in self._purses.items():
                self._ended += [Ended(policy, purse.grant_id, None)] * purse.left
                purse.left = 0

    def _news(self) -> list[Ended]:
        with self._noting:
            return list(self._ended)

    def _forget(self, written: Sequence[Ended]) -> None:
        """Forget what has been written down; threads have added to the end since."""
        with self._noting:
            del self._ended[: len(written)]

    def _now(self) -> float:
        return self._clock().timestamp()


class RateGates:
    """The gates of all portals, for one process. ``percent``: our part of HubSpot's limits."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], percent: float) -> None:
        self._engine = engine
        self._clock = clock
        self._percent = percent
        self._gates: dict[str, PortalGate] = {}
        self._lock = threading.Lock()

    def of(self, portal_id: str) -> PortalGate:
        """Return the gate of a portal."""
        with self._lock:
            if portal_id not in self._gates:
                self._gates[portal_id] = PortalGate(self._engine, self._clock, self._percent, portal_id)
            return self._gates[portal_id]


def next_midnight(at: datetime, zone: str | None) -> datetime:
    """Return when the day ends in a time zone, UTC where it is not known (HubSpot docs: the portal's midnight)."""
    try:
        local = at.astimezone(ZoneInfo(zone or "UTC"))
    except (ValueError, ZoneInfoNotFoundError):
        local = at.astimezone(UTC)
    tomorrow = local.date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), local.tzinfo).astimezone(UTC)


def _policy(*, is_search: bool) -> Policy:
    return Policy.SEARCH if is_search else Policy.BURST
