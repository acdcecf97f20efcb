"""How a command of operators ends where it is refused: with the sentence that says why, and without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from booking_sync.errors import BookingSyncError


@contextmanager
def refusals_as_sentences() -> Iterator[None]:
    """End the process with exit code 1 and the sentence of an error of ours."""
    try:
        yield
    except BookingSyncError as refusal:
        raise SystemExit(str(refusal)) from None
