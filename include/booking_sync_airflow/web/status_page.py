"""The page ``Booking sync``: what has reached HubSpot, what has not, and why."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Request, Response

from booking_sync.failure_words import REJECTED, WAITING, FailureWords, failure_words
from booking_sync.freshness import TARGET_SECONDS
from booking_sync.guard import PLAN_REFUSED
from booking_sync.report import COLUMNS
from booking_sync.states import ChangeState, KeptKind, RunState
from booking_sync.store.status import OpenItem, PastRun
from booking_sync.sync_status import DAY, SyncStatus, sync_status
from booking_sync_airflow.identity import AUDIT_DAG_ID, SYNC_DAG_ID
from booking_sync_airflow.web import charts
from booking_sync_airflow.web.access import Reader
from booking_sync_airflow.web.backfills import backfills_of_late
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.booking_page import booking_path
from booking_sync_airflow.web.drift_words import DRIFTS
from booking_sync_airflow.web.notices import notices_of
from booking_sync_airflow.web.rendering import page
from booking_sync_airflow.web.schedule import next_run

router = APIRouter()

_STATES = {RunState.RECORDED: ("done", "good"), RunState.FAILED: ("needs attention", "bad")}
_UNDER_WAY = ("under way", "")
_DID = {**dict(charts.OUTCOMES), "kept": "kept for later"}
"""What the columns of a run's balance are called; the others are words already."""


@dataclass(frozen=True, slots=True)
class ItemView:
    """Something unfinished, in words."""

    item: OpenItem
    words: FailureWords

    @property
    def path(self) -> str | None:
        """The page of its booking."""
        return booking_path(self.item.integration_id, self.item.booking_id) if self.item.booking_id else None

    @property
    def is_refused(self) -> bool:
        """Whether it belongs to a plan that a person has to approve, so that trying it again changes nothing."""
        return self.item.error_code == PLAN_REFUSED

    @property
    def tone(self) -> str:
        """How bad it is."""
        return "warn" if self.words.mends_itself else "bad"


@dataclass(frozen=True, slots=True)
class RunView:
    """A run in the list."""

    run: PastRun

    @property
    def state(self) -> tuple[str, str]:
        """Its colour, in a word and a tone."""
        return _STATES.get(RunState(self.run.state), _UNDER_WAY)

    @property
    def figures(self) -> str:
        """What it did, without what is nought; "" where it is not over, or somebody has to look at it."""
        counts = self.run.counts
        did = ", ".join(f"{counts[name]:,} {_DID.get(name, name)}" for name in COLUMNS if counts.get(name))
        return did or ("nothing had changed" if self.run.state == RunState.RECORDED else "")


@dataclass(frozen=True, slots=True)
class Lately:
    """What people want to know first: the last sync, and how many of the last day's runs need a look."""

    last: RunView | None
    runs: int
    in_need: int


@router.get("/status")
def show_status(request: Request, visitor: Reader, services: Backing, session: SessionDep) -> Response:
    """Show the page."""
    status = sync_status(services, AUDIT_DAG_ID)
    return page(
        "status.html",
        visitor,
        status=status,
        lately=_lately(status),
        next_run=next_run(session),
        now=status.now,
        items=_items(status),
        ignored=[
            (workspace, one, booking_path(one.integration_id, one.booking_id)) for workspace, one in status.ignored
        ],
        outcomes=charts.OUTCOMES,
        outcomes_plot=charts.outcomes_plot(status.bins),
        freshness_plot=charts.freshness_plot(status.bins),
        target=TARGET_SECONDS,
        chart=charts,
        drifts=[(DRIFTS.get(kind, (kind, "")), *found) for kind, found in status.drifts.items()],
        budgets=status.budgets,
        runs=[RunView(one) for one in status.runs],
        backfills=backfills_of_late(session, services),
        notices=notices_of(request),
    )


def _lately(status: SyncStatus) -> Lately:
    of_day = [one for one in status.runs if one.opened_at >= status.now - DAY]
    syncs = (one for one in status.runs if one.dag_id == SYNC_DAG_ID and one.closed_at and not one.is_dry_run)
    last = next(syncs, None)
    in_need = sum(one.state == RunState.FAILED for one in of_day)
    return Lately(RunView(last) if last else None, len(of_day), in_need)


def _items(status: SyncStatus) -> list[ItemView]:
    """Return what is unfinished, with what waited longest first, and what waits for approval last."""
    views = [ItemView(item, _words(item)) for item in (*status.items, *status.kept)]
    return sorted(views, key=lambda view: (view.is_refused, view.item.since))


def _words(item: OpenItem) -> FailureWords:
    if item.state == KeptKind.REJECTED:
        return REJECTED
    if item.state == KeptKind.WAITING:
        return WAITING
    if item.state in (ChangeState.SENDING, ChangeState.UNKNOWN):
        return failure_words("outcome_unknown")
    if item.state == ChangeState.PLANNED:
        return failure_words("not_reached")
    return failure_words(item.error_code)
