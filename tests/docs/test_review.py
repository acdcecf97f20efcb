"""What docs/review.md answers is so: its evidence exists, and what no other test can show is shown here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, is_there, table

REVIEW = ROOT / "docs" / "review.md"
CORE = ROOT / "include" / "booking_sync"
EDGE = ROOT / "include" / "booking_sync_airflow"

ASK_WHETHER_DRY = {
    "approval", "audit", "closing", "extract", "guarding", "planning", "source_guard", "sweep", "task_close_run",
    "task_extract", "telling"
}  # fmt: skip
"""``planning`` decides by it what is applied; the others leave no trace of a dry run."""

READ_THE_CLOCK = {"services", "store/clock", "outcomes", "demo/__main__"}
"""Services are handed the clock; leases go by the database's own; the other two belong to Airflow's side."""

NAMED_FOR_NOTHING = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "tools",
    "core",
    "base",
    "stuff",
}


@pytest.mark.parametrize("row", table(REVIEW, "questions"), ids=lambda row: row["Question"])
def test_every_answer_has_evidence_that_is_there(row: dict[str, str]) -> None:
    named = re.findall(r"`([^`]+)`", row["Evidence"])
    assert named
    assert [one for one in named if not is_there(one)] == []


def test_there_are_twelve_questions() -> None:
    assert len(table(REVIEW, "questions")) == 12


def test_nobody_else_asks_whether_a_run_is_dry() -> None:
    asking = {
        path.stem for path in CORE.glob("*.py") if re.search(r"\brun\.is_dry_run\b|is_dry_run = ", path.read_text())
    }
    assert asking == ASK_WHETHER_DRY


def test_the_clock_is_read_at_the_edge_alone() -> None:
    reading = re.compile(r"datetime\.(?:now|utcnow|today)\(|\btime\.time\(")
    found = {name for folder in (CORE, EDGE) for name, text in _modules(folder) if reading.search(text)}
    assert found == READ_THE_CLOCK


def test_no_file_is_named_for_nothing() -> None:
    folders = [
        ROOT / name for name in ("include", "dags", "plugins", "tests", "benchmarks", "scripts", "proof", "rehearsal")
    ]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    assert len(files) > 300
    assert [str(path) for path in files if NAMED_FOR_NOTHING & set(path.stem.split("_"))] == []


def test_nobody_reads_the_message_of_an_error() -> None:
    """No condition looks into the text of an exception: what is to be known of it is its type, or a field of it."""
    found = [f"{name}:{line}" for folder in (CORE, EDGE) for name, text in _modules(folder) for line in _parsing(text)]
    assert found == []


def _modules(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*.py"):
        yield path.relative_to(folder).with_suffix("").as_posix(), path.read_text()


def _parsing(text: str) -> Iterator[int]:
    """Yield the lines of comparisons and calls that look into ``str(error)`` or ``error.args``."""
    for handler in ast.walk(ast.parse(text)):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            continue
        for node in ast.walk(handler):
            if isinstance(node, ast.Compare) and _looks_into(node, handler.name):
                yield node.lineno


def _looks_into(node: ast.AST, name: str) -> bool:
    for part in ast.walk(node):
        is_text = isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in ("str", "repr")
        if is_text and any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(part)):
            return True
        if isinstance(part, ast.Attribute) and part.attr == "args" and isinstance(part.value, ast.Name):
            return part.value.id == name
    return False
