"""What a DAG file costs each time it is parsed, against importing Airflow's own SDK: CPU seconds of a fresh process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure

ROOT = Path(__file__).parents[1]
ROUNDS = 3
CODE = """
import runpy, sys, time
sys.path.insert(0, {include!r})
started = time.process_time()
{statement}
print(time.process_time() - started)
"""


def figures() -> Iterator[Figure]:
    """Measure both in turn, several rounds, and compare the fastest of each."""
    alone = "import airflow.sdk"
    files = sorted((ROOT / "dags").glob("*.py"))
    statements = {path.name: f"runpy.run_path({str(path)!r})" for path in files}
    seconds: dict[str, list[float]] = {"": [], **{name: [] for name in statements}}
    for _ in range(ROUNDS):
        seconds[""].append(_cpu_seconds(alone))
        for name, statement in statements.items():
            seconds[name].append(_cpu_seconds(statement))
    for name in statements:
        yield Figure(f"parsing {name}", "CPU s", min(seconds[name]), min(seconds[""]), alone, 1.5)


def _cpu_seconds(statement: str) -> float:
    code = CODE.format(include=str(ROOT / "include"), statement=statement)
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    return float(ran.stdout.split()[-1])
