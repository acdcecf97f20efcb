"""Statements that SQLAlchemy has compiled, kept across engines: compiling them anew for each scene takes time.

SQLAlchemy's own cache belongs to one engine, and its keys begin with the engine's dialect. All engines of the tests on
one kind of database are alike, so here the kind of the dialect stands for it; and nothing holds on to an engine that
is not used any more.
"""

from __future__ import annotations

from typing import Any


class CompiledStatements(dict[Any, Any]):
    """A ``compiled_cache`` for the engines of many scenes."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """Return what was compiled for the same statement and kind of database."""
        return super().get(_key(key), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        super().__setitem__(_key(key), compiled)


def _key(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *statement = key
    return (type(dialect), *statement)


COMPILED = CompiledStatements()
"""Those of this process."""
