"""Every fault of the list has its test; ``python -m tests.faults.numbers`` prints which."""

from __future__ import annotations

from tests.faults.numbers import MOST, all_tests, numbers_of


def test_every_fault_has_its_test() -> None:
    numbers = {number for number, _, _ in all_tests()}
    assert set(range(1, MOST + 1)) - numbers == set()
    assert numbers - set(range(1, MOST + 1)) == set()


def test_numbers_are_read_off_names() -> None:
    assert numbers_of(["tests/x.py::test_fault_014_a_timeout[one]", "test_fault_122_b", "test_else"]) == {14, 122}
