"""What somebody in front of a terminal is told while things run that take their time."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and behind it how many seconds it took."""
    began = time.monotonic()
    sys.stdout.write(f"{title} …")
    sys.stdout.flush()
    try:
        yield
    except BaseException:
        say("")
        raise
    say(f" {time.monotonic() - began:.0f} s")


def say(text: str) -> None:
    """Say it at once, also where the output goes into a file."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
