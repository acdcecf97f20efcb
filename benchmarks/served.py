"""A sandbox in a process of its own, so that what it costs is not counted as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Concatenate, ParamSpec, TypeVar

from benchmarks.apart import FRESH
from benchmarks.scene import addresses_of
from booking_sandbox.history import HistoryEntry
from booking_sandbox.server import Sandbox

WORKSPACE = "ws_bench"
SEED = 1
_STOP_SECONDS = 10.0

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Served:
    """The sandbox of the other process. What is done with it is a function that is called there."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.addresses = self.ask(addresses_of)

    def ask(
        self, function: Callable[Concatenate[Sandbox, Given], Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Any:  # noqa: ANN401 - what the function returns; a pipe knows no types
        """Call an importable function with the sandbox, in its process, and return what it returns."""
        self._pipe.send((function, args, kwargs))
        is_done, result = self._pipe.recv()
        if not is_done:
            raise RuntimeError(f"the sandbox could not do it: {result}")
        return result


@contextmanager
def served() -> Iterator[Served]:
    """Start an empty sandbox with one workspace; it ends with the block."""
    ours, theirs = FRESH.Pipe()
    process = FRESH.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Served(ours)
    finally:
        ours.send(None)
        process.join(_STOP_SECONDS)
        process.kill()


def book(sandbox: Sandbox, count: int) -> None:
    """Book so many meetings of as many people."""
    for _ in range(count):
        sandbox.calendar.state.book(WORKSPACE)


def bookings(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return all bookings in the order of the feed."""
    return sandbox.calendar.state.bookings()


def booking_count(sandbox: Sandbox) -> int:
    """Return how many bookings there are."""
    return len(sandbox.calendar.state.store)


def activity_count(sandbox: Sandbox) -> int:
    """Return how many activities HubSpot holds, without those in the recycle bin."""
    records = sandbox.hubspot.state.portal().store.records["meetings"].values()
    return sum(not one.is_archived for one in records)


def calls_so_far(sandbox: Sandbox) -> int:
    """Return how many requests HubSpot has got."""
    return len(sandbox.hubspot.history)


def calls_from(sandbox: Sandbox, first: int) -> list[HistoryEntry]:
    """Return HubSpot's requests from the so-manieth on."""
    return sandbox.hubspot.history[first:]


def switch(sandbox: Sandbox, changes: dict[str, Any]) -> None:
    """Set switches of HubSpot."""
    for name, value in changes.items():
        setattr(sandbox.hubspot.switches, name, value)


def forget_bodies(sandbox: Sandbox) -> None:
    """Do not keep what was sent: a backfill of a million would fill the memory."""

    def forget(entry: HistoryEntry, phase: str) -> None:
        if phase == "after":
            entry.body, entry.effected_ids = None, []

    sandbox.hubspot.state.request_hook = forget


def _serve(pipe: Connection) -> None:
    with Sandbox(seed=SEED) as sandbox:
        sandbox.calendar.state.add_workspace(WORKSPACE, "Bench", "pro", "UTC")
        while (asked := pipe.recv()) is not None:
            function, args, kwargs = asked
            try:
                pipe.send((True, function(sandbox, *args, **kwargs)))
            except Exception as error:  # noqa: BLE001 - told to the process that asked
                pipe.send((False, f"{type(error).__name__}: {error}"))
