"""The scene of the flow tests, for what operators do to the mapping database."""

from __future__ import annotations

from tests.flow.conftest import clock_of_all_scenes, empty_mapping, marker_mode, running_sandbox, scene
from tests.store.conftest import engine

__all__ = ["clock_of_all_scenes", "empty_mapping", "engine", "marker_mode", "running_sandbox", "scene"]
