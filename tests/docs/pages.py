"""The documentation as data: its pages, tables, links, code and the paths and commands it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CELLS = re.compile(r"(?<!\\)\|")
_PATH = re.compile(r"[\w./-]+")
_FILE = re.compile(r"[\w-]+\.(?:md|toml|in|txt|yaml|py)|Makefile|LICENSE|Dockerfile")
_RULE_LINE = re.compile(r"[\s|:-]+")


def fences(page: Path, language: str | None = None) -> list[str]:
    """Return the fenced blocks of a page, of one language or of all."""
    found = _FENCE.findall(page.read_text())
    return [block for kind, block in found if language in (None, kind)]


def code(page: Path) -> list[str]:
    """Return what a page shows as code in its sentences."""
    return _CODE.findall(_FENCE.sub("", page.read_text()))


def links(page: Path) -> list[str]:
    """Return the targets of a page's links and pictures."""
    return _LINK.findall(_FENCE.sub("", page.read_text()))


def table(page: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of the table between the comments ``name`` and ``/name``, by column heading."""
    _, _, rest = page.read_text().partition(f"<!-- {name} -->")
    block, end, _ = rest.partition(f"<!-- /{name} -->")
    assert end, f"{page.name} has no table {name}"
    return rows_of(block)


def rows_of(block: str) -> list[dict[str, str]]:
    """Return the rows of the one Markdown table in a text."""
    lines = [line for line in block.splitlines() if line.startswith("|") and not _RULE_LINE.fullmatch(line)]
    heading, *rows = [[cell.strip() for cell in _CELLS.split(line)[1:-1]] for line in lines]
    assert rows
    return [dict(zip(heading, row, strict=True)) for row in rows]


def plain(cell: str) -> str:
    """Return a cell without its code marks; "" where it says none."""
    text = cell.strip("`")
    return "" if text == "none" else text


def missing_paths(page: Path) -> list[str]:
    """Return what a page names like a file or folder of this repository, and that is not there.

    A name with a slash begins with one of our folders; one without is a file at the top, or a module anywhere.
    """
    folders = {entry.name for entry in ROOT.iterdir() if entry.is_dir()}
    named = [word for word in code(page) if _PATH.fullmatch(word)]
    ours = [word for word in named if word.split("/")[0] in folders or _FILE.fullmatch(word)]
    return [word for word in ours if not (ROOT / word).exists() and not _is_module(word)]


def _is_module(name: str) -> bool:
    return name.endswith(".py") and any((ROOT / "include").rglob(name))


def tree_paths(block: str) -> Iterator[str]:
    """Yield the paths of a tree that is drawn by indentation: one a line, its meaning behind it."""
    folder = ""
    for line in filter(None, block.splitlines()):
        name = line.split()[0]
        is_inside = line.startswith(" ")
        yield folder + name if is_inside else name
        folder = folder if is_inside else name


def make_targets_named(page: Path) -> set[str]:
    """Return every X of ``make X`` in code and commands."""
    commands = [*code(page), *(line.strip() for block in fences(page, "sh") for line in block.splitlines())]
    return {found.group(1) for line in commands if (found := re.match(r"make ([a-z]+)", line))}


def is_there(evidence: str) -> bool:
    """Say whether a named test (``path::test``), file or command (``make x``) exists."""
    if evidence.startswith("make "):
        target = re.escape(evidence.removeprefix("make "))
        return re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE) is not None
    path, _, test = evidence.partition("::")
    found = ROOT / path
    return found.is_file() and (not test or f"def {test}(" in found.read_text())
