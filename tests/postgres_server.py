"""A real PostgreSQL server for the tests: started once, thrown away at the end, a fresh database for every test.

The server binaries are Debian's or those on the PATH. PostgreSQL refuses to run as root, so as root it runs as another
user. Nothing is kept, so nothing is synced to disk.
"""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from proof.postgres_programs import unprivileged_user
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import OperationalError

from booking_sync.store.database import connect_database, open_database

HOW_TO_INSTALL = "no PostgreSQL server on this machine; install one with `apt-get install postgresql`"
START_SECONDS = 30.0
STOP_SECONDS = 10.0
TEMPLATE = "booking_sync_template"
"""The database that every fresh one is copied from: our schema, no rows."""

_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")


class PostgresServer:
    """One server on a Unix socket in a folder of its own."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._user = unprivileged_user()
        self._numbers = itertools.count(1)
        self._folder = Path(tempfile.mkdtemp(prefix="booking-sync-pg-"))
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make a cluster, serve it, and make the template database.

        Raises:
            RuntimeError: the server did not start; the message holds its log.
        """
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        initdb = ("--username=tests", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        self._run([self._binaries / "initdb", "--pgdata", self._data, *initdb])
        self._serve()
        self._execute(f'CREATE DATABASE "{TEMPLATE}"')
        open_database(self._url(TEMPLATE)).dispose()

    def stop(self) -> None:
        """Stop the server at once and delete what it held."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT: PostgreSQL's immediate shutdown
            self._process.wait(STOP_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def restart(self) -> None:
        """Cut every connection and serve again; what was committed is there."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            self._process.wait(STOP_SECONDS)
        self._serve()

    def copy_of(self, url: str) -> str:
        """Copy a database that nobody uses at the moment, and return the copy's address."""
        name = f"test_{next(self._numbers)}"
        original = make_url(url).database
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
        self._execute(f"{end} '{original}'")
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
        return self._url(name)

    def new_url(self, *, is_empty: bool = False) -> str:
        """Make a database and return its address: with our schema, or without any table."""
        name = f"test_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{"template0" if is_empty else TEMPLATE}"')
        return self._url(name)

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _url(self, database: str) -> str:
        query = {"host": str(self._folder)}
        return URL.create("postgresql", "tests", database=database, query=query).render_as_string()

    def _serve(self) -> None:
        options = [word for setting in (*_FAST, "listen_addresses=") for word in ("-c", setting)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own binary and arguments
                [self._binaries / "postgres", "-D", self._data, "-k", self._folder, *options],
                stdout=log,
                stderr=subprocess.STDOUT,
                user=self._user,
                cwd=self._folder,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._execute("SELECT 1")
            except OperationalError:
                has_ended = self._process is None or self._process.poll() is not None
                if has_ended or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()}") from None
                time.sleep(0.02)
            else:
                return

    def _execute(self, statement: str) -> None:
        engine = connect_database(self._url("postgres"))
        try:
            with engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(statement))
        finally:
            engine.dispose()

    def _run(self, command: list[str | Path]) -> None:
        done = subprocess.run(  # noqa: S603 - our own binary and arguments
            command, user=self._user, cwd=self._folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
