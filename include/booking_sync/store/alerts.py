"""Alerts as recorded: each trouble once, from when it is first seen until it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, or_, select, update

from booking_sync.states import AlertKind
from booking_sync.store.alert_tables import alert
from booking_sync.store.statements import chunks, insert_or_update

CLAIM = timedelta(minutes=10)
"""How long a worker that is about to tell an alert keeps others from telling it too; longer than any mail takes."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that operators should know of. ``subject`` tells it from others of its kind."""

    kind: AlertKind
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Alert:
    """A trouble that nobody has been told of yet."""

    id: int
    kind: AlertKind
    subject: str
    sentence: str


def record_troubles(connection: Connection, troubles: Sequence[Trouble], at: datetime) -> None:
    """Write down what is new, and close what is over."""
    present = {(one.kind.value, one.subject) for one in troubles}
    recorded = connection.execute(select(alert.c.id, alert.c.kind, alert.c.subject).where(alert.c.cleared_at.is_(None)))
    known: set[tuple[str, str]] = set()
    over: list[int] = []
    for id_, kind, subject in recorded:
        known.add((kind, subject))
        if (kind, subject) not in present:
            over.append(id_)
    for some in chunks(over):
        connection.execute(update(alert).where(alert.c.id.in_(some)).values(cleared_at=at))
    new = [one for one in troubles if (one.kind.value, one.subject) not in known]
    rows = [{"kind": one.kind, "subject": one.subject, "sentence": one.sentence, "opened_at": at} for one in new]
    if rows:
        connection.execute(insert_or_update(connection, alert).on_conflict_do_nothing(), rows)


def claim_untold(connection: Connection, at: datetime) -> list[Alert]:
    """Return what nobody has been told of and nobody else is about to tell, the oldest first."""
    is_free = or_(alert.c.claimed_at.is_(None), alert.c.claimed_at < at - CLAIM)
    is_untold = and_(alert.c.cleared_at.is_(None), alert.c.told_at.is_(None), is_free)
    columns = (alert.c.id, alert.c.kind, alert.c.subject, alert.c.sentence)
    rows = connection.execute(update(alert).where(is_untold).values(claimed_at=at).returning(*columns)).mappings()
    return sorted((Alert(**{**row, "kind": AlertKind(row["kind"])}) for row in rows), key=lambda one: one.id)


def note_told(connection: Connection, ids: Sequence[int], at: datetime) -> None:
    """Note that operators have been told."""
    for some in chunks(ids):
        connection.execute(update(alert).where(alert.c.id.in_(some)).values(told_at=at))


def give_up_claim(connection: Connection, ids: Sequence[int]) -> None:
    """Leave alerts that could not be told to the next one who looks."""
    for some in chunks(ids):
        connection.execute(update(alert).where(alert.c.id.in_(some)).values(claimed_at=None))
