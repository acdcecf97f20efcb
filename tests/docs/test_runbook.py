"""The runbook quotes what the product says, and names what is there."""

from __future__ import annotations

import re

from booking_sync.clients.hubspot_model import KEY_PROPERTY
from booking_sync.portal import GROUP
from booking_sync.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES
from tests.docs.pages import ROOT, rows_of

RUNBOOK, HUBSPOT = ROOT / "docs" / "runbook.md", ROOT / "docs" / "hubspot.md"
CODE = "\n".join(path.read_text() for path in (ROOT / "include").rglob("*") if path.suffix in {".py", ".html"})


def test_what_people_read_is_quoted_as_the_product_says_it() -> None:
    cells = re.findall(r"^\| ([^|]+) \|", RUNBOOK.read_text(), re.MULTILINE)
    quoted = [phrase for cell in cells for phrase in re.findall(r"`([^`]+)`", cell)]
    assert len(quoted) > 10
    assert [phrase for phrase in quoted if phrase not in CODE] == []


def test_every_symptom_has_something_to_do() -> None:
    tables = re.findall(r"(?:^\|.*\n)+", RUNBOOK.read_text(), re.MULTILINE)
    assert len(tables) >= 4
    assert all(row["Do"] for table in tables for row in rows_of(table))


def test_buttons_and_dags_that_are_named_are_there() -> None:
    text = RUNBOOK.read_text() + HUBSPOT.read_text()
    buttons = set(re.findall(r"\*\*([A-Z][^*]+)\*\*", text)) - {"Approve", "Reject"}
    sentences = {one for one in buttons if one.endswith(".") or len(one) > 40}
    assert [one for one in buttons - sentences if one not in CODE] == []
    dags = {path.stem for path in (ROOT / "dags").glob("*.py")}
    assert set(re.findall(r"`(calendar_hubspot_\w+)`", text)) <= dags


def test_the_steps_name_every_scope_and_property() -> None:
    text = HUBSPOT.read_text()
    assert [scope for scope in (*REQUIRED_SCOPES, *OPTIONAL_SCOPES) if f"`{scope}`" not in text] == []
    made = re.findall(r'Definition\(\s*"(calendar_\w+)"', (ROOT / "include/booking_sync/portal.py").read_text())
    assert len(made) >= 4
    assert [name for name in (*made, KEY_PROPERTY) if f"`{name}`" not in text] == []
    assert f"`{GROUP}`" in text
