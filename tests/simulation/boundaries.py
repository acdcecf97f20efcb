"""Every boundary of the protocol, listed from the source, and the name of the one that a worker has just come to.

A commit is named for the function that opens its transaction, a request for the method of a client that makes it:
``record.record_created.commit.before``, ``hubspot.create_activities.request.after``. Where a function has several
transactions, they are numbered.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TypeGuard

import booking_sync
from booking_sync.boundary import Act, Moment

PACKAGE = Path(booking_sync.__file__).parent
CLIENTS = PACKAGE / "clients"
TRANSACTIONS = frozenset({"writing", "recording"})
"""What opens a transaction that ends with a commit."""
HOOKED = frozenset({("store/database.py", "writing"), ("work.py", "recording")})
"""The transactions that are the hook, rather than use it."""
OUTSIDE_RUNS = frozenset(
    {
        "database._set_up",
        "upgrade.upgrade_database",
        "restoring.restore_1",
        "restoring.restore_2",
        "rotation._rotate_table",
    }
)
"""Transactions that no run has: an empty database is set up when it is opened, and what operators ask for."""
SENDING = frozenset({"read", "write", "reach"})
"""The two methods of ``JsonHttp``, through which every request goes, and what a client calls that sends by itself."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, order=True)
class Boundary:
    """One side of one act of one step."""

    step: str
    act: Act
    moment: Moment

    def __str__(self) -> str:
        return f"{self.step}.{self.act}.{self.moment}"


@dataclass(frozen=True, slots=True)
class _Transaction:
    """A ``with`` statement that ends with a commit: which step it is, and on which lines it begins."""

    step: str
    path: str
    first_line: int
    last_line: int


@cache
def all_boundaries() -> frozenset[Boundary]:
    """Return the boundaries that the source says there are."""
    requests = _requests() - _asking_for_the_same()
    steps = [(one.step, Act.COMMIT) for one in _transactions()] + [(name, Act.REQUEST) for name in requests]
    return frozenset(
        Boundary(step, act, moment) for step, act in steps for moment in Moment if step not in OUTSIDE_RUNS
    )


def here(act: Act, moment: Moment) -> Boundary:
    """Name the boundary that the calling worker has come to; called by a watcher."""
    frame: FrameType | None = sys._getframe(1)
    step = _step_of_commit(frame) if act is Act.COMMIT else _step_of_request(frame)
    return Boundary(step, act, moment)


def acts_outside_the_hooks() -> list[str]:
    """Return the places that commit or send in another way, past the hooks."""
    allowed = {("store/database.py", "begin"), ("clients/http.py", "request"), ("clients/wire.py", "request")}
    found = []
    for path, tree in _sources(PACKAGE):
        where = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(tree):
            name = _called(node)
            if name in {"begin", "begin_nested", "commit", "request", "urlopen"} and (where, name) not in allowed:
                found.append(f"{where}:{getattr(node, 'lineno', 0)} calls {name}")
    return found


def _step_of_commit(frame: FrameType | None) -> str:
    places = _commit_places()
    while frame is not None:
        step = places.get((frame.f_code.co_filename, frame.f_lineno))
        if step is not None:
            return step
        frame = frame.f_back
    raise LookupError("a commit that the source does not show: see the list of transactions")


def _step_of_request(frame: FrameType | None) -> str:
    """Return the outermost of the client functions that the request is made by."""
    clients, step = str(CLIENTS), ""
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(clients):
            step = f"{Path(path).stem}.{_plain(frame.f_code.co_qualname)}"
        elif step and path.startswith(str(PACKAGE)):
            break
        frame = frame.f_back
    return _names_of_generators().get(step, step)


def _plain(qualified_name: str) -> str:
    return qualified_name.partition(".<locals>")[0].rpartition(".")[2]


@cache
def _commit_places() -> dict[tuple[str, int], str]:
    return {(one.path, line): one.step for one in _transactions() for line in range(one.first_line, one.last_line + 1)}


@cache
def _transactions() -> tuple[_Transaction, ...]:
    found: list[_Transaction] = []
    for path, tree in _sources(PACKAGE):
        for _, name, function in _functions(tree):
            where = (path.relative_to(PACKAGE).as_posix(), name)
            blocks = [] if where in HOOKED else [node for node in ast.walk(function) if _is_transaction(node)]
            for number, block in enumerate(sorted(blocks, key=lambda node: node.lineno), 1):
                step = f"{path.stem}.{name}" + (f"_{number}" if len(blocks) > 1 else "")
                last = max(item.context_expr.end_lineno or 0 for item in block.items)
                found.append(_Transaction(step, str(path), block.lineno, last))
    return tuple(found)


def _is_transaction(node: ast.AST) -> TypeGuard[ast.With]:
    return isinstance(node, ast.With) and any(_called(item.context_expr) in TRANSACTIONS for item in node.items)


@cache
def _requests() -> frozenset[str]:
    """Return the public methods that send, of the classes that are used outside the clients."""
    outside = [_tree(path) for path in sorted(PACKAGE.rglob("*.py")) if CLIENTS not in path.parents]
    nodes = [node for tree in outside for node in ast.walk(tree)]
    imported = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    called = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return frozenset(
        f"{stem}.{name}"
        for stem, owner, name in _senders()
        if owner in imported and name in called and not name.startswith("_")
    )


@cache
def _senders() -> frozenset[tuple[str, str, str]]:
    """Return module, class and name of every client function that comes to ``JsonHttp``, however many calls away."""
    sources = [(path, tree) for path, tree in _sources(CLIENTS) if path.stem not in {"http", "wire", "retry"}]
    calls = {
        (path.stem, owner, name): {_called(node) for node in ast.walk(function)}
        for path, tree in sources
        for owner, name, function in _functions(tree)
    }
    sending: set[str | None] = {*SENDING}
    found: set[tuple[str, str, str]] = set()
    while new := {one for one, names in calls.items() if names & sending} - found:
        found |= new
        sending |= {name for _, _, name in new}
    return frozenset(found)


@cache
def _names_of_generators() -> dict[str, str]:
    """Return the public names of generators that are handed on: by then, who asked for them has left the stack."""
    generators = [
        (path.stem, name) for path, tree in _sources(CLIENTS) for _, name, one in _functions(tree) if _is_generator(one)
    ]
    named = {f"{stem}.{name}": _public_name((stem, name), _handed_on()) for stem, name in generators}
    return {step: name for step, name in named.items() if name is not None and name != step}


def _asking_for_the_same() -> set[str]:
    """Return the methods whose requests bear the name of another one that hands on the same generator."""
    named = _names_of_generators()
    generators = {step.rpartition(".")[2]: name for step, name in named.items()}
    return {
        f"{stem}.{name}"
        for (stem, name), handed in _handed_on().items()
        if f"{stem}.{name}" in _requests() and handed in generators and generators[handed].startswith(f"{stem}.")
    } - set(named.values())


@cache
def _handed_on() -> dict[tuple[str, str], str | None]:
    """Return what each client function that is no generator ends with calling."""
    return {
        (path.stem, name): _called(one.body[-1].value)
        for path, tree in _sources(CLIENTS)
        for _, name, one in _functions(tree)
        if isinstance(one.body[-1], ast.Return) and not _is_generator(one)
    }


def _public_name(place: tuple[str, str], handed: dict[tuple[str, str], str | None]) -> str | None:
    """Follow a generator to the method that is asked for it, through those who only hand it on."""
    while f"{place[0]}.{place[1]}" not in _requests():
        askers = [asker for asker, name in handed.items() if name == place[1] and asker != place]
        near = [one for one in askers if one[0] == place[0]] or askers
        if not near:
            return None
        named = [one for one in near if f"{one[0]}.{one[1]}" in _requests()]
        place, handed = (named or near)[0], {one: name for one, name in handed.items() if one not in near}
    return f"{place[0]}.{place[1]}"


def _is_generator(function: Function) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))


def _called(node: ast.AST | None) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    target = node.func
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else None


def _functions(tree: ast.Module) -> Iterator[tuple[str, str, Function]]:
    """Yield class, name and code of a module's functions and methods; what makes an object is named for its class."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for one in node.body:
                if isinstance(one, Function):
                    yield node.name, node.name if one.name == "__init__" else one.name, one
        elif isinstance(node, Function):
            yield "", node.name, node


def _sources(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, _tree(path)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
