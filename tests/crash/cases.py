"""Which cases are run: always all of them in the long run, and a fixed part of them in every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from booking_sandbox.hubspot_switches import UniqueProperties

SQLITE, POSTGRESQL = "sqlite", "postgresql"

REQUESTS_OF_FIRST_RUN = {"allowed": 16, "ignored": 16, "refused": 17}
"""How many requests the longest run of the walk makes, by what the portal does with the unique marker."""
WRITES_OF_FIRST_RUN = 8
MOST_COMMITS = 60
"""No run of the walk has more commits than this."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A database and a kind of portal."""

    database_kind: str
    unique_properties: UniqueProperties

    def __str__(self) -> str:
        return f"{self.database_kind}-{self.unique_properties}"


PLAIN = Setting(SQLITE, "allowed")
IN_PRODUCTION = Setting(POSTGRESQL, "allowed")
WITHOUT_UNIQUE_KEY = Setting(SQLITE, "ignored")
ALL_SETTINGS: Sequence[Setting] = (
    PLAIN,
    IN_PRODUCTION,
    WITHOUT_UNIQUE_KEY,
    Setting(POSTGRESQL, "ignored"),
    Setting(SQLITE, "refused"),
)


def case(setting: Setting, *values: Any, is_soak: bool) -> Any:
    """Return one case of a parametrised test, with an id by which it can be run alone."""
    marks = [pytest.mark.soak] if is_soak else []
    if setting.database_kind == POSTGRESQL:
        marks.append(pytest.mark.postgres)
    name = "-".join(map(str, (setting, *values)))
    return pytest.param(setting.database_kind, setting.unique_properties, *values, marks=marks, id=name)
