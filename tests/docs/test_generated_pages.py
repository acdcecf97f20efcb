"""Pages that are written from code are as the code says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from booking_sync.report import COLUMNS
from booking_sync.states import Operation
from scripts import licences
from tests.docs.pages import ROOT


def test_the_reference_is_what_the_code_says() -> None:
    """In a process of its own: it starts Airflow."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "include")}
    command = [sys.executable, "-m", "scripts.reference"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert done.returncode == 0, done.stderr.splitlines()[-1]


def test_the_licences_are_what_is_installed_and_all_of_them_are_allowed() -> None:
    assert licences.main([]) == 0


def test_the_glossary_has_every_word_for_what_a_run_decides() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    words = {word.removesuffix("ed") for word in (*COLUMNS, *Operation)}
    assert [word for word in sorted(words) if not re.search(rf"\*\*{word}(ed)?\*\*", glossary)] == []
