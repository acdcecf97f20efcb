"""Processes that are started together, watched while they are waited for, and all gone when the block ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

GRACE_SECONDS = 15.0
_TAIL_LINES = 25
_PAUSE_SECONDS = 0.2


class DemoError(Exception):
    """The demo cannot go on; the message says why, with the end of the log concerned."""


@dataclass
class Running:
    """One started process, leader of its own group, with everything it prints in ``log``."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def tail(self) -> str:
        """Return the end of what it printed."""
        return tail(self.log)

    def require_alive(self) -> None:
        """Complain where it has ended by itself."""
        code = self.process.poll()
        if code is not None:
            raise DemoError(f"{self.name} ended by itself (exit code {code}). The end of {self.log}:\n{self.tail()}")

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the process and its children; whoever is gone does not mind."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return


@dataclass
class Processes:
    """Starts processes with one environment; leaving the block ends them, whatever happened."""

    log_folder: Path
    environment: Mapping[str, str]
    running: list[Running] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.log_folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        timeout_seconds: float,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Run a command to its end; complain where it fails or takes too long."""
        started = self.start(name, command, environment=environment)
        try:
            code = started.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            raise DemoError(f"{name} took longer than {timeout_seconds:.0f} s. Its log:\n{started.tail()}") from None
        self.running.remove(started)
        if code != 0:
            raise DemoError(f"{name} failed (exit code {code}). The end of {started.log}:\n{started.tail()}")

    def start(self, name: str, command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Running:
        """Start a process in a group of its own, so that Ctrl-C reaches it through us and in order.

        ``environment`` is for one that has an environment of its own.
        """
        log = self.log_folder / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                command,
                env=dict(self.environment if environment is None else environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started = Running(name, log, process)
        self.running.append(started)
        return started

    def wait_until(self, what: str, is_so: Callable[[], bool], *, timeout_seconds: float) -> None:
        """Wait for something to become true, as long as every process lives."""
        end = time.monotonic() + timeout_seconds
        while not is_so():
            for started in self.running:
                started.require_alive()
            if time.monotonic() > end:
                tails = "\n".join(f"--- {started.log}\n{started.tail()}" for started in self.running)
                raise DemoError(f"Waited {timeout_seconds:.0f} s for {what}, in vain.\n{tails}")
            time.sleep(_PAUSE_SECONDS)

    def end(self, started: Running) -> None:
        """Ask one process to end, and end it where it does not."""
        started.signal_group(signal.SIGINT)
        self._wait(started, GRACE_SECONDS)
        started.signal_group(signal.SIGKILL)
        started.process.wait()
        self.running.remove(started)

    def stop(self) -> None:
        """Ask every process to end, the newest first, and end those that do not.

        SIGINT and not SIGTERM: on SIGTERM Airflow's scheduler waits for its tasks, however long they take.
        """
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            for started in reversed(self.running):
                started.signal_group(signal.SIGINT)
            end = time.monotonic() + GRACE_SECONDS
            for started in self.running:
                self._wait(started, max(end - time.monotonic(), 0.0))
                started.signal_group(signal.SIGKILL)
                started.process.wait()
            self.running.clear()
        finally:
            signal.signal(signal.SIGINT, previous)

    @staticmethod
    def _wait(started: Running, seconds: float) -> None:
        try:
            started.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return


def tail(log: Path) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
