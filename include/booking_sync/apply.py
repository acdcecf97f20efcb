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

from booking_sync.batch import Batch, Bench
from booking_sync.carry_over import CarryOver
from booking_sync.clients.hubspot_calls import MOST_INPUTS
from booking_sync.contacts import ContactDirectory
from booking_sync.portal import ActivityTypes, OwnerDirectory, provision
from booking_sync.standing import Standing
from booking_sync.states import Operation, Step
from booking_sync.step_archive import archive
from booking_sync.step_create import create
from booking_sync.step_update import associate, write
from booking_sync.store import changes
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
        STEPS[batch[0][0].step](bench, batch)


def _next_batch(work: Work, operations: Collection[Operation]) -> Batch:
    with reading(work.services.engine) as connection:
        batch = changes.next_batch(connection, work.run.id, work.integration.id, operations, MOST_INPUTS)
    return [(stored, work.booking_of(stored)) for stored in batch]


def _set_up(work: Work) -> Bench:
    """Make sure that the portal has our properties; only called when there is something to apply."""
    provision(work)
    owners = OwnerDirectory(work.hubspot)
    contacts, standing = ContactDirectory(work, owners), Standing(work)
    return Bench(work, owners, contacts, standing, ActivityTypes(work.hubspot), CarryOver(work, standing))
