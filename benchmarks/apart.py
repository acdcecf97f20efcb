"""Work in a fresh process, so that nothing else counts into its CPU seconds and its memory (Linux).

The function must be importable by its name: it is sent by reference, and its arguments and answer are pickled.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")

FRESH = multiprocessing.get_context("spawn")
_STATUS, _CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
_MEGABYTE_IN_KILOBYTES = 1_000


def in_fresh_process(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Call a function in a process of its own, and return what it returns."""
    with ProcessPoolExecutor(1, mp_context=FRESH) as pool:
        return pool.submit(function, *args, **kwargs).result()


@dataclass(slots=True)
class Cost:
    """What a piece of work took of its own process, all threads together."""

    cpu_seconds: float = 0.0
    seconds: float = 0.0
    extra_megabytes: float = 0.0
    """The highest memory during the work, above what the process held before it."""
    peak_megabytes: float = 0.0


@contextmanager
def metered() -> Iterator[Cost]:
    """Measure the block; the cost is filled in at its end."""
    cost = Cost()
    _give_back_what_is_free()
    _CLEAR_REFS.write_text(_RESET_PEAK, encoding="ascii")
    before = megabytes("VmRSS")
    started, cpu_started = time.perf_counter(), time.process_time()
    yield cost
    cost.cpu_seconds = time.process_time() - cpu_started
    cost.seconds = time.perf_counter() - started
    cost.peak_megabytes = megabytes("VmHWM")
    cost.extra_megabytes = cost.peak_megabytes - before


def _give_back_what_is_free() -> None:
    """Let the memory that making the inputs took not hide what the work takes (glibc keeps it otherwise)."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def megabytes(name: str) -> float:
    """Return the resident memory of this process (``VmRSS``) or the highest it has been (``VmHWM``).

    Not ``ru_maxrss``: that one is inherited from the process that started this one.
    """
    line = next(one for one in _STATUS.read_text(encoding="ascii").splitlines() if one.startswith(f"{name}:"))
    return int(line.split()[1]) / _MEGABYTE_IN_KILOBYTES
