"""What an audit found, in figures and sentences: the note on the run and the table in the log.

Drift is information: the run is green with it. It is red when an integration could not be compared, and once for each
repair that needs an approval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from booking_sync.drift import DriftKind
from booking_sync.guard import GuardNotice
from booking_sync.report import text_table

MOST_SENTENCES = 50
"""How many findings of an integration the note spells out; the table ``drift`` holds all."""


class Finding(Protocol):
    """What a line shows: a row of the table ``drift``, or a mapping like it."""

    def __getitem__(self, name: str, /) -> Any: ...  # noqa: ANN401 - columns have many types


@dataclass(frozen=True, slots=True)
class IntegrationAudit:
    """One integration's part.

    ``counts`` are the findings by kind; ``failure`` says why it could not be compared, ``guard`` what became of a
    repair that needs an approval.
    """

    name: str
    bookings: int
    activities: int
    counts: Mapping[str, int]
    mended: int
    sentences: tuple[str, ...]
    failure: str | None = None
    guard: GuardNotice | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What somebody has to look at."""
        refused = self.guard.sentence if self.guard and self.guard.is_news else None
        return tuple(f"{self.name}: {sentence}" for sentence in (self.failure, refused) if sentence is not None)

    @property
    def found(self) -> int:
        """How many findings there are."""
        return sum(self.counts.values())

    @property
    def line(self) -> str:
        """The figures in one line."""
        kinds = ", ".join(f"{self.counts[kind]} {kind}" for kind in DriftKind if self.counts.get(kind))
        compared = f"{self.name}: {self.bookings} bookings and {self.activities} activities compared"
        return f"{compared}; {kinds or 'no drift'}" + (f"; {self.mended} mended" if self.mended else "")


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The whole audit."""

    integrations: tuple[IntegrationAudit, ...]
    notices: tuple[str, ...] = ()

    @property
    def is_red(self) -> bool:
        """Whether some integration could not be compared, or its repair is refused for the first time."""
        return bool(self.problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """What somebody has to look at."""
        return tuple(problem for integration in self.integrations for problem in integration.problems)

    @property
    def reason(self) -> str:
        """The problems in one line."""
        return "; ".join(self.problems)

    @property
    def counts(self) -> dict[str, int]:
        """The figures of all integrations together."""
        total = Counter({kind.value: 0 for kind in DriftKind})
        for integration in self.integrations:
            total.update(integration.counts)
            total.update(bookings=integration.bookings, activities=integration.activities, mended=integration.mended)
        return dict(total)

    @property
    def table(self) -> str:
        """A table for the log: one line an integration, then the first findings of each."""
        header = ("integration", *DriftKind, "mended")
        rows = [(i.name, *(str(i.counts.get(kind, 0)) for kind in DriftKind), str(i.mended)) for i in self.integrations]
        return "\n".join([text_table([header, *rows]), *self._findings])

    @property
    def note(self) -> str:
        """The note on the run, in Markdown."""
        title = "Needs attention:" if self.is_red else "Done."
        compared = [i.line for i in self.integrations if i.failure is None]
        compared += [f"{i.name}: {i.guard.sentence}" for i in self.integrations if i.guard and not i.guard.is_news]
        return "\n".join(
            [title, *(f"- {line}" for line in (*self.problems, *compared, *self._findings, *self.notices))]
        )

    @property
    def _findings(self) -> list[str]:
        lines: list[str] = []
        for integration in self.integrations:
            lines += [f"{integration.name}: {sentence}" for sentence in integration.sentences]
            more = integration.found - len(integration.sentences)
            lines += [f"{integration.name}: and {more} more, in the table drift"] if more else []
        return lines


def finding_line(finding: Finding) -> str:
    """Return a row of the table ``drift`` as a line without personal data."""
    booking = f"booking {finding['booking_id']}" if finding["booking_id"] else "no booking"
    activity = f", activity {finding['activity_id']}" if finding["activity_id"] else ""
    kind, mended = finding["kind"].replace("_", " "), " (mended)" if finding["mended"] else ""
    return f"{kind}: {booking}{activity}: {finding['sentence']}{mended}"
