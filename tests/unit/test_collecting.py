"""How often Python looks for garbage in the process of a task."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from booking_sync.collecting import ALLOCATIONS, collect_rarely


@pytest.fixture
def fresh_process() -> Iterator[None]:
    """Collect as a process does that has just begun, whatever other tests have set, and put that back."""
    threshold = gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(700, 10, 10)
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("fresh_process")
def test_a_process_looks_for_garbage_rarely_and_sets_aside_once_what_was_there_before() -> None:
    made_before = [["code"]]
    collect_rarely()
    made_since = [["booking"]]

    collect_rarely()

    assert gc.get_threshold()[0] == ALLOCATIONS
    assert not is_looked_at(made_before)
    assert is_looked_at(made_since)


def is_looked_at(thing: object) -> bool:
    """Say whether Python looks at it when it looks for garbage."""
    return any(one is thing for one in gc.get_objects())
