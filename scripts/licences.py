"""Writes docs/licences.md: what licence every locked package declares. Refuses one that is not on the list below.

    python -m scripts.licences                                compare the page with what is installed here
    python -m scripts.licences --write [SITE-PACKAGES ...]    write it, with the packages of other environments too

The image is installed from a lock of its own (requirements-production.txt), so no one environment holds every package:
rows of packages that are in none of the given ones stay as they are.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
LOCKS = {"image": ROOT / "requirements-production.txt", "development": ROOT / "requirements.txt"}

ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "PSF-2.0"),
        *("Unlicense", "Zlib"),
        "MPL-2.0",  # for files of theirs that somebody changes; we change none
        "Artistic License",  # text-unidecode, which offers it beside the GPL
    }
)
"""To link to code under any of these, unchanged, asks nothing of a program under the Apache License but to keep the
notices."""

LIBRARIES = {"psycopg2-binary": "LGPL", "psycopg": "LGPL-3.0-only", "psycopg-binary": "LGPL-3.0-only"}
"""Under the LGPL, allowed by name: drivers that are imported unchanged, and that whoever runs this can replace."""

NOT_DECLARED = {"axe-playwright-python": "MIT", "pyyaml-ft": "MIT"}
"""What metadata does not tell: the first says it in its licence file only, the second is installed on 3.13 only."""

SHORT = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "GNU General Public License (GPL)": "GPL",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""PyPI's classifiers as SPDX has them, so that a package may change from the one to the other."""

_LOCKED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", re.MULTILINE)
_ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)
_HEAD = """# Licences

What every locked package declares about itself. `make licences` writes this page; `make check` fails where it differs
from what is installed, and where a licence is not on the list in [licences.py](../scripts/licences.py). *image* is what
`docker-compose.yaml` runs, *development* what `make` installs. Versions and hashes are in the locks, and in the bills
of materials that `make sbom` writes. This project itself is under the [Apache License 2.0](../LICENSE).

| Package | Declares | In |
|---|---|---|
"""


def locked(lock: Path) -> set[str]:
    """Return the names of the packages in a lock."""
    return set(_LOCKED.findall(lock.read_text()))


def declared(distribution: Distribution) -> str:
    """Return what a package says: its SPDX expression, else its classifiers (a choice), else its licence field."""
    metadata = distribution.metadata
    for expression in metadata.get_all("License-Expression") or []:
        return str(expression)
    classified = [one for one in metadata.get_all("Classifier") or [] if one.startswith("License :: ")]
    named = sorted(one.rpartition(" :: ")[2] for one in classified if one.count(" :: ") > 1)
    if not named:
        named = [text.partition("\n")[0].strip() for text in metadata.get_all("License") or []]
    return " OR ".join(SHORT.get(name, name) for name in named)


def installed(site_packages: Sequence[str]) -> dict[str, str]:
    """Return what each package of these environments declares, by its name as locks spell it."""
    found = distributions(path=list(site_packages))
    said = {_canonical(one.metadata["Name"]): declared(one) for one in found}
    return {name: NOT_DECLARED.get(name, licence) for name, licence in said.items()}


def is_allowed(name: str, licence: str) -> bool:
    """Say whether one of the choices is made of allowed licences only."""
    if LIBRARIES.get(name) == licence:
        return True
    return any(all(part in ALLOWED for part in choice.split(" AND ")) for choice in licence.split(" OR "))


def rows(known: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the rows of the page for every locked package; what is not known is "unknown"."""
    used_in = {where: locked(lock) for where, lock in LOCKS.items()}
    names = sorted(set().union(*used_in.values()))
    where = {name: ", ".join(one for one, held in used_in.items() if name in held) for name in names}
    return [(name, known.get(name) or "unknown", where[name]) for name in names]


def listed() -> dict[str, str]:
    """Return what the page says."""
    return {name: licence for name, licence, _ in _ROW.findall(PAGE.read_text())} if PAGE.exists() else {}


def page(known: Mapping[str, str]) -> str:
    """Return the page."""
    return _HEAD + "".join(f"| `{name}` | {licence} | {where} |\n" for name, licence, where in rows(known))


def problems(known: Mapping[str, str]) -> list[str]:
    """Return the packages whose licence nobody has allowed."""
    return [f"{name}: {licence}" for name, licence, _ in rows(known) if not is_allowed(name, licence)]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(arguments: Sequence[str]) -> int:
    """Compare or write."""
    is_writing, others = arguments[:1] == ["--write"], arguments[1:]
    known = {**listed(), **NOT_DECLARED, **installed([*others, *sys.path])}
    if is_writing:
        PAGE.write_text(page(known))
    if found := problems(known):
        sys.stderr.write("Not allowed, or not known:\n" + "".join(f"  {one}\n" for one in found))
        return 1
    if PAGE.read_text() != page(known):
        sys.stderr.write("docs/licences.md is not what is installed: make licences\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
