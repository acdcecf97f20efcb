"""The type of what comes over the wire before anybody has looked at it."""

from __future__ import annotations

from typing import Any

Json = Any
"""Whatever JSON can hold: the sandbox must accept every shape in order to refuse it properly."""
