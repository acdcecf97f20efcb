"""New bookings passed on by one run in a process of its own, to a sandbox in another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.apart import Cost, in_fresh_process, metered
from benchmarks.scene import reconciled, services_on
from benchmarks.served import Served, activity_count, book, booking_count, forget_bodies, served
from booking_sync.collecting import collect_rarely
from booking_sync.service_clients import Addresses


@dataclass(frozen=True, slots=True)
class Stage:
    """A sandbox, and a mapping database that knows its portal: the first run of all has been."""

    sandbox: Served
    database: Path

    @property
    def database_url(self) -> str:
        """Where the mapping database is: SQLite, which is in our process, so that all of its work counts."""
        return f"sqlite:///{self.database}"

    def pass_on(self, *, requests_in_flight: int | None = None) -> Cost:
        """Let a run pass on what is new, in a fresh process, and return what it cost there.

        ``requests_in_flight`` 1 sends one batch after another, so that their order is the same each time.

        Raises:
            RuntimeError: not every booking has its activity after it.
        """
        cost = in_fresh_process(run_once, self.sandbox.addresses, self.database_url, requests_in_flight)
        bookings, activities = self.sandbox.ask(booking_count), self.sandbox.ask(activity_count)
        if bookings != activities:
            raise RuntimeError(f"{bookings} bookings have {activities} activities")
        return cost


@contextmanager
def stage(*, keeps_bodies: bool = True) -> Iterator[Stage]:
    """Set the stage; ``keeps_bodies`` lets the sandbox remember what was sent to it."""
    with served() as sandbox, TemporaryDirectory() as folder:
        if not keeps_bodies:
            sandbox.ask(forget_bodies)
        ready = Stage(sandbox, Path(folder) / "mapping.db")
        sandbox.ask(book, 1)
        reconciled(services_on(sandbox.addresses, ready.database_url))  # makes the properties, once in a portal's life
        yield ready


def run_once(addresses: Addresses, database_url: str, requests_in_flight: int | None = None) -> Cost:
    """Let one run pass on what has changed, and measure it; opening the database and imports are not counted."""
    import pandas as pd  # noqa: F401, PLC0415 - a run imports it when it first compares, once in a process's life

    collect_rarely()  # as every task does
    services = services_on(addresses, database_url)
    if requests_in_flight is not None:
        services = replace(services, settings=replace(services.settings, requests_in_flight=requests_in_flight))
    with metered() as cost:
        reconciled(services)
    return cost
