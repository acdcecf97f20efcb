"""A plan as comma-separated values, one line an item, safe to open in a spreadsheet. Columns: docs/watching.md.

A spreadsheet takes a cell that begins with one of :data:`DANGEROUS` for a formula, which can send data away (OWASP,
"CSV Injection"). Such a cell gets an apostrophe in front, and every cell stands in quotes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from booking_sync.appearance import DIGESTS, ShownField
from booking_sync.plan_view import PlanGroup, PlanHead, ShownItem
from booking_sync.store.integrations import PortalRecord
from booking_sync.store.plan_items import WaitingItem
from booking_sync.store.untouched import UntouchedItem
from booking_sync_airflow.web.links import activity_url
from booking_sync_airflow.web.plan_words import UntouchedWords

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
WITH_VALUES = tuple(field for field in ShownField if field not in DIGESTS)
COLUMNS = (
    "integration",
    "group",
    "state",
    "booking_id",
    "booking_version",
    "activity_id",
    "old_activity_id",
    "reason",
    "error",
    "changed",
    *(f"{field.value}_{when}" for field in WITH_VALUES for when in ("old", "new")),
    "hubspot_url",
)


def csv_lines(
    items: Iterable[ShownItem],
    untouched: Iterable[UntouchedItem],
    waiting: Iterable[WaitingItem],
    head: PlanHead,
    *,
    has_names: bool,
) -> Iterator[str]:
    """Yield the header and a line an item. ``has_names``: whether the reader may see the names of hosts."""
    parts = {part.integration.id: part for part in head.parts}
    yield csv_line(COLUMNS)
    for one in items:
        yield csv_line(_cells(one, parts[one.item.integration_id].portal, has_names=has_names))
    for left in untouched:
        yield _line_of(_untouched_cells(UntouchedWords(left, parts[left.integration_id])))
    for kept in waiting:
        yield _line_of(
            {
                "integration": kept.integration_id,
                "group": kept.kind,
                "booking_id": kept.booking_id or "",
                "reason": kept.reason,
            }
        )


def csv_line(cells: Iterable[str]) -> str:
    """Return one line, with every cell safe and in quotes."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def _line_of(known: Mapping[str, str]) -> str:
    return csv_line([known.get(column, "") for column in COLUMNS])


def _untouched_cells(words: UntouchedWords) -> dict[str, str]:
    item = words.item
    return {
        "integration": item.integration_id,
        "group": PlanGroup.UNCHANGED.value,
        "state": item.verdict.value,
        "booking_id": item.booking_id,
        "booking_version": "" if item.booking_version is None else str(item.booking_version),
        "activity_id": item.activity_id or "",
        "reason": words.reason,
        "hubspot_url": words.activity_url or "",
    }


def _cells(shown: ShownItem, portal: PortalRecord, *, has_names: bool) -> list[str]:
    item = shown.item
    changed = {one.name: one for one in shown.differences}
    values: list[str] = []
    for field in WITH_VALUES:
        one = changed.get(field)
        is_hidden = one is None or (field is ShownField.HOST and not has_names)
        values += ["", ""] if one is None or is_hidden else [one.old, one.new]
    return [
        item.integration_id,
        item.operation.value,
        item.state.value,
        item.booking_id,
        str(item.booking_version),
        item.activity_id or "",
        item.old_activity_id or "",
        item.reason,
        item.error or "",
        " ".join(one.name.value for one in shown.differences),
        *values,
        activity_url(portal, item.activity_id or item.old_activity_id) or "",
    ]
