"""What a run will do or did, read back from what it wrote down: for the page, the export and the command line."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import Connection

from booking_sync.appearance import Difference
from booking_sync.appearance_record import kept_differences
from booking_sync.plan_text import MOST_ITEMS, plan_lines
from booking_sync.services import Services
from booking_sync.states import ChangeState, KeptKind, Operation, Untouched
from booking_sync.store import integrations, plan_items, refused_plans, runs, untouched
from booking_sync.store.database import reading
from booking_sync.store.integrations import Integration, PortalRecord
from booking_sync.store.plan_items import AlikeItems, Attempt, PlannedItem, WaitingItem, Wanted
from booking_sync.store.refused_plans import RefusedPlan
from booking_sync.store.runs import IntegrationRun
from booking_sync.store.untouched import UntouchedItem

Row = TypeVar("Row")

PAGE_SIZE = 50
CHUNK = 2_000
"""Items that are read at once where all are gone through."""


class PlanGroup(StrEnum):
    """In what groups the items of a run are shown."""

    CREATE = "create"
    RECREATE = "recreate"
    CANCEL = "cancel"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    WAITING = "waiting"
    FOUND = "found"


OPERATIONS: dict[PlanGroup, tuple[Operation, ...]] = {
    PlanGroup.CREATE: (Operation.CREATE,),
    PlanGroup.RECREATE: (Operation.RECREATE,),
    PlanGroup.CANCEL: (Operation.CANCEL,),
    PlanGroup.UPDATE: (Operation.UPDATE, Operation.MARK),
}
_KEPT = {PlanGroup.REJECTED: KeptKind.REJECTED, PlanGroup.WAITING: KeptKind.WAITING}
NOT_LISTED = ("unchanged", "superseded", "excluded", "ignored", "ignored_rejects")
"""Counts of the bookings that a run read and that got no change; the text tells no more of them."""


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A change, and what it changes."""

    item: PlannedItem
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class PlanPart:
    """One integration's part in a run."""

    part: IntegrationRun
    integration: Integration
    portal: PortalRecord
    refused: tuple[RefusedPlan, ...]


@dataclass(frozen=True, slots=True)
class PlanHead:
    """What stands above the items of a run: its parts, and how much of what there is."""

    attempt: Attempt
    others: tuple[Attempt, ...]
    parts: tuple[PlanPart, ...]
    alike: tuple[AlikeItems, ...]
    group_sizes: dict[PlanGroup, int]
    only_counted: dict[Untouched, int]
    """Bookings without a change of which nothing but the number is kept: the run is from before version 0021 of the
    schema, or its list is older than the retention."""


@dataclass(frozen=True, slots=True)
class PlanPage:
    """One page of a group. Has ``items``, ``waiting`` or ``untouched``. ``count`` is how many there are in all."""

    group: PlanGroup
    count: int
    number: int
    items: tuple[ShownItem, ...] = ()
    waiting: tuple[WaitingItem, ...] = ()
    untouched: tuple[UntouchedItem, ...] = ()

    @property
    def pages(self) -> int:
        """How many pages there are; one even where there is nothing."""
        return max(1, -(-self.count // PAGE_SIZE))


def plan_head(services: Services, dag_id: str, dag_run_id: str, *, attempt_id: str = "") -> PlanHead | None:
    """Return what is known of a DAG run's plan; None where it has not opened a run of ours."""
    with reading(services.engine) as connection:
        found = plan_items.attempts(connection, dag_id, dag_run_id)
        chosen = next((one for one in found if one.id == attempt_id), found[0] if found else None)
        if chosen is None:
            return None
        parts = runs.integration_runs(connection, chosen.id)
        known = {one.id: one for one in integrations.all_integrations(connection)}
        portals = integrations.all_portals(connection)
        refused = refused_plans.plans_of_run(connection, chosen.id)
        alike = tuple(plan_items.count_items(connection, chosen.id, Wanted()))
        sizes = {group: sum(a.count for a in alike if a.operation in ops) for group, ops in OPERATIONS.items()}
        listed = untouched.count_by_verdict(connection, chosen.id)  # after the counts, which are written last
        only_counted = _only_counted(parts, listed)
        sizes[PlanGroup.UNCHANGED] = sum(listed.values()) + sum(only_counted.values())
        for group, kind in _KEPT.items():
            sizes[group] = plan_items.count_waiting(connection, chosen.id, kind, Wanted())
        if findings := plan_items.count_findings(connection, chosen.id, Wanted()):
            sizes[PlanGroup.FOUND] = findings
    return PlanHead(
        attempt=chosen,
        others=tuple(one for one in found if one.id != chosen.id),
        parts=tuple(
            PlanPart(
                part,
                known[part.integration_id],
                portals[known[part.integration_id].portal_id],
                tuple(one for one in refused if one.integration_id == part.integration_id),
            )
            for part in parts
        ),
        alike=alike,
        group_sizes=sizes,
        only_counted=only_counted,
    )


def _only_counted(parts: Sequence[IntegrationRun], listed: Mapping[Untouched, int]) -> dict[Untouched, int]:
    """Return how many more bookings got no change than there are rows of, by why."""
    counted = {verdict: sum(part.counts.get(verdict, 0) for part in parts) for verdict in Untouched}
    counted[Untouched.IGNORED] += sum(part.counts.get("ignored_rejects", 0) for part in parts)
    missing = {verdict: count - listed.get(verdict, 0) for verdict, count in counted.items()}
    return {verdict: count for verdict, count in missing.items() if count > 0}


def plan_page(services: Services, run_id: str, group: PlanGroup, wanted: Wanted, number: int) -> PlanPage:
    """Return one page of a group of a run's items; ``number`` begins with 1."""
    start = (number - 1) * PAGE_SIZE
    with reading(services.engine) as connection:
        if group in OPERATIONS:
            asked = Wanted(OPERATIONS[group], wanted.states, wanted.integration_id, wanted.sought)
            count = plan_items.count_wanted(connection, run_id, asked)
            items = plan_items.item_page(connection, run_id, asked, start=start, most=PAGE_SIZE)
            return PlanPage(group, count, number, items=tuple(_shown(services, item) for item in items))
        if group is PlanGroup.UNCHANGED:
            left = untouched.untouched_page(connection, run_id, wanted, start=start, most=PAGE_SIZE)
            return PlanPage(group, untouched.count_untouched(connection, run_id, wanted), number, untouched=tuple(left))
        if group is PlanGroup.FOUND:
            found = plan_items.finding_page(connection, run_id, wanted, start=start, most=PAGE_SIZE)
            return PlanPage(group, plan_items.count_findings(connection, run_id, wanted), number, waiting=tuple(found))
        kind = _KEPT[group]
        kept = plan_items.waiting_page(connection, run_id, kind, wanted, start=start, most=PAGE_SIZE)
        return PlanPage(group, plan_items.count_waiting(connection, run_id, kind, wanted), number, waiting=tuple(kept))


def every_item(services: Services, run_id: str, wanted: Wanted, *, chunk: int = CHUNK) -> Iterator[ShownItem]:
    """Go through all changes of a run that are asked for; memory holds a chunk, and no transaction stays open."""

    def following(connection: Connection, last: PlannedItem | None) -> list[PlannedItem]:
        return plan_items.items_after(connection, run_id, wanted, last, chunk)

    return (_shown(services, item) for item in _one_after_the_other(services, following))


def every_waiting(services: Services, run_id: str, wanted: Wanted) -> Iterator[WaitingItem]:
    """Go through all bookings of a run that got no change although they were to, a chunk at a time."""
    for kind in _KEPT.values():
        for start in itertools.count(0, CHUNK):
            with reading(services.engine) as connection:
                some = plan_items.waiting_page(connection, run_id, kind, wanted, start=start, most=CHUNK)
            if not some:
                break
            yield from some


def every_untouched(services: Services, run_id: str, wanted: Wanted, *, chunk: int = CHUNK) -> Iterator[UntouchedItem]:
    """Go through all bookings that a run has left as they are; they have no state, so none is found by one."""

    def following(connection: Connection, last: UntouchedItem | None) -> list[UntouchedItem]:
        return untouched.untouched_after(connection, run_id, wanted, last, chunk)

    return iter(()) if wanted.states else _one_after_the_other(services, following)


def _one_after_the_other(services: Services, following: Callable[[Connection, Row | None], list[Row]]) -> Iterator[Row]:
    """Yield all rows, a chunk at a time; ``following`` reads those that come after one, or the first."""
    last: Row | None = None
    while True:
        with reading(services.engine) as connection:
            some = following(connection, last)
        if not some:
            return
        yield from some
        last = some[-1]


def text_of_part(services: Services, run_id: str, integration_id: str) -> str:
    """Return the plan of one integration as text, its first items one by one."""
    return "\n".join(lines_of_part(services, run_id, integration_id, most=MOST_ITEMS))


def lines_of_part(services: Services, run_id: str, integration_id: str, *, most: int | None = None) -> Iterator[str]:
    """Yield the plan of one integration as text, the first ``most`` items of it, or all, one by one."""
    wanted = Wanted(integration_id=integration_id)
    with reading(services.engine) as connection:
        part = runs.load_part(connection, run_id, integration_id)
        name = integrations.load_integration(connection, integration_id).workspace_id
        changes = _by_operation(plan_items.count_items(connection, run_id, wanted))
    shown = itertools.islice(every_item(services, run_id, wanted, chunk=min(most or CHUNK, CHUNK)), most)
    others = {column: part.counts.get(column, 0) for column in (*NOT_LISTED, "waiting", "rejected")}
    yield from plan_lines(name, part.plan_checksum, ((one.item, one.differences) for one in shown), changes, others)


def _by_operation(alike: Sequence[AlikeItems]) -> Counter[Operation]:
    counted: Counter[Operation] = Counter()
    for one in alike:
        if one.state is not ChangeState.SUPERSEDED:
            counted[one.operation] += one.count
    return counted


def _shown(services: Services, item: PlannedItem) -> ShownItem:
    return ShownItem(item, kept_differences(services.vault, item))
