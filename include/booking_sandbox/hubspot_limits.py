"""HubSpot's rate limits: a rolling window and a day per portal, and a second for searches."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from booking_sandbox.hubspot_errors import Refusal
from booking_sandbox.hubspot_switches import Limits

DOCUMENTED_REQUESTS_PER_WINDOW = 190
DOCUMENTED_REQUESTS_PER_DAY = 625_000
DOCUMENTED_APP_REQUESTS_PER_WINDOW = 110
"""HubSpot docs, "Usage guidelines": a Professional account. Named in the headers where no limit is switched on."""

_MESSAGES = {
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "SECONDLY": "You have reached your secondly limit.",
    "DAILY": "You have reached your daily limit.",
}


def rate_limited(policy: str, request_id: str) -> Refusal:
    """The 429 envelope; HubSpot documents no Retry-After for it."""
    more = {"errorType": "RATE_LIMIT", "policyName": policy, "requestId": request_id}
    return Refusal(429, None, _MESSAGES.get(policy, f"You have reached your {policy.lower()} limit."), more=more)


@dataclass(slots=True)
class RateGate:
    """Counts the requests of one portal's service key, or of one app there. Refused requests are not counted."""

    time_zone: str
    client_id: str | None = None
    _recent: deque[datetime] = field(default_factory=deque)
    _searches: deque[datetime] = field(default_factory=deque)
    _day: str = ""
    _today: int = 0

    def exceeded(self, limits: Limits, now: datetime, *, is_search: bool) -> str | None:
        """Count a request, or name the policy that forbids it."""
        day = now.astimezone(ZoneInfo(self.time_zone)).date().isoformat()
        if day != self._day:
            self._day, self._today = day, 0
        if self.client_id is None and limits.requests_per_day is not None and self._today >= limits.requests_per_day:
            return "DAILY"
        window, most, seconds = (
            (self._searches, limits.searches_per_second, 1.0)
            if is_search
            else (self._recent, limits.requests_per_window, limits.window_seconds)
        )
        while window and window[0] <= now - timedelta(seconds=seconds):
            window.popleft()
        if most is not None and len(window) >= most:
            return "SECONDLY" if is_search else "TEN_SECONDLY_ROLLING"
        window.append(now)
        self._today += 1
        return None

    def headers(self, limits: Limits) -> dict[str, str]:
        """The headers of every answer but a search's. An app is not told of days."""
        documented = DOCUMENTED_REQUESTS_PER_WINDOW if self.client_id is None else DOCUMENTED_APP_REQUESTS_PER_WINDOW
        most = limits.requests_per_window or documented
        headers = {
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(max(most - len(self._recent), 0)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(limits.window_seconds * 1000)),
        }
        if self.client_id is not None:
            return headers
        per_day = limits.requests_per_day or DOCUMENTED_REQUESTS_PER_DAY
        left = max(per_day - self._today, 0)
        return headers | {
            "X-HubSpot-RateLimit-Daily": str(per_day),
            "X-HubSpot-RateLimit-Daily-Remaining": str(left),
        }
