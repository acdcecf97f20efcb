"""What the long run has found, kept: each is a story, the boundary that was struck, and what was learned."""

from __future__ import annotations

import pytest

from tests.simulation.faults import SURVIVED_ALONE
from tests.simulation.scenarios import BY_NAME
from tests.simulation.search import clean_walk, one_fault_each, search
from tests.simulation.stage import Stage

FOUND = (
    # A contact that was made and merged away before our creation was read back is audited under the one that stands.
    ("contact merged", "create_contacts.request"),
    ("contact merged where the marker is not unique", "create_contacts.request"),
)


@pytest.mark.parametrize(("story", "struck"), FOUND)
def test_what_was_found_is_got_over(sqlite_stage: Stage, story: str, struck: str) -> None:
    scenario = BY_NAME[story]
    passes = clean_walk(sqlite_stage, scenario).passes
    cases = [
        case
        for case in one_fault_each(sqlite_stage, [scenario], SURVIVED_ALONE)
        if struck in str(passes[case.faults[0].after - 1].boundary)
    ]
    assert cases
    assert not search(sqlite_stage, cases).violations
