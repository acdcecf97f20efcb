"""The commands of the documentation, and for each how it is known to work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import PAGES, ROOT

_BLOCK = re.compile(r"(?:<!-- needs: ([\w' ]+) -->\n\s*)?^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

NEEDS = {"Docker", "the package registry"}
"""What a block may be marked with: it is then left to whoever has that."""

RUN_BY = {
    r"make demo( ONCE=1)?": "tests/airflow/real/test_runs.py",
    r"make (test|check)": ".ci/run",
    r"make bench( ARGS=\w+)?": "tests/benchmarks/test_whole_runs.py",
    r"make reference": "tests/docs/test_generated_pages.py",
    r"make (backup|restore FROM=.*)": "tests/operations/test_backups.py",
    r"make rotate": "tests/operations/test_key_rotation.py",
    r"make migrate": "tests/operations/test_upgrades.py",
    r"make prune": "tests/store/test_retention.py",
    r"make rehearse": "tests/deployment/test_rehearsal.py",
    r"make secrets( SANDBOX=1)?": "tests/deployment/test_scripts.py",
    r"\.venv/bin/airflow (db migrate|(dags test|backfill create) .*)": "tests/airflow/test_documented_commands.py",
    r"airflow dags trigger .*": "tests/airflow/test_documented_commands.py",
    r"airflow dags test .*": "tests/airflow/test_command_line.py",
}
"""Commands that need a whole Airflow or a build: by whom they, or what they start, are run."""


@dataclass(frozen=True)
class Block:
    """A block of commands: on which page, what it needs that no test has, and its text."""

    page: Path
    needs: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands without remarks, each in one line."""
        joined = re.sub(r"\\\n\s*", "", self.text)
        return [line for one in joined.splitlines() if (line := re.sub(r"\s+#.*$", "", one).strip())]

    @property
    def is_shell(self) -> bool:
        """Whether a shell can run it by itself, here: it only sets variables, or asks Python."""
        return all(re.match(r"export |python3? -c ", one) for one in self.commands)


def blocks() -> list[Block]:
    """Return every block of commands of every page, but those of records of decisions."""
    pages = [page for page in PAGES if page.parent.name != "adr"]
    return [Block(page, needs, text) for page in pages for needs, text in _BLOCK.findall(page.read_text())]


def runner_of(command: str) -> str:
    """Return by what a command is run; "" for nothing."""
    return next((path for pattern, path in RUN_BY.items() if re.fullmatch(pattern, command)), "")


def is_there(path: str) -> bool:
    return (ROOT / path).is_file()
