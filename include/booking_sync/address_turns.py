"""Whose turn it is with an address: batches at work at the same time must not make a contact twice (C5).

Batches line up in the order in which they are begun. One that names an address which an earlier one names too waits
until that one has looked it up, or made the contact; so the earliest booking makes it, as if there were no threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class NotBegun(Exception):
    """A batch that waited for its turn when another one failed; nothing was written down of it, and nothing sent."""


class AddressTurns:
    """The batches that are at work, with the hashes of the addresses that they name."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._lined_up: dict[str, frozenset[str]] = {}
        self._is_over = False

    def line_up(self, name: str, hashes: Iterable[str]) -> None:
        """Let a batch be the last in the line."""
        with self._changed:
            self._lined_up[name] = frozenset(hashes)

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait until no earlier batch needs an address of this one, and let the others have them after the block.

        Raises:
            NotBegun: another batch has failed meanwhile.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._is_free(name))
            if self._is_over:
                raise NotBegun
        try:
            yield
        except BaseException:
            self.end()  # before those behind it are let go
            raise
        finally:
            self.leave(name)

    def leave(self, name: str) -> None:
        """Let a batch go, whether it has had its turn or not."""
        with self._changed:
            self._lined_up.pop(name, None)
            self._changed.notify_all()

    def end(self) -> None:
        """Let nobody wait any longer: a batch has failed."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _is_free(self, name: str) -> bool:
        mine = self._lined_up.get(name, frozenset())
        for other, hashes in self._lined_up.items():
            if other == name:
                break
            if not mine.isdisjoint(hashes):
                return False
        return True
