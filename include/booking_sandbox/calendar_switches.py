"""The ways in which the Calendar.com sandbox can be told to misbehave."""

from __future__ import annotations

from dataclasses import dataclass, field

from booking_sandbox.faults import Fault, FaultKind, FaultPlan, Rewrite
from booking_sandbox.wire import Json


@dataclass(slots=True)
class CalendarSwitches:
    """Everything is off at first. Counters go down by one each time they strike."""

    faults: FaultPlan = field(default_factory=FaultPlan)
    requests_per_minute: int | None = None
    """Real limit per key; the headers name 600 where it is off."""
    latency_seconds: float = 0.0
    expire_cursors: int = 0
    """So many of the next requests with a cursor are answered 410 ``cursor_expired``."""
    repeat_cursor: bool = False
    """Every page names the cursor that it was asked with: a reader that trusts it never ends."""
    empty_pages: int = 0
    """So many of the next pages are empty but name a next page; nothing is skipped."""
    duplicate_across_pages: bool = False
    """Every page after the first starts with the last booking of the page before."""
    late_visibility_seconds: float = 0.0
    """A change shows only so long after its ``updated_at``; until then the version before it shows."""
    change_while_paging: int = 0
    """So many times, a booking of a page that has a next page is changed as soon as that page was read."""

    def rate_limit(self, retry_after_seconds: float = 1, **where: Json) -> Fault:
        """429 with Retry-After; ``where`` takes ``path``, ``nth`` and ``count``."""
        return self.faults.add(FaultKind.RATE_LIMITED, seconds=retry_after_seconds, **where)

    def fail(self, status: int = 503, **where: Json) -> Fault:
        """A 5xx answer for the next request, or for those that ``where`` names."""
        return self.faults.add(FaultKind.FAIL_BEFORE, status=status, **where)

    def invalid_json(self, **where: Json) -> Fault:
        """A 200 whose JSON stops in the middle."""
        return self.faults.add(FaultKind.INVALID_JSON, **where)

    def answer(self, status: int, body: str | bytes = "", **where: Json) -> Fault:
        """Exactly this answer, with ``headers`` where given."""
        return self.faults.add(FaultKind.ANSWER, status=status, body=body, **where)

    def rewrite(self, rewrite: Rewrite, **where: Json) -> Fault:
        """A 200 whose JSON is changed."""
        return self.faults.add(FaultKind.REWRITE, rewrite=rewrite, **where)
