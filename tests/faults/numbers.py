"""The numbers of the faults, as the names of tests carry them; ``python -m tests.faults.numbers`` prints the list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

MOST = 122
TESTS = Path(__file__).parents[1]

_NAME = re.compile(r"test_fault_(\d{3})_(\w+)")
_DEFINITION = re.compile(rf"^def {_NAME.pattern}\(", re.MULTILINE)


def numbers_of(names: Iterable[str]) -> set[int]:
    """Return the faults that some names of tests are about."""
    return {int(number) for name in names for number, _ in _NAME.findall(name)}


def all_tests() -> Iterator[tuple[int, str, str]]:
    """Yield fault, file and sentence of every numbered test; a few need the surroundings of another folder."""
    for file in sorted(TESTS.rglob("test_*.py")):
        for number, sentence in _DEFINITION.findall(file.read_text()):
            yield int(number), file.relative_to(TESTS).as_posix(), sentence.replace("_", " ")


def table() -> str:
    """Return the faults with the sentences that show them, as Markdown."""
    rows = [f"| {number} | {sentence} | `{file}` |" for number, file, sentence in sorted(all_tests())]
    return "\n".join(["| Fault | What a test shows | File |", "|---|---|---|", *rows])


if __name__ == "__main__":
    print(table())  # noqa: T201 - this is what it is for
