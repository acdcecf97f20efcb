"""Reconciling in a process of its own, which can be killed as a worker is killed: at once, with nothing tidied up."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.context import ForkServerProcess

from sqlalchemy import Connection, Engine, event

from booking_sync.errors import LeaseHeld
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.request import RunRequest
from tests.crash.place import Place
from tests.processes import start_process


def start_worker(
    place: Place, dag_run_id: str, *, killed_at_commit: int = 0, delay_seconds: float = 0.0
) -> ForkServerProcess:
    """Start a reconciliation. With ``killed_at_commit`` n it is killed right before its n-th commit."""
    return start_process(_work, place, dag_run_id, killed_at_commit, delay_seconds)


def _work(place: Place, dag_run_id: str, killed_at_commit: int, delay_seconds: float) -> None:
    time.sleep(delay_seconds)
    services = place.services()
    if killed_at_commit:
        _kill_at_commit(services.engine, killed_at_commit)
    while True:
        try:
            reconcile(services, manual_trigger(dag_run_id, "crash tests"), RunRequest())
        except LeaseHeld:
            time.sleep(0.01)  # as Airflow repeats a task that found the integration busy
        else:
            return


def _kill_at_commit(engine: Engine, number: int) -> None:
    seen = 0

    @event.listens_for(engine, "commit")
    def count(_connection: Connection) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
