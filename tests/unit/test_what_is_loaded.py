"""What a task process has to load before it does anything: every task of every run pays for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from booking_sync.store import schema
from booking_sync.store.database import open_database

SLOW = ("alembic", "pandas")
CODE = """
import sys
import booking_sync.reconcile
from booking_sync.store.database import open_database
open_database("sqlite:///" + sys.argv[1])
print(*[name for name in sys.argv[2:] if name in sys.modules])
"""


def test_a_task_loads_neither_alembic_nor_pandas(tmp_path: Path) -> None:
    path = str(tmp_path / "mapping.db")
    open_database(f"sqlite:///{path}").dispose()
    ran = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", CODE, path, *SLOW], check=True, capture_output=True, text=True
    )
    assert ran.stdout.split() == []


def test_the_revisions_that_are_read_off_the_names_are_those_of_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert schema.known_revisions() == sorted(one.revision for one in script.walk_revisions())
    assert schema.head_revision() == script.get_current_head()
