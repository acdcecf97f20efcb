"""The ways in which the HubSpot sandbox can be told to misbehave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from booking_sandbox.faults import ENDLESS, Fault, FaultKind, FaultPlan, Rewrite
from booking_sandbox.wire import Json

UniqueProperties = Literal["allowed", "refused", "ignored"]
Pkce = Literal["supported", "ignored", "required"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The rate limits of one portal; None switches one off."""

    requests_per_window: int | None
    window_seconds: float
    searches_per_second: int | None
    requests_per_day: int | None


@dataclass(slots=True)
class HubSpotSwitches:
    """The limits and faults are off at first; what HubSpot always does (shuffled results) is on."""

    faults: FaultPlan = field(default_factory=FaultPlan)
    shuffle: bool = True
    trace_ids_in_results: bool = True
    """Off: results do not echo ``objectWriteTraceId``, as in some recordings; errors of a 207 always do."""
    unique_properties_on_meetings: UniqueProperties = "allowed"
    """"refused": creating one is a 400; "ignored": it is created and reads back ``hasUniqueValue: false``."""
    update_by_unique_property: bool = True
    """Off: an update by ``idProperty`` is refused whole, as for a property that is not unique."""
    search_lag_seconds: float = 0.0
    """Searches do not see what was written so recently; they see the values from before."""
    search_flapping: bool = False
    """Within the lag, a record is sometimes seen and sometimes not."""
    requests_per_window: int | None = None
    """Rolling limit of a portal for its service key, and for each app; searches excluded."""
    window_seconds: float = 10.0
    searches_per_second: int | None = None
    requests_per_day: int | None = None
    """Daily limit of a portal for its service key. Apps have none; their answers do not name one."""
    portal_limits: dict[int, dict[str, float | None]] = field(default_factory=dict)
    """Portal id → other values for the four limits above, there only. They can be changed at any moment."""
    required_properties: dict[str, list[str]] = field(default_factory=dict)
    """Object type → properties that an administrator demands of every new record (API 2026-09 and later)."""
    missing_scopes: set[str] = field(default_factory=set)
    refuse_emails: set[str] = field(default_factory=set)
    """Addresses (lower case) that are refused with INVALID_EMAIL."""
    blocked_emails: set[str] = field(default_factory=set)
    """Addresses (lower case) on the blocklist; a GDPR delete of an unknown address adds to the portal's own."""
    latency_seconds: float = 0.0
    pkce: Pkce = "supported"
    """"supported": a challenge that was sent is checked; "ignored": it is not; "required": no consent without one."""
    rotate_refresh_tokens: bool = False
    """On: every refresh gives a new refresh token, and the old one is dead. HubSpot documents neither."""
    access_token_seconds: float = 1_800.0
    code_seconds: float = 60.0
    """How long an authorization code can be exchanged."""
    unavailable_scopes: set[str] = field(default_factory=set)
    """Scopes that no portal can grant: asked for as required there is no consent, as optional they are left out."""

    def limits_of(self, portal_id: int) -> Limits:
        """The limits of one portal at this moment."""
        general: dict[str, Json] = {name: getattr(self, name) for name in Limits.__slots__}
        return Limits(**{**general, **self.portal_limits.get(portal_id, {})})

    def fail_before(self, status: int = 503, **where: Json) -> Fault:
        """A 5xx (or 423, 477) without any effect. ``where`` takes path, method, nth, count, writes_only."""
        return self.faults.add(FaultKind.FAIL_BEFORE, status=status, **where)

    def commit_then_status(self, status: int = 502, **where: Json) -> Fault:
        """The next write is done, then answered with 502 or 504."""
        return self.faults.add(FaultKind.COMMIT_THEN_STATUS, status=status, **{"writes_only": True, **where})

    def commit_then_hang(self, **where: Json) -> Fault:
        """The next write is done, then the connection is cut."""
        return self.faults.add(FaultKind.COMMIT_THEN_HANG, **{"writes_only": True, **where})

    def drop_before(self, **where: Json) -> Fault:
        """The connection of the next request is cut before anything is done."""
        return self.faults.add(FaultKind.DROP_BEFORE, **where)

    def late_landing(self, seconds: float, **where: Json) -> Fault:
        """The next write is answered 504 and done when the clock has moved on by ``seconds``."""
        return self.faults.add(FaultKind.LATE_LANDING, seconds=seconds, **{"writes_only": True, **where})

    def drop_then_land(self, seconds: float, **where: Json) -> Fault:
        """The connection of the next write is cut; it is done when the clock has moved on by ``seconds``."""
        return self.faults.add(FaultKind.DROP_THEN_LAND, seconds=seconds, **{"writes_only": True, **where})

    def rate_limited(self, policy: str = "TEN_SECONDLY_ROLLING", **where: Json) -> Fault:
        """429 with that policy name, without Retry-After."""
        return self.faults.add(FaultKind.RATE_LIMITED, policy=policy, **where)

    def storm(self, share: float = 0.9, lasts_seconds: float = 1_800.0, **where: Json) -> Fault:
        """429 for most requests, for a while."""
        forever: dict[str, Json] = {"share": share, "lasts_seconds": lasts_seconds, "count": ENDLESS}
        return self.rate_limited(**{**forever, **where})

    def locked(self, **where: Json) -> Fault:
        """423 for the next write."""
        return self.faults.add(FaultKind.FAIL_BEFORE, status=423, **{"writes_only": True, **where})

    def html_502(self, **where: Json) -> Fault:
        """A proxy's HTML page instead of JSON; nothing is done."""
        return self.faults.add(FaultKind.HTML, **where)

    def slow(self, seconds: float, **where: Json) -> Fault:
        """The next request is answered late."""
        return self.faults.add(FaultKind.SLOW, seconds=seconds, **where)

    def invalid_json(self, **where: Json) -> Fault:
        """The next request is done, but its JSON stops in the middle."""
        return self.faults.add(FaultKind.INVALID_JSON, **where)

    def answer(self, status: int, body: str | bytes = "", **where: Json) -> Fault:
        """Exactly this answer, with ``headers`` where given; nothing is done."""
        return self.faults.add(FaultKind.ANSWER, status=status, body=body, **where)

    def commit_then_answer(self, status: int, body: str | bytes = "", **where: Json) -> Fault:
        """The next write is done, then answered exactly so."""
        return self.faults.add(FaultKind.COMMIT_THEN_ANSWER, status=status, body=body, **{"writes_only": True, **where})

    def rewrite(self, rewrite: Rewrite, **where: Json) -> Fault:
        """The next request is done, and the JSON of its answer changed."""
        return self.faults.add(FaultKind.REWRITE, rewrite=rewrite, **where)
