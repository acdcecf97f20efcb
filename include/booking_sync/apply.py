"""Carrying a plan out: each change goes from step to step, and every step is intent, request, record.

==========  ==================================================================
operation   steps
==========  ==================================================================
create      create
recreate    create the new activity, then archive the old one (R4)
update      associate new invitees' contacts where there are any, then write
cancel      write title and outcome (X1)
mark        write the outcome (A8)
==========  ==================================================================

An activity that turns out to exist already is adopted and, where it shows an older state, written; one that was
deleted by a person is created again (D3). So a change of any operation can come to any step.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from booking_sync.address_turns import NotBegun
from booking_sync.batch import Batch, Bench
from booking_sync.carry_over import CarryOver
from booking_sync.clients.hubspot_calls import MOST_INPUTS
from booking_sync.contacts import ContactDirectory
from booking_sync.in_flight import InFlight
from booking_sync.owner_directory import OwnerDirectory, OwnerMemory
from booking_sync.portal import ActivityTypes, provision
from booking_sync.standing import Standing
from booking_sync.states import Operation, Step
from booking_sync.step_archive import archive
from booking_sync.step_create import create
from booking_sync.step_update import associate, write
from booking_sync.store import changes
from booking_sync.store.changes import Place
from booking_sync.store.database import reading
from booking_sync.work import Work

STEPS = {Step.CREATE: create, Step.ASSOCIATE: associate, Step.WRITE: write, Step.ARCHIVE: archive}


def apply_changes(work: Work, operations: Collection[Operation]) -> None:
    """Carry out the run's changes of these operations, in batches, until none is left that can go on.

    Raises:
        IntegrationUnavailable, Throttled, NotSent: HubSpot takes nothing now, or the integration's turn is over; what
            was not sent is kept.
    """
    bench: Bench | None = None
    while batch := _next_batch(work, operations):
        work.check_turn()
        bench = bench or _set_up(work)
        _take_step(bench, operations, batch)


def _take_step(bench: Bench, operations: Collection[Operation], batch: Batch) -> None:
    """Take one step with all changes that wait for it, several batches at once; what is put back comes later again."""
    work = bench.work
    at_once = work.services.settings.requests_in_flight if _may_have_followers(batch) else 1
    with InFlight(at_once) as in_flight:
        while batch:
            if at_once > 1:
                bench.contacts.line_up(batch)
            in_flight.start(partial(_work_on, bench, batch))
            batch = _next_batch(work, operations, after=_place(batch)) if _may_have_followers(batch) else ()
            if batch:
                work.check_turn()


def _work_on(bench: Bench, batch: Batch) -> None:
    has_failed = True
    try:
        STEPS[batch[0][0].step](bench, batch)
        has_failed = False
    except NotBegun:
        pass  # the error that kept it back is raised by the batch that met it
    finally:
        bench.contacts.leave(batch, has_failed=has_failed)


def _may_have_followers(batch: Batch) -> bool:
    return len(batch) == MOST_INPUTS


def _place(batch: Batch) -> Place:
    stored, booking = batch[-1]
    return Place(stored.step, booking.created_at, booking.id)


def _next_batch(work: Work, operations: Collection[Operation], *, after: Place | None = None) -> Batch:
    with reading(work.services.engine) as connection:
        found = changes.next_batch(connection, work.run.id, work.integration.id, operations, MOST_INPUTS, after=after)
    return [(stored, work.booking_of(stored)) for stored in found]


def _set_up(work: Work) -> Bench:
    """Make sure that the portal has our properties; only called when there is something to apply."""
    provision(work)
    owners = OwnerDirectory(work.hubspot, OwnerMemory(work.services, work.integration.portal_id))
    contacts, standing = ContactDirectory(work, owners), Standing(work)
    return Bench(work, owners, contacts, standing, ActivityTypes(work.hubspot), CarryOver(work, standing))
