"""Processes for the tests that need several, or need to kill one.

They are forked from a small server that has the core loaded and no threads; forking the test process itself would copy
the locks of the sandbox servers' threads in whatever state they are.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from functools import cache
from multiprocessing.context import ForkServerProcess
from multiprocessing.forkserver import ensure_running
from multiprocessing.synchronize import Barrier

import pytest

KILLED = -signal.SIGKILL
PATIENCE_SECONDS = 60.0

_LOADED = (
    "booking_sync.reconcile",
    "booking_sync.booking_payload",
    "alembic.command",
    "sqlalchemy.dialects.sqlite",
    "psycopg2",
)
_processes = multiprocessing.get_context("forkserver")


def start_process(target: Callable[..., None], *args: object) -> ForkServerProcess:
    """Call ``target`` in another process; what it is given must be picklable."""
    _start_server()
    process = _processes.Process(target=target, args=args)
    process.start()
    return process


def barrier(parties: int) -> Barrier:
    """Return a point at which so many processes wait for each other; it is given to each as an argument."""
    return _processes.Barrier(parties)


def wait_for(process: ForkServerProcess) -> int:
    """Wait until the process has ended, and return its exit code: 0, ``KILLED``, or 1 after an exception."""
    process.join(PATIENCE_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"the process had not ended after {PATIENCE_SECONDS:.0f} s")
    return process.exitcode


@cache
def _start_server() -> None:
    """Start the server; it finds what it loads through PYTHONPATH alone."""
    _processes.set_forkserver_preload([*_LOADED])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        ensure_running()
