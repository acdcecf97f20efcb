"""The lease on an integration: one worker at a time, with a fence for the one that slept through its end.

HubSpot cannot check a fence, so a lease alone does not stop a late request; it stops a late worker from *recording*,
and the unknown outcome it leaves is read back later. A lease may be taken over when it has run out, or at once when
its worker ran on this very host and its process is gone.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Engine, RowMapping, bindparam, select, update

from booking_sync import telemetry
from booking_sync.errors import Fenced, LeaseHeld
from booking_sync.store.clock import database_now
from booking_sync.store.database import writing
from booking_sync.store.statements import insert_or_update
from booking_sync.store.tables import lease

START_TOLERANCE_SECONDS = 3_600.0
"""How far the start of a process may seem to move when the machine's clock is set. To take a dead worker for a live one
only costs waiting for the end of its lease; the other way round would be dangerous."""

FENCES_SKIPPED = 1_000_000
"""More acquisitions of one integration than there can be between a backup and its restore."""

_of_integration = lease.c.integration_id == bindparam("of_integration")
_is_ours = _of_integration & (lease.c.fence == bindparam("our_fence"))
_CHANGING = ("fence", "holder", "host", "process_id", "process_started_at", "expires_at")
_LOCK = select(lease).where(_of_integration).with_for_update()
_TAKE = update(lease).where(_of_integration).values({name: bindparam(f"new_{name}") for name in _CHANGING})
_PROLONG = update(lease).where(_is_ours, lease.c.holder.is_not(None)).values(expires_at=bindparam("until"))
_RELEASE = update(lease).where(_is_ours).values(holder=None)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one integration. ``fence`` grows with every acquisition."""

    integration_id: str
    fence: int
    seconds: float

    def check(self, connection: Connection) -> None:
        """Prolong the lease inside the caller's transaction.

        Raises:
            Fenced: another worker has taken over; nothing of the transaction may be kept.
        """
        until = database_now(connection) + timedelta(seconds=self.seconds)
        if connection.execute(_PROLONG, {**self._ours, "until": until}).rowcount != 1:
            telemetry.count("fenced_commits_total")
            raise Fenced(f"another worker has taken over integration {self.integration_id}; this one stops")

    def release(self, connection: Connection) -> None:
        """Give the lease back inside the caller's transaction; nothing happens where another worker has taken over."""
        connection.execute(_RELEASE, self._ours)

    @property
    def _ours(self) -> dict[str, object]:
        return {"of_integration": self.integration_id, "our_fence": self.fence}


@contextmanager
def hold_lease(
    engine: Engine,
    integration_id: str,
    *,
    holder: str,
    seconds: float,
    at_the_end: Callable[[Connection], None] | None = None,
) -> Iterator[Lease]:
    """Hold the integration for the length of the block; what is done ``at_the_end`` shares the releasing transaction.

    Raises:
        LeaseHeld: somebody else holds it.
    """
    held = _acquire(engine, integration_id, holder=holder, seconds=seconds)
    try:
        yield held
    finally:
        with writing(engine) as connection:
            if at_the_end is not None:
                at_the_end(connection)
            held.release(connection)


def present_holders(connection: Connection) -> list[str]:
    """Say who works on what at the moment; nobody, where all is quiet."""
    now = database_now(connection)
    rows = connection.execute(select(lease).where(lease.c.holder.is_not(None))).mappings()
    return [
        f"{row['holder']} works on {row['integration_id']}"
        for row in rows
        if row["expires_at"] > now and not _is_gone(row)
    ]


def release_restored(connection: Connection) -> None:
    """Release every lease of a database that was restored: nobody who is named there is at work.

    Fences go on far beyond those that were given out since the backup, so that a worker who has slept through all this
    cannot pass for one of today.
    """
    connection.execute(update(lease).values(holder=None, fence=lease.c.fence + FENCES_SKIPPED))


def _acquire(engine: Engine, integration_id: str, *, holder: str, seconds: float) -> Lease:
    with writing(engine) as connection:
        now = database_now(connection)
        row = _locked_row(connection, integration_id, now)
        if row["holder"] is not None and row["expires_at"] > now and not _is_gone(row):
            seconds_left = (row["expires_at"] - now).total_seconds()
            raise LeaseHeld(
                f"integration {integration_id} is being worked on by {row['holder']}; "
                f"its lease ends in {seconds_left:.0f} s",
                holder=row["holder"],
                seconds_left=seconds_left,
            )
        if row["holder"] is not None:
            telemetry.count("lease_takeovers_total")
        taken = Lease(integration_id, row["fence"] + 1, seconds)
        values = {"fence": taken.fence, "holder": holder, "expires_at": now + timedelta(seconds=seconds)}
        new = {f"new_{name}": value for name, value in {**values, **_this_process()}.items()}
        connection.execute(_TAKE, {"of_integration": integration_id, **new})
    return taken


def _locked_row(connection: Connection, integration_id: str, now: datetime) -> RowMapping:
    """Return the integration's row, which nobody else then changes; made where there is none yet."""
    of_integration = {"of_integration": integration_id}
    row = connection.execute(_LOCK, of_integration).mappings().first()
    if row is not None:
        return row
    first = {"integration_id": integration_id, "fence": 0, "holder": None, "expires_at": now}
    connection.execute(insert_or_update(connection, lease).values(first).on_conflict_do_nothing())
    return connection.execute(_LOCK, of_integration).mappings().one()


def _this_process() -> dict[str, Any]:
    return {
        "host": _this_host(),
        "process_id": os.getpid(),
        "process_started_at": psutil.Process().create_time(),
    }


def _this_host() -> str:
    """Name what a process id means something in: containers may share a host name, but not their processes."""
    try:
        processes = Path("/proc/self/ns/pid").readlink()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # not Linux
        return socket.gethostname()
    return f"{socket.gethostname()} {boot} {processes}"


def _is_gone(row: RowMapping) -> bool:
    """Say whether the holder ran on this host and its process has ended; process ids are used again, hence the time."""
    if row["host"] != _this_host() or row["process_id"] is None:
        return False
    try:
        process = psutil.Process(row["process_id"])
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        return bool(abs(process.create_time() - row["process_started_at"]) > START_TOLERANCE_SECONDS)
    except psutil.NoSuchProcess:
        return True
