"""The bill of materials lists the lock: every package with version and hashes, and nothing of the moment."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scripts import bill_of_materials, licences


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Write the one of the image."""
    written = bill_of_materials.write("image", tmp_path_factory.mktemp("bill"))
    loaded: dict[str, object] = json.loads(written.read_text())
    return loaded


def test_it_lists_every_package_of_the_lock_with_its_version_and_hashes(bill: dict[str, object]) -> None:
    lock = licences.LOCKS["image"].read_text()
    pinned = set(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE))
    components = bill["components"]
    assert isinstance(components, list)
    assert {(one["name"], one["version"]) for one in components} == pinned
    assert all(one["externalReferences"][0]["hashes"] for one in components)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")


def test_it_says_nothing_of_the_moment_or_the_place(bill: dict[str, object]) -> None:
    """So the same lock gives the same bytes."""
    metadata = bill["metadata"]
    assert isinstance(metadata, dict)
    assert "serialNumber" not in bill
    assert "timestamp" not in metadata
    assert metadata["component"]["name"] == "booking-sync"
    assert str(Path(__file__).parents[2]) not in json.dumps(bill)
