"""The settings of an installation, read once from the environment and validated.

Every name has the prefix ``BOOKING_SYNC_``. Durations are in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from booking_sync.errors import ConfigurationError
from booking_sync.guard import DEFAULT_LIMITS, GuardLimits

PREFIX = "BOOKING_SYNC_"

SHORTEST_LEASE_SECONDS = 170.0
"""No call to HubSpot may take so long, with all its repetitions: nobody must still be sending when the lease ends."""

SHORTEST_RETENTION_DAYS = 90.0
"""HubSpot docs: what was archived can be restored for 90 days, and then our history has to say that we archived it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set for the whole installation; the defaults are safe for production."""

    hubspot_api_version: str = "2026-09"
    """HubSpot's dated API version, the segment in its paths."""
    quiet_seconds: float = 900.0
    """How long an unknown outcome rests before it is read back and, if nothing is found, sent again.

    Longer than a request that HubSpot seemed to lose can still take to land; 15 minutes until it has been measured.
    """
    overlap_seconds: float = 900.0
    """How far a scheduled window reaches back, for bookings that become visible after their ``updated_at``."""
    first_lookback_seconds: float = 86_400.0
    """How far the very first manual run without a window looks back, when nothing has ever been recorded."""
    lease_seconds: float = 180.0
    """How long a worker holds an integration without a sign of life. Longer than any single request may take."""
    portal_turn_seconds: float = 600.0
    """How long one portal may apply in one task while other portals wait for the end of the same run."""
    rate_share_percent: float = 90.0
    """How much of HubSpot's limits all runs together use at most; the rest is left to people's other programs."""
    requests_in_flight: int = 6
    """How many batches one worker has under way in one portal at once; 1: one after another, without threads.

    Six are enough for 19 requests a second that take a quarter of a second each.
    """
    search_lag_seconds: float = 60.0
    """How long HubSpot's search index may hide a new object; search is only used after that."""
    guard_archives_percent: float = DEFAULT_LIMITS.archives_percent
    """Part of the live activities that one plan may archive without a new one, before a person has to approve it."""
    guard_archives_most: float = DEFAULT_LIMITS.archives_most
    """How many activities one plan may archive without a new one in any case."""
    guard_recreates_percent: float = DEFAULT_LIMITS.recreates_percent
    """Part of the live activities that one plan may make anew."""
    guard_cancels_percent: float = DEFAULT_LIMITS.cancels_percent
    """Part of the live activities that one plan may cancel."""
    guard_least_existing: float = DEFAULT_LIMITS.least_existing
    """With fewer live activities than that, no proportion says anything."""
    guard_source_percent: float = DEFAULT_LIMITS.source_percent
    """Part of what a like window returned before that Calendar.com has to return at least."""
    approval_seconds: float = 604_800.0
    """How long the question whether a refused plan may be carried out waits for an answer, before that is no."""
    freshness_seconds: float = 3600.0
    """How old what was passed on last may be, and how long ago a sync may have ended, before operators are alerted."""
    allowed_hosts: tuple[str, ...] = ()
    """Hosts that keys may be sent to besides those of Calendar.com and HubSpot."""
    alert_callbacks: tuple[str, ...] = ()
    """Import paths of functions that tell operators in other ways."""
    retention_days: float = 400.0
    """How long history, audit rows, changes that are over and runs are kept."""
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys for what is encrypted at rest, newest first; the others only decrypt."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; unknown names with our prefix are left to others, wrong values are refused by name."""
        defaults = cls()
        return cls(
            hubspot_api_version=environment.get(f"{PREFIX}HUBSPOT_API_VERSION", "") or defaults.hubspot_api_version,
            quiet_seconds=_seconds(environment, "QUIET_SECONDS", defaults.quiet_seconds),
            overlap_seconds=_seconds(environment, "OVERLAP_SECONDS", defaults.overlap_seconds),
            first_lookback_seconds=_seconds(environment, "FIRST_LOOKBACK_SECONDS", defaults.first_lookback_seconds),
            lease_seconds=_seconds(environment, "LEASE_SECONDS", defaults.lease_seconds, least=SHORTEST_LEASE_SECONDS),
            portal_turn_seconds=_seconds(environment, "PORTAL_TURN_SECONDS", defaults.portal_turn_seconds, least=1.0),
            rate_share_percent=_number(environment, "RATE_SHARE_PERCENT", defaults.rate_share_percent, least=1.0),
            requests_in_flight=int(_number(environment, "REQUESTS_IN_FLIGHT", defaults.requests_in_flight, least=1.0)),
            search_lag_seconds=_seconds(environment, "SEARCH_LAG_SECONDS", defaults.search_lag_seconds),
            guard_archives_percent=_number(environment, "GUARD_ARCHIVES_PERCENT", defaults.guard_archives_percent),
            guard_archives_most=_number(environment, "GUARD_ARCHIVES_MOST", defaults.guard_archives_most),
            guard_recreates_percent=_number(environment, "GUARD_RECREATES_PERCENT", defaults.guard_recreates_percent),
            guard_cancels_percent=_number(environment, "GUARD_CANCELS_PERCENT", defaults.guard_cancels_percent),
            guard_least_existing=_number(environment, "GUARD_LEAST_EXISTING", defaults.guard_least_existing),
            guard_source_percent=_number(environment, "GUARD_SOURCE_PERCENT", defaults.guard_source_percent),
            approval_seconds=_seconds(environment, "APPROVAL_SECONDS", defaults.approval_seconds, least=1.0),
            freshness_seconds=_seconds(environment, "FRESHNESS_SECONDS", defaults.freshness_seconds, least=60.0),
            allowed_hosts=_several(environment, "ALLOWED_HOSTS"),
            alert_callbacks=_several(environment, "ALERT_CALLBACKS"),
            retention_days=_number(
                environment, "RETENTION_DAYS", defaults.retention_days, least=SHORTEST_RETENTION_DAYS
            ),
            secret_keys=_several(environment, "SECRET_KEY") or _in_file(environment, "SECRET_KEY_FILE"),
        )

    @property
    def guard_limits(self) -> GuardLimits:
        """From where on a plan needs an approval."""
        return GuardLimits(
            archives_percent=self.guard_archives_percent,
            archives_most=self.guard_archives_most,
            recreates_percent=self.guard_recreates_percent,
            cancels_percent=self.guard_cancels_percent,
            least_existing=self.guard_least_existing,
            source_percent=self.guard_source_percent,
        )


def _several(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return _separated(environment.get(PREFIX + name, ""))


def _in_file(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Read what must not stand in the environment itself, where every child process and crash report would have it."""
    path = environment.get(PREFIX + name, "").strip()
    if not path:
        return ()
    try:
        return _separated(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{PREFIX}{name} names a file that cannot be read: {type(error).__name__}.") from None


def _separated(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _seconds(environment: Mapping[str, str], name: str, default: float, *, least: float = 0.0) -> float:
    return _number(environment, name, default, least=least, what="number of seconds")


def _number(
    environment: Mapping[str, str], name: str, default: float, *, least: float = 0.0, what: str = "number"
) -> float:
    text = environment.get(PREFIX + name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value < float("inf"):
        raise ConfigurationError(f"{PREFIX}{name} must be a {what}, {least:g} or more; it is {text!r}.")
    return value
