"""What a task process has to load before it does anything: every task of every run pays for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from booking_sync.store import schema
from booking_sync.store.database import open_database

CODE = """
import importlib, sys
importlib.import_module(sys.argv[2])
from booking_sync.store.database import open_database
open_database("sqlite:///" + sys.argv[1])
print(*[name for name in sys.argv[3:] if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("module", "slow"),
    [
        ("task_open_run", ("alembic", "pandas", "numpy", "booking_sync.apply")),
        ("task_extract", ("alembic", "pandas", "numpy", "booking_sync.apply")),
        ("task_diff", ("alembic", "pandas", "requests", "booking_sync.apply")),
        ("task_apply", ("alembic", "pandas", "numpy", "booking_sync.planning")),
        ("task_close_run", ("alembic", "pandas", "numpy", "requests", "booking_sync.apply")),
        ("work_left", ("alembic", "pandas", "numpy", "requests", "pydantic", "booking_sync.services")),
    ],
)
def test_a_task_loads_nothing_that_only_others_need(tmp_path: Path, module: str, slow: tuple[str, ...]) -> None:
    path = str(tmp_path / "mapping.db")
    open_database(f"sqlite:///{path}").dispose()
    command = [sys.executable, "-c", CODE, path, f"booking_sync.{module}", *slow]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    assert ran.stdout.split() == []


def test_the_revisions_that_are_read_off_the_names_are_those_of_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert schema.known_revisions() == sorted(one.revision for one in script.walk_revisions())
    assert schema.head_revision() == script.get_current_head()
