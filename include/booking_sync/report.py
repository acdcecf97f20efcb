"""What a run did, in figures and sentences: the note on the run, the table in the log, and whether the run is red.

A run is red when something failed that will not mend itself: an integration whose window could not be recorded, a
change that HubSpot refuses for the first time, or figures that do not balance. What is kept for the next run is said,
and is not red.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from booking_sync.drift import DriftKind
from booking_sync.guard import GuardNotice
from booking_sync.notice_counts import notice_sentences
from booking_sync.report_lines import ChangeFigures, first_lines, told_of
from booking_sync.states import AuditOutcome, ChangeState, Operation

MOST_PREVIEWED = 100
"""How many changes of a dry run its note lists."""

COLUMNS = (
    "read",
    "unchanged",
    "create",
    "recreate",
    "cancel",
    "update",
    "adopted",
    "rejected",
    "kept",
    "superseded",
    "excluded",
    "ignored",
)


class AlikeChanges(Protocol):
    """How many changes ended alike."""

    @property
    def state(self) -> str:
        """Their state."""

    @property
    def operation(self) -> str:
        """What they did."""

    @property
    def outcome(self) -> str | None:
        """What came of the write."""

    @property
    def count(self) -> int:
        """How many."""


@dataclass(frozen=True, slots=True)
class IntegrationReport:
    """One integration's part. ``counts`` has :data:`COLUMNS`; ``failure`` says what somebody has to look at.

    ``is_recorded`` says that the window is dealt with: every change in it is done, or kept for the next run.
    """

    name: str
    counts: Mapping[str, int]
    hubspot_calls: int
    calendar_calls: int
    failure: str | None
    is_recorded: bool
    remarks: tuple[str, ...]
    new_refusals: tuple[str, ...]
    is_dry_run: bool = False

    @property
    def is_balanced(self) -> bool:
        """Whether every booking that was read ended in exactly one column."""
        return self.counts["read"] == sum(self.counts[column] for column in COLUMNS if column != "read")

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the run is red, as far as this integration is concerned."""
        failed = () if self.failure is None else (f"{self.name}: {self.failure}",)
        if not self.is_recorded:
            return failed
        unbalanced = () if self.is_balanced else (f"{self.name}: the figures do not balance: {dict(self.counts)}",)
        return failed + unbalanced + tuple(f"{self.name}: {refusal}" for refusal in self.new_refusals)


@dataclass(frozen=True, slots=True)
class RunReport:
    """The whole run."""

    is_dry_run: bool
    integrations: tuple[IntegrationReport, ...]
    notices: tuple[str, ...] = ()
    own_problems: tuple[str, ...] = ()
    shared_calls: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_red(self) -> bool:
        """Whether somebody has to look at it."""
        return bool(self.problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """What somebody has to look at."""
        of_integrations = (problem for integration in self.integrations for problem in integration.problems)
        return (*self.own_problems, *of_integrations)

    @property
    def reason(self) -> str:
        """The problems in one line."""
        return "; ".join(self.problems)

    @property
    def counts(self) -> dict[str, int]:
        """The figures of all integrations together, with the requests that were made."""
        total: Counter[str] = Counter({**dict.fromkeys(COLUMNS, 0), **self.shared_calls})
        for integration in self.integrations:
            total.update(integration.counts)
            total.update(hubspot_calls=integration.hubspot_calls, calendar_calls=integration.calendar_calls)
        return dict(total)

    @property
    def table(self) -> str:
        """A table for the log: one line an integration."""
        header = ("integration", *COLUMNS, "HubSpot calls")
        rows = [
            (i.name, *(str(i.counts[column]) for column in COLUMNS), str(i.hubspot_calls)) for i in self.integrations
        ]
        return text_table([header, *rows])

    @property
    def note(self) -> str:
        """The note on the run, in Markdown."""
        title = "**Dry run: nothing was written.** " if self.is_dry_run else ""
        lines = [f"- {problem}" for problem in self.problems]
        lines += [f"- {_balance_line(i)}" for i in self.integrations]
        lines += [f"- {i.name}: {remark}" for i in self.integrations for remark in i.remarks]
        lines += [f"- {notice}" for notice in self.notices]
        headline = f"{'Needs attention' if self.is_red else 'Done'}: {_balance(self.counts)}"
        return title + "\n".join([headline, *lines])


@dataclass(frozen=True, slots=True)
class ChangesOfRun:
    """A run's changes: how many ended how, the first of a preview, and those that are open or carry a warning.

    ``to_tell`` is gone through once, so that there may be any number of them.
    """

    counted: Sequence[AlikeChanges] = ()
    previewed: Sequence[ChangeFigures] = ()
    to_tell: Iterable[ChangeFigures] = ()


def integration_report(
    name: str,
    counts: Mapping[str, int],
    changes: ChangesOfRun,
    kept: Sequence[tuple[str, str | None, str]],
    *,
    failure: str | None,
    is_recorded: bool,
    is_dry_run: bool,
    guard: GuardNotice | None = None,
) -> IntegrationReport:
    """Count what became of an integration's bookings.

    ``counts`` are those recorded on the way (read, rejected, unchanged, superseded, waiting …), ``kept`` the bookings
    that the next run reads again (kind, id, reason), ``guard`` what the plan guard says.
    """
    figures = dict.fromkeys(COLUMNS, 0)
    figures |= {name: counts.get(name, 0) for name in ("read", "rejected", "unchanged", "superseded", "excluded")}
    figures["ignored"] = counts.get("ignored", 0) + counts.get("ignored_rejects", 0)
    figures["kept"] = counts.get("waiting", 0)
    for alike in changes.counted:
        figures[_column(alike)] += alike.count
    told = told_of(changes.to_tell)
    refused = [guard.sentence] if guard and guard.is_news else []
    said = [guard.sentence] if guard and not guard.is_news else []
    return IntegrationReport(
        name=name,
        counts=figures,
        hubspot_calls=counts.get("hubspot_calls", 0),
        calendar_calls=counts.get("calendar_calls", 0),
        failure=failure,
        is_recorded=is_recorded,
        remarks=(
            *said,
            *_sweep_sentences(counts),
            *notice_sentences(counts),
            *_preview_sentences(changes),
            *told.warned_lines(),
            *told.kept.lines,
            *first_lines(f"{kind} {id_ or '(no id)'}: {reason}" for kind, id_, reason in kept).lines,
        ),
        new_refusals=(*refused, *told.alarming.lines),
        is_dry_run=is_dry_run,
    )


def _column(alike: AlikeChanges) -> str:
    if alike.state == ChangeState.SUPERSEDED:
        return "superseded"
    if alike.state == ChangeState.IGNORED:
        return "ignored"
    operation = "update" if alike.operation == Operation.MARK else str(alike.operation)
    if alike.state == ChangeState.PREVIEWED:
        return operation
    if alike.state != ChangeState.DONE:
        return "kept"
    if alike.outcome == AuditOutcome.ADOPTED:
        return "adopted"
    return operation


def _sweep_sentences(counts: Mapping[str, int]) -> list[str]:
    """Say what the sweep came across; what may be mended is in the run's own changes."""
    if counts.get("sweep_failed"):
        return ["sweep: HubSpot's search could not be asked; the next run looks again"]
    adopted = counts.get("sweep_adopted", 0)
    found = [f"{counts[name]} {kind.replace('_', ' ')}" for kind in DriftKind if counts.get(name := f"sweep_{kind}")]
    return [f"sweep: {', '.join([*([f'{adopted} adopted'] if adopted else []), *found])}"] if adopted or found else []


def _preview_sentences(changes: ChangesOfRun) -> list[str]:
    """Say what a dry run would have done, item by item; the log of ``diff`` has more of it."""
    count = sum(alike.count for alike in changes.counted if alike.state == ChangeState.PREVIEWED)
    lines = [f"would {c['operation']} {c['booking_id']}: {c['reason']}" for c in changes.previewed]
    return lines + ([f"… and {count - len(lines)} more"] if count > len(lines) else [])


def _balance_line(report: IntegrationReport) -> str:
    return f"{report.name}: {_balance(report.counts)}; {report.hubspot_calls} HubSpot calls"


def _balance(counts: Mapping[str, int]) -> str:
    """Say where the bookings that were read have ended; what does not add up does not say "="."""
    ends = {column: counts[column] for column in COLUMNS if column != "read"}
    parts = [f"{count} {column}" for column, count in ends.items() if count]
    sign = "=" if sum(ends.values()) == counts["read"] else "≠"
    return f"read {counts['read']} {sign} {' + '.join(parts) or '0'}"


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table for the log, the header first; all columns but the first stand to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
