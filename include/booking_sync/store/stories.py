"""Everything that is recorded of one booking, each kind with one query over an index, the newest rows of many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, Table, cast, select

from booking_sync.store.erasure import PortalContact
from booking_sync.store.ignored import Ignored, load_ignored
from booking_sync.store.intervention_tables import intervention
from booking_sync.store.notice_tables import notice
from booking_sync.store.read_tables import kept_booking
from booking_sync.store.statements import chunks
from booking_sync.store.tables import IS_OPEN, audit, change, drift, mapping, mapping_history, run

MOST_ROWS = 200
"""Of one kind, of one booking: more is nothing that a person reads."""


Stored = Mapping[str, Any]
"""A row."""


@dataclass(frozen=True, slots=True)
class RunName:
    """A run as it is named to people."""

    id: str
    dag_id: str
    dag_run_id: str
    run_type: str
    requested_by: str
    is_dry_run: bool


@dataclass(frozen=True, slots=True)
class StoredStory:
    """The rows of one booking, oldest first, and the runs that they name."""

    mapping: Stored | None
    changes: Sequence[Stored]
    writes: Sequence[Stored]
    history: Sequence[Stored]
    kept: Sequence[Stored]
    drifts: Sequence[Stored]
    notices: Sequence[Stored]
    interventions: Sequence[Stored]
    ignored: Ignored | None
    runs: Mapping[str, RunName]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is recorded."""
        return self.mapping is None and not any((self.changes, self.writes, self.history, self.kept, self.drifts))


def load_story(connection: Connection, integration_id: str, booking_id: str) -> StoredStory:
    """Read everything of a booking."""

    def rows(table: Table, newest: str, *but: str) -> list[Stored]:
        columns = [column for column in table.c if column.name not in but]
        mine = (table.c.integration_id == integration_id, table.c.booking_id == booking_id)
        statement = select(*columns).where(*mine).order_by(table.c[newest].desc()).limit(MOST_ROWS)
        return [dict(row) for row in reversed(connection.execute(statement).mappings().all())]

    changes, writes, drifts = rows(change, "planned_at", "payload"), rows(audit, "id", "email_hash"), rows(drift, "id")
    kept = rows(kept_booking, "id")
    mine = (mapping.c.integration_id == integration_id, mapping.c.booking_id == booking_id)
    run_ids = {row["run_id"] for some in (changes, writes, drifts, kept) for row in some}
    run_ids |= {row["worker_run_id"] for row in changes}
    mapped = connection.execute(select(mapping).where(*mine)).mappings().first()
    return StoredStory(
        mapping=dict(mapped) if mapped else None,
        changes=changes,
        writes=writes,
        history=rows(mapping_history, "id"),
        kept=kept,
        drifts=drifts,
        notices=rows(notice, "noted_at", "payload", "email_hash"),
        interventions=rows(intervention, "id"),
        ignored=load_ignored(connection, integration_id, booking_id),
        runs=run_names(connection, run_ids),
    )


def run_names(connection: Connection, run_ids: Iterable[str]) -> dict[str, RunName]:
    """Return runs by id; those that are forgotten by now are absent."""
    columns = [run.c[name] for name in RunName.__dataclass_fields__]
    found: dict[str, RunName] = {}
    for some in chunks(sorted(run_ids)):
        rows = connection.execute(select(*columns).where(run.c.id.in_(some))).mappings()
        found.update({row["id"]: RunName(**row) for row in rows})
    return found


def bookings_named(connection: Connection, integration_ids: Sequence[str], booking_id: str) -> set[tuple[str, str]]:
    """Return integration and booking id wherever anything is recorded of a booking of that id."""
    return {
        pair
        for table in (mapping, change, kept_booking, audit)
        for pair in _pairs(connection, table, integration_ids, table.c.booking_id == booking_id)
    }


def bookings_of_activity(
    connection: Connection, integration_ids: Sequence[str], activity_id: str
) -> set[tuple[str, str]]:
    """Return integration and booking id of an activity, also of one that was archived."""
    return {
        pair
        for table in (mapping, mapping_history)
        for pair in _pairs(connection, table, integration_ids, table.c.activity_id == activity_id)
    }


def bookings_of_hash(connection: Connection, integration_ids: Sequence[str], hashed: str) -> set[tuple[str, str]]:
    """Return the bookings with which the contact of an address was to be made, by the address's keyed hash."""
    return set(_pairs(connection, audit, integration_ids, audit.c.email_hash == hashed))


def bookings_of_contacts(connection: Connection, contacts: Sequence[PortalContact], most: int) -> set[tuple[str, str]]:
    """Return the bookings whose activity is associated with contacts, the latest meetings first."""
    found: set[tuple[str, str]] = set()
    for contact in contacts:
        of_portal = mapping.c.integration_id.like(f"%@{contact.portal_id}")
        names_it = cast(mapping.c.contact_ids, String).like(f'%"{contact.contact_id}"%')
        statement = select(mapping.c.integration_id, mapping.c.booking_id).where(of_portal, names_it)
        rows = connection.execute(statement.order_by(mapping.c.start_at.desc()).limit(most))
        found.update((row.integration_id, row.booking_id) for row in rows)
    return found


def newest_payloads(connection: Connection, most: int) -> list[tuple[tuple[str, str], bytes]]:
    """Return the encrypted bookings of the newest open changes, with integration and booking id."""
    statement = select(change.c.integration_id, change.c.booking_id, change.c.payload)
    waiting = statement.where(IS_OPEN, change.c.payload.is_not(None)).order_by(change.c.planned_at.desc()).limit(most)
    return [((row.integration_id, row.booking_id), row.payload) for row in connection.execute(waiting)]


def _pairs(
    connection: Connection,
    table: Table,
    integration_ids: Sequence[str],
    condition: Any,  # noqa: ANN401 - a condition of SQL
) -> Iterable[tuple[str, str]]:
    for some in chunks(integration_ids):
        statement = select(table.c.integration_id, table.c.booking_id).distinct()
        found = connection.execute(
            statement.where(table.c.integration_id.in_(some), condition, table.c.booking_id.is_not(None)).limit(
                MOST_ROWS
            )
        ).all()
        yield from ((row.integration_id, row.booking_id) for row in found)
