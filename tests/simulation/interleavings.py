"""All orders in which two like workers can take their turns, and which of them come to the same.

Two workers that do the same may change their names. And a turn in which a worker only finds the integration still busy,
while no time passes, leaves everything as it was: the order without it is the same. What remains is lived through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from tests.simulation.overlap import Turn

TURNS_EACH = 8
"""A worker that stops at most seven times needs eight turns."""

UNTIL_ALL_HAVE_ENDED = -1.0
"""Stands for the pause before the turns that no order tells."""

Order = tuple[Turn, ...]


def every_interleaving_of_two(seconds: float) -> Iterator[Order]:
    """Yield all 12,870 orders of eight turns each; ``seconds`` pass whenever the turn changes hands."""
    for mine in combinations(range(2 * TURNS_EACH), TURNS_EACH):
        order = [0 if place in mine else 1 for place in range(2 * TURNS_EACH)]
        yield tuple(
            (worker, seconds if place and order[place - 1] != worker else 0.0) for place, worker in enumerate(order)
        )


class Known:
    """What became of the orders that have been lived through, so that no other one that comes to the same has to be."""

    def __init__(self) -> None:
        self._mattered: dict[tuple[Order, Turn], bool] = {}
        """Whether a turn could change anything, after those turns before it that did."""
        self._lives: set[Order] = set()

    def learn(self, order: Order, mattered: Sequence[bool]) -> Order:
        """Remember a life, that is its order and which of the turns taken could change anything; return its key."""
        so_far: Order = ()
        for turn, did_matter in zip(_named_by_appearance(order), mattered, strict=False):
            self._mattered[so_far, turn] = did_matter
            so_far += (turn,) * did_matter
        key = so_far if len(mattered) < len(order) else _then_in_turn(so_far, order)
        self._lives.add(key)
        return key

    def life_like(self, order: Order) -> Order | None:
        """Return the key of a life that an order comes to the same as; None where there was none."""
        so_far: Order = ()
        for turn in _named_by_appearance(order):
            if so_far in self._lives:
                return so_far
            if (so_far, turn) not in self._mattered:
                return None
            so_far += (turn,) * self._mattered[so_far, turn]
        to_the_end = _then_in_turn(so_far, order)
        return next((key for key in (so_far, to_the_end) if key in self._lives), None)


def _named_by_appearance(order: Order) -> Order:
    first = order[0][0]
    return tuple((int(worker != first), seconds) for worker, seconds in order)


def _then_in_turn(mattered: Order, order: Order) -> Order:
    """Add who goes on when the order is at its end: the one whose turn was not the last."""
    *_, (last, _seconds) = _named_by_appearance(order)
    return (*mattered, (1 - last, UNTIL_ALL_HAVE_ENDED))
