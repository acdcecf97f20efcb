"""A licence that nobody has looked at stops the check."""

from __future__ import annotations

from importlib.metadata import distribution

import pytest

from scripts import licences


def test_every_package_of_both_locks_is_listed_and_no_other() -> None:
    wanted = set().union(*map(licences.locked, licences.LOCKS.values()))
    assert len(wanted) > 150
    assert set(licences.listed()) == wanted


@pytest.mark.parametrize(
    ("licence", "is_allowed"),
    [
        ("MIT", True),
        ("GPL OR Artistic License", True),
        ("MIT AND PSF-2.0", True),
        ("MIT AND AGPL-3.0-only", False),
        ("LGPL", False),
        ("Proprietary", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_a_licence_is_allowed_where_one_of_the_choices_is_in_all_its_parts(licence: str, is_allowed: bool) -> None:  # noqa: FBT001 - a case of the table
    assert licences.is_allowed("some-package", licence) == is_allowed


def test_a_library_under_the_lgpl_is_allowed_by_its_name_only() -> None:
    assert licences.is_allowed("psycopg2-binary", "LGPL")
    assert not licences.is_allowed("psycopg2-binary", "GPL")


def test_a_package_that_is_not_allowed_is_named() -> None:
    known = {**licences.listed(), "requests": "SSPL-1.0"}
    assert licences.problems(known) == ["requests: SSPL-1.0"]


def test_a_licence_is_read_from_expression_classifiers_or_field() -> None:
    assert licences.declared(distribution("hypothesis")) == "MPL-2.0"
    assert licences.declared(distribution("arrow")) == "Apache-2.0"
    assert licences.declared(distribution("psutil")) == "BSD-3-Clause"
