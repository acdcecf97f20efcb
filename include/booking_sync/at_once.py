"""Several portals at once: each in a thread with services of its own, so that a slow one does not hold up the others.

The integrations of one portal stay together in one thread, one after another: they share its limits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from booking_sync.services import Services

Group = TypeVar("Group")
Result = TypeVar("Result")

MOST_AT_ONCE = 8
"""Threads of one task. They wait for HubSpot nearly all the time."""


def at_once(services: Services, groups: Sequence[Group], work: Callable[[Services, Group], Result]) -> list[Result]:
    """Work on all groups and return the results in their order; one group alone is worked on in this thread."""
    if len(groups) <= 1:
        return [work(services, group) for group in groups]
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(groups)), thread_name_prefix="portal") as pool:
        futures = [pool.submit(copy_context().run, _in_thread, services, group, work) for group in groups]
    return [future.result() for future in futures]


def _in_thread(services: Services, group: Group, work: Callable[[Services, Group], Result]) -> Result:
    mine = services.for_another_thread()
    try:
        return work(mine, group)
    finally:
        mine.close()
