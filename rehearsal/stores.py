"""PostgreSQL and Redis from the system's packages, on free ports of loopback, with passwords as in production."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from proof.postgres_programs import find_binaries, unprivileged_user

from booking_sync_airflow.demo.airflow_stack import free_port
from booking_sync_airflow.demo.processes import DemoError, Processes
from rehearsal.composed import Composed, Machine

HOW_TO_INSTALL = "PostgreSQL and Redis are needed; on Debian and Ubuntu: apt-get install postgresql redis-server"
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where both listen."""

    postgres: int
    redis: int

    @classmethod
    def free(cls) -> Ports:
        """Choose two."""
        return cls(free_port(), free_port())


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs.

    Raises:
        DemoError: PostgreSQL or Redis is not installed.
    """
    found = find_binaries()
    if found is None or shutil.which("redis-server") is None:
        raise DemoError(HOW_TO_INSTALL)
    return found


@contextmanager
def cluster(machine: Machine) -> Iterator[Path]:
    """Make an empty PostgreSQL cluster as its image does: passwords by network, none on its own socket."""
    folder = Path(tempfile.mkdtemp(prefix="booking-sync-rehearsal-"))
    password = folder / "password"
    shutil.copy(machine.secrets / "postgres_password", password)
    if user := unprivileged_user():
        for path in (folder, password):
            shutil.chown(path, user, user if user == "postgres" else None)
    try:
        options = ["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--data-checksums"]
        make = ["initdb", f"--pgdata={folder / 'data'}", f"--pwfile={password}", "--encoding=UTF8", *options]
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
            [*_as_postgres(), *make], cwd=folder, env=dict(machine.base), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DemoError(f"PostgreSQL's initdb failed:\n{done.stdout}{done.stderr}")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(processes: Processes, composed: Composed, machine: Machine, ports: Ports, folder: Path) -> None:
    """Start both, and make the two databases with the script that PostgreSQL's image runs."""
    listening = ["-c", "listen_addresses=127.0.0.1", "-p", str(ports.postgres), "-k", str(folder)]
    postgres = ["postgres", "-D", str(folder / "data"), *listening]
    processes.start("postgres", [*_as_postgres(), *postgres], environment=machine.base)
    redis = composed.service("redis", machine)
    processes.start("redis", redis.command, environment=redis.environment)
    ready = ["pg_isready", "--host=127.0.0.1", f"--port={ports.postgres}", "--username=airflow"]
    for name, check, environment in (
        ("postgres", ready, machine.base),
        ("redis", redis.healthcheck, redis.environment),
    ):
        processes.wait_until(name, partial(_is_well, check, environment), timeout_seconds=_START_SECONDS)
    made = {
        **machine.base,
        "PGHOST": str(folder),
        "PGPORT": str(ports.postgres),
        "SECRETS_FOLDER": str(machine.secrets),
    }
    script = str(machine.repository / "compose/create-databases.sh")
    processes.run("create databases", [script], timeout_seconds=_START_SECONDS, environment=made)


def _is_well(check: list[str], environment: Mapping[str, str]) -> bool:
    return subprocess.run(check, env=dict(environment), capture_output=True, check=False).returncode == 0  # noqa: S603 - from our own file


def _as_postgres() -> list[str]:
    """Return what goes before a command that must not run as root."""
    user = unprivileged_user()
    if user is None or os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={user}", "--clear-groups"]
