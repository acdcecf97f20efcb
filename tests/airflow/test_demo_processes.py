from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from booking_sync_airflow.demo.processes import DemoError, Processes

SLEEPS = "import time; time.sleep(60)"
IGNORES_THE_POLITE_WAY = (
    f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up', flush=True); {SLEEPS}"
)
HAS_A_CHILD = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    f"print(child.pid, flush=True); {SLEEPS}"
)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").exists() or Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_nothing_is_left_when_the_block_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("booking_sync_airflow.demo.processes.GRACE_SECONDS", 1.0)
    with Processes(tmp_path, os.environ) as processes:
        parent = processes.start("parent", [sys.executable, "-c", HAS_A_CHILD])
        stubborn = processes.start("stubborn", [sys.executable, "-c", IGNORES_THE_POLITE_WAY])
        processes.wait_until(
            "both", lambda: bool(parent.log.read_text() and stubborn.log.read_text()), timeout_seconds=20
        )
        child = int(parent.log.read_text())
        assert is_alive(child)

    assert [parent.process.returncode is None, stubborn.process.returncode] == [False, -9]
    end = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_alive(child)


def test_waiting_ends_with_the_log_of_a_process_that_died(tmp_path: Path) -> None:
    with Processes(tmp_path, os.environ) as processes:
        processes.start("short", [sys.executable, "-c", "print('no database'); raise SystemExit(3)"])

        with pytest.raises(DemoError, match=r"short ended by itself \(exit code 3\)[\s\S]*no database"):
            processes.wait_until("something", lambda: False, timeout_seconds=20)


def test_waiting_has_a_limit(tmp_path: Path) -> None:
    with (
        Processes(tmp_path, os.environ) as processes,
        pytest.raises(DemoError, match=r"Waited 0 s for the moon, in vain"),
    ):
        processes.wait_until("the moon", lambda: False, timeout_seconds=0)


def test_a_command_that_fails_says_so_with_its_output(tmp_path: Path) -> None:
    with (
        Processes(tmp_path, os.environ) as processes,
        pytest.raises(DemoError, match=r"migrate failed \(exit code 1\)[\s\S]*disk full"),
    ):
        processes.run("migrate", [sys.executable, "-c", "raise SystemExit('disk full')"], timeout_seconds=20)
