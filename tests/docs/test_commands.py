"""Every command of the documentation is run by a test, or says what it needs that no test has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.commands import NEEDS, RUN_BY, Block, blocks, is_there, runner_of
from tests.docs.pages import ROOT

ALL = blocks()
SHELL = [one for one in ALL if one.is_shell]


def name(block: Block) -> str:
    return f"{block.page.name} {block.commands[0][:50]}"


def test_there_are_commands_of_every_kind() -> None:
    assert len(SHELL) > 3
    assert {one.needs for one in ALL} - {""} <= NEEDS


@pytest.mark.parametrize("block", [one for one in ALL if not one.is_shell and not one.needs], ids=name)
def test_a_command_that_a_shell_cannot_run_by_itself_is_run_elsewhere(block: Block) -> None:
    left = [
        one for one in block.commands if not one.startswith("export ") and not is_there(runner_of(one) or "nothing")
    ]
    assert left == []


def test_nothing_is_said_to_be_run_that_nobody_types() -> None:
    typed = [command for block in ALL for command in block.commands]
    used = {runner_of(command) for command in typed}
    assert [path for path in RUN_BY.values() if path not in used] == []


@pytest.mark.parametrize("block", SHELL, ids=name)
def test_a_block_that_sets_variables_sets_them(block: Block, tmp_path: Path) -> None:
    """In a shell, as it stands; what is JSON can be read, and the keys are as long as they must be."""
    (tmp_path / "python").symlink_to(sys.executable)
    before = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PWD": str(ROOT)}
    script = f"set -eu\n{block.text}\n{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, env=before, capture_output=True, text=True, check=True)  # noqa: S603, S607 - our own documentation
    after = json.loads(done.stdout.splitlines()[-1])
    for variable, value in after.items():
        if variable.startswith("AIRFLOW_CONN_"):
            assert json.loads(value)["conn_type"] in {"calendar", "hubspot", "postgres", "smtp"}
        if variable == "BOOKING_SYNC_SECRET_KEY":
            assert len(value) >= 40
        if variable.endswith("_FOLDER") or variable == "PYTHONPATH":
            assert Path(value).is_dir()
