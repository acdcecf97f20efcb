"""A run's plan in words, for people who know HubSpot and not this project."""

from __future__ import annotations

from dataclasses import dataclass

from booking_sync.appearance import DIGESTS, Difference, ShownField
from booking_sync.guard import PLAN_REFUSED
from booking_sync.plan import SIGNS
from booking_sync.plan_view import PlanGroup, PlanHead, PlanPart, ShownItem
from booking_sync.report import COLUMNS
from booking_sync.states import ChangeState, RunState, Untouched
from booking_sync.store.plan_items import PlannedItem
from booking_sync.store.untouched import UntouchedItem
from booking_sync.story_words import ENDS, warning_sentence, why, why_untouched
from booking_sync_airflow.identity import AUDIT_DAG_ID
from booking_sync_airflow.web.booking_page import booking_path
from booking_sync_airflow.web.links import activity_url

GROUP_WORDS = {
    PlanGroup.CREATE: "Create",
    PlanGroup.RECREATE: "Recreate",
    PlanGroup.CANCEL: "Cancel",
    PlanGroup.UPDATE: "Update",
    PlanGroup.UNCHANGED: "Unchanged",
    PlanGroup.REJECTED: "Rejected",
    PlanGroup.WAITING: "Waiting",
    PlanGroup.FOUND: "Found",
}
GROUP_MEANS = {
    PlanGroup.CREATE: "Bookings without an activity: one is made, with its contacts.",
    PlanGroup.RECREATE: "Rescheduled bookings: a new activity is made, then the old one is archived.",
    PlanGroup.CANCEL: "Cancelled bookings: the activity stays, under the title “[Canceled] …”.",
    PlanGroup.UPDATE: "Other changes, and how meetings went: written to the same activity.",
    PlanGroup.UNCHANGED: "Bookings that were read and got no change, each with the reason.",
    PlanGroup.REJECTED: "Bookings that could not be understood. Nothing is done for them; every run reads them again.",
    PlanGroup.WAITING: "Bookings that have to wait for something else. Every run looks at them again.",
    PlanGroup.FOUND: "Where bookings, our records and HubSpot disagree.",
}
STATE_WORDS = {
    ChangeState.PLANNED: "Planned",
    ChangeState.SENDING: "Being sent",
    ChangeState.UNKNOWN: "No answer yet",
    ChangeState.KEPT: "Kept for later",
    ChangeState.DONE: "Done",
    ChangeState.SUPERSEDED: "Overtaken",
    ChangeState.IGNORED: "Ignored",
    ChangeState.PREVIEWED: "Only shown",
}
UNTOUCHED_WORDS = {
    Untouched.UNCHANGED: "Unchanged",
    Untouched.SUPERSEDED: "Superseded",
    Untouched.EXCLUDED: "Excluded",
    Untouched.IGNORED: "Ignored",
}
_RUN_WORDS = {
    RunState.OPEN: ("Under way", ""),
    RunState.RECORDED: ("Finished", "good"),
    RunState.FAILED: ("Needs attention", "bad"),
}
_HIDDEN = "changes; names are for operators"


@dataclass(frozen=True, slots=True)
class Shown:
    """One field of an item: its name, and what it was and becomes. ``note`` says why there are no values."""

    name: str
    old: str
    new: str
    note: str = ""


class ItemWords:
    """One item as the page shows it."""

    def __init__(self, shown: ShownItem, part: PlanPart, *, may_see_names: bool) -> None:
        self.item: PlannedItem = shown.item
        self.workspace = part.integration.workspace_name
        self.sign = SIGNS[self.item.operation]
        self.booking_path = booking_path(self.item.integration_id, self.item.booking_id)
        self.fields = [_field(one, may_see_names=may_see_names) for one in shown.differences]
        self._portal = part.portal

    @property
    def state(self) -> tuple[str, str]:
        """How far it has come: words and tone."""
        if self.is_refused:
            return "Waits for approval", "warn"
        return STATE_WORDS[self.item.state], ENDS[self.item.state][1]

    @property
    def is_refused(self) -> bool:
        """Whether it waits because its plan is refused."""
        return self.item.state is ChangeState.KEPT and self.item.error_code == PLAN_REFUSED

    @property
    def reason(self) -> str:
        """Why it is done."""
        return why(self.item.operation, self.item.reason)

    @property
    def remarks(self) -> list[str]:
        """What else there is to say: what went wrong, what is missing."""
        error = [self.item.error] if self.item.error else []
        return [*error, *(warning_sentence(one) for one in self.item.warnings)]

    @property
    def activities(self) -> list[tuple[str, str, str | None]]:
        """The records in HubSpot: what each is, its id, where it is shown."""
        item = self.item
        named = [("Activity", item.activity_id), ("Old activity", item.old_activity_id)]
        return [(what, id_, activity_url(self._portal, id_)) for what, id_ in named if id_]


class UntouchedWords:
    """One booking without a change as the page and the export show it."""

    def __init__(self, item: UntouchedItem, part: PlanPart) -> None:
        self.item = item
        self.workspace = part.integration.workspace_name
        self.booking_path = booking_path(item.integration_id, item.booking_id)
        self.verdict = UNTOUCHED_WORDS[item.verdict]
        self.activity_url = activity_url(part.portal, item.activity_id)

    @property
    def version(self) -> str:
        """Which version the run has read."""
        version = self.item.booking_version
        return "a version that could not be understood" if version is None else f"version {version}"

    @property
    def reason(self) -> str:
        """Why nothing was done."""
        said = why_untouched(self.item.verdict, self.item.reason)
        if self.item.ignored_by is None:
            return said
        return f"{said} {self.item.ignored_by}: “{self.item.ignored_because}”."


class HeadView:
    """What stands above the items."""

    def __init__(self, head: PlanHead) -> None:
        self.head = head
        self.attempt = head.attempt
        self.is_audit = head.attempt.dag_id == AUDIT_DAG_ID

    @property
    def state(self) -> tuple[str, str]:
        """How the run stands: words and tone."""
        return _RUN_WORDS[RunState(self.attempt.state)]

    @property
    def lede(self) -> str:
        """What this page is about."""
        if self.attempt.is_dry_run:
            return "Dry run: this is what a real run would do. Nothing was written to HubSpot."
        if self.is_audit:
            return "What this audit found, and what it mended."
        return "What this run does, or did, to HubSpot, and why." if self.attempt.closed_at is None else _DONE

    @property
    def parts(self) -> list[PlanPart]:
        """The integrations that have something to say, up to a number that a person reads."""
        return self._telling[:MOST_PARTS]

    @property
    def parts_left_out(self) -> int:
        """How many more there are."""
        return len(self.head.parts) - len(self.parts)

    @property
    def _telling(self) -> list[PlanPart]:
        busy = {one.integration_id for one in self.head.alike}
        first = [one for one in self.head.parts if one.integration.id in busy or one.part.reason or one.part.guard]
        return first or list(self.head.parts)

    @property
    def only_counted(self) -> str:
        """Say how many bookings got no change without being listed; empty where there are none."""
        return ", ".join(f"{count:,} {verdict}" for verdict, count in self.head.only_counted.items())

    def balance(self, part: PlanPart) -> str:
        """Say what became of the bookings that were read."""
        counts = part.part.counts
        if "read" not in counts:
            return "" if self.is_audit else "nothing read yet"
        named = {"waiting": counts.get("waiting", 0)} | {name: counts.get(name, 0) for name in COLUMNS[1:]}
        planned = sum(one.count for one in self.head.alike if one.integration_id == part.integration.id)
        rest = [f"{count} {name}" for name, count in named.items() if count]
        return f"read {counts['read']}: {', '.join([f'{planned} to change', *rest])}"


MOST_PARTS = 20
_DONE = "What this run did to HubSpot, and why."


def _field(one: Difference, *, may_see_names: bool) -> Shown:
    if one.name in DIGESTS:
        return Shown(one.name.value, "", "", "changed")
    if one.name is ShownField.HOST and not may_see_names:
        return Shown(one.name.value, "", "", _HIDDEN)
    return Shown(one.name.value, one.old, one.new)
