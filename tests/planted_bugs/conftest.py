"""The stage on which planted bugs are looked for is that of the simulation."""

from __future__ import annotations

from tests.simulation.conftest import sqlite_stage, stage_on_sqlite

__all__ = ["sqlite_stage", "stage_on_sqlite"]
