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
    collect_rarely()
    set_aside = gc.get_freeze_count()
    made_since = [[number] for number in range(1_000)]

    collect_rarely()

    assert gc.get_threshold()[0] == ALLOCATIONS
    assert set_aside > len(made_since)
    assert gc.get_freeze_count() == set_aside  # what the run itself has made can still be found
