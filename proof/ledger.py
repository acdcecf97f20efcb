"""Our audit against the sandbox's own history: every write that had an effect has its row, and no row is invented."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Engine, func, select

from booking_sandbox.server import Sandbox
from booking_sync.states import OPEN_STATES, AuditOutcome
from booking_sync.store.change_progress import NOT_FOUND
from booking_sync.store.database import reading
from booking_sync.store.notice_tables import notice
from booking_sync.store.read_tables import staged_booking
from booking_sync.store.tables import audit, change, run

_KINDS = {
    "/associations/": "associate activity",
    "/meetings/batch/create": "create activity",
    "/meetings/batch/update": "write activity",
    "/meetings/batch/archive": "archive activity",
    "/contacts/batch/create": "create contact",
    "/properties/2026-09/": "create property",
}
_OF_ACTION = {"cancel": "write", "mark": "write", "update": "write"}
_CARRIED_OUT = (AuditOutcome.APPLIED, AuditOutcome.ADOPTED)

Deed = tuple[str, str]
"""What was done, and the id of the object that it was done to."""


def audit_mistakes(engine: Engine, sandbox: Sandbox, *, is_exact: bool) -> list[str]:
    """Say where effective writes and audit rows do not belong together one to one (W7).

    A write whose outcome is not known yet has a row that says so, and may or may not have had its effect. So may one
    that was not found after the quiet time: it can land later still. Where ``is_exact``, none is expected to.
    """
    done, recorded = deeds_of_history(sandbox), deeds_of_audit(engine)
    missing = Counter(kind for kind, _ in (done - recorded).elements())
    mistakes = []
    if not missing <= unanswered(engine):
        mistakes.append(f"written without an audit row: {done - recorded}")
    if is_exact and recorded - done:
        mistakes.append(f"audited, but not in HubSpot: {recorded - done}")
    return mistakes


def payloads_left(engine: Engine) -> dict[str, int]:
    """Count what is not wiped, although it is not needed any more."""
    ended = select(run.c.id).where(run.c.closed_at.is_not(None))
    counts = {
        "changes": select(func.count()).where(change.c.state.not_in(OPEN_STATES), change.c.payload.is_not(None)),
        "staged bookings": select(func.count()).where(staged_booking.c.run_id.in_(ended)),
        "notices": select(func.count()).where(notice.c.payload.is_not(None), notice.c.finished_at.is_not(None)),
    }
    with reading(engine) as connection:
        found = {what: connection.execute(statement).scalar_one() for what, statement in counts.items()}
    return {what: count for what, count in found.items() if count}


def deeds_of_history(sandbox: Sandbox) -> Counter[Deed]:
    """Count what was done in HubSpot, by its own history."""
    deeds: Counter[Deed] = Counter()
    for entry in sandbox.hubspot.history.writes():
        kind = next((kind for path, kind in _KINDS.items() if path in entry.path), None)
        if kind is not None:
            deeds.update((kind, object_id) for object_id in set(entry.effected_ids))
    return deeds


def deeds_of_audit(engine: Engine) -> Counter[Deed]:
    """Count what our audit says was done."""
    statement = select(audit.c.action, audit.c.object_type, audit.c.object_id).where(
        audit.c.outcome.in_(_CARRIED_OUT),
        audit.c.object_type != "app",  # an uninstalled app has no record in HubSpot whose change could be seen
    )
    with reading(engine) as connection:
        return Counter(
            (_kind(row.action, row.object_type), str(row.object_id)) for row in connection.execute(statement)
        )


def unanswered(engine: Engine) -> Counter[str]:
    """Count the writes of each kind of which nobody knows whether they had their effect."""
    is_open = (audit.c.outcome == AuditOutcome.SENT) | (audit.c.error_code == NOT_FOUND)
    statement = select(audit.c.action, audit.c.object_type).where(is_open)
    with reading(engine) as connection:
        return Counter(_kind(row.action, row.object_type) for row in connection.execute(statement))


def _kind(action: str, object_type: str) -> str:
    return f"{_OF_ACTION.get(action, action)} {object_type}"
