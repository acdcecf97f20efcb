"""The settings of an installation, read once from the environment and validated.

Every name has the prefix ``BOOKING_SYNC_``. Durations are in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from booking_sync.errors import ConfigurationError

PREFIX = "BOOKING_SYNC_"

SHORTEST_LEASE_SECONDS = 170.0
"""No call to HubSpot may take so long, with all its repetitions: nobody must still be sending when the lease ends."""


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
    search_lag_seconds: float = 60.0
    """How long HubSpot's search index may hide a new object; search is only used after that."""
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
            search_lag_seconds=_seconds(environment, "SEARCH_LAG_SECONDS", defaults.search_lag_seconds),
            secret_keys=tuple(
                key.strip() for key in environment.get(f"{PREFIX}SECRET_KEY", "").split(",") if key.strip()
            ),
        )


def _seconds(environment: Mapping[str, str], name: str, default: float, *, least: float = 0.0) -> float:
    text = environment.get(PREFIX + name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value < float("inf"):
        raise ConfigurationError(f"{PREFIX}{name} must be a number of seconds, {least:g} or more; it is {text!r}.")
    return value
