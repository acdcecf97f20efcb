"""The tab ``Plan`` on a DAG run: what the run will do or did, item by item.

Airflow shows the tab on the runs of every DAG (3.3 cannot limit it), so those of other DAGs are told so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Response, status
from fastapi.responses import StreamingResponse

from booking_sync.plan_view import (
    PAGE_SIZE,
    PlanGroup,
    PlanHead,
    every_item,
    every_untouched,
    every_waiting,
    plan_head,
    plan_page,
)
from booking_sync.services import Services
from booking_sync.states import ChangeState
from booking_sync.store.plan_items import Wanted
from booking_sync_airflow.identity import AUDIT_DAG_ID, RECONCILIATION_DAG_IDS
from booking_sync_airflow.web.access import Reader
from booking_sync_airflow.web.address import pages_path
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.booking_page import booking_path
from booking_sync_airflow.web.plan_csv import csv_lines
from booking_sync_airflow.web.plan_words import (
    GROUP_MEANS,
    GROUP_WORDS,
    STATE_WORDS,
    HeadView,
    ItemWords,
    UntouchedWords,
)
from booking_sync_airflow.web.rendering import page

router = APIRouter()

WITH_PLANS = RECONCILIATION_DAG_IDS | {AUDIT_DAG_ID}
LONGEST_SEARCH = 200
FIRST_PAGE = 1
_CSV = "text/csv; charset=utf-8"


@dataclass(frozen=True)
class Asked:
    """What the address asks for; anything that makes no sense counts as not asked for."""

    dag_id: str
    run_id: str
    attempt: str = ""
    group: str = ""
    state: str = ""
    integration: str = ""
    q: str = ""
    number: int = FIRST_PAGE

    @property
    def wanted(self) -> Wanted:
        """The items that are asked for."""
        states = (ChangeState(self.state),) if self.state in set(ChangeState) else ()
        return Wanted(states=states, integration_id=self.integration, sought=self.q.strip())

    @property
    def is_narrowed(self) -> bool:
        """Whether not all items of the group are asked for."""
        return self.wanted != Wanted()

    def group_in(self, head: PlanHead) -> PlanGroup:
        """Return the group that is asked for, else the first that has something in it; what is unchanged comes last."""
        if self.group in set(PlanGroup):
            return PlanGroup(self.group)
        filled = [group for group, size in head.group_sizes.items() if size]
        return min(filled, key=lambda group: group is PlanGroup.UNCHANGED, default=PlanGroup.CREATE)

    def path(self, page_name: str = "/plan", **other: object) -> str:
        """Return the address with something else asked for; a group, filter or search begins with its first page."""
        mine = {
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "attempt": self.attempt,
            "group": self.group,
            "state": self.state,
            "integration": self.integration,
            "q": self.q,
        }
        asked = {name: value for name, value in (mine | other).items() if value}
        return f"{pages_path()}{page_name}?{urlencode(asked)}"


def asked_for(
    dag_id: Annotated[str, Query()],
    run_id: Annotated[str, Query()],
    attempt: Annotated[str, Query()] = "",
    group: Annotated[str, Query()] = "",
    state: Annotated[str, Query()] = "",
    integration: Annotated[str, Query()] = "",
    q: Annotated[str, Query(max_length=LONGEST_SEARCH)] = "",
    number: Annotated[int, Query(ge=FIRST_PAGE, le=1_000_000)] = FIRST_PAGE,
) -> Asked:
    """Read the address."""
    return Asked(dag_id, run_id, attempt, group, state, integration, q, number)


AskedFor = Annotated[Asked, Depends(asked_for)]


@router.get("/plan")
def show_plan(asked: AskedFor, visitor: Reader, services: Backing) -> Response:
    """Show one page of one group of a run's plan."""
    if asked.dag_id not in WITH_PLANS:
        return page("plan_foreign.html", visitor, dag_id=asked.dag_id, with_plans=sorted(WITH_PLANS))
    head = plan_head(services, asked.dag_id, asked.run_id, attempt_id=asked.attempt)
    if head is None:
        return page("plan_none.html", visitor)
    group = asked.group_in(head)
    parts = {part.integration.id: part for part in head.parts}
    shown = plan_page(services, head.attempt.id, group, asked.wanted, asked.number)
    return page(
        "plan.html",
        visitor,
        asked=asked,
        head=HeadView(head),
        group=group,
        groups=[(one, GROUP_WORDS[one], size) for one, size in head.group_sizes.items()],
        shown=shown,
        items=[
            ItemWords(one, parts[one.item.integration_id], may_see_names=visitor.may_operate) for one in shown.items
        ],
        untouched=[UntouchedWords(one, parts[one.integration_id]) for one in shown.untouched],
        states=list(ChangeState),
        state_words=STATE_WORDS,
        group_means=GROUP_MEANS,
        booking_path=booking_path,
        page_size=PAGE_SIZE,
    )


@router.get("/plan.csv")
def export_plan(asked: AskedFor, visitor: Reader, services: Backing) -> Response:
    """Send all items that are asked for as a table, chunk by chunk; those of every group."""
    head = _head(services, asked)
    lines = csv_lines(
        every_item(services, head.attempt.id, asked.wanted),
        every_untouched(services, head.attempt.id, asked.wanted),
        every_waiting(services, head.attempt.id, asked.wanted),
        head,
        has_names=visitor.may_operate,
    )
    name = "".join(letter if letter.isalnum() else "-" for letter in asked.run_id)[:100]
    return StreamingResponse(
        lines, media_type=_CSV, headers={"content-disposition": f'attachment; filename="plan-{name}.csv"'}
    )


def _head(services: Services, asked: Asked) -> PlanHead:
    head = plan_head(services, asked.dag_id, asked.run_id, attempt_id=asked.attempt)
    if head is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "This run has no plan.")
    return head
