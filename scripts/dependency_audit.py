"""Asks a vulnerability database about every locked package, and says how old its answers are.

    python -m scripts.dependency_audit [URL of an OSV query endpoint]

pip-audit ends well where it could ask nobody unless it is strict, and with an empty database in any case. So the
database is first asked about a version that is known to be vulnerable: one that does not know it is no evidence.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements-production.txt", "requirements.txt")
OSV = "https://api.osv.dev/v1/query"
KNOWN_TO_BE_VULNERABLE = {"version": "2.4.1", "package": {"name": "jinja2", "ecosystem": "PyPI"}}
"""An old release with several advisories of several years."""

_TIMEOUT_SECONDS = 30


def newest_known(url: str) -> str | None:
    """Return when the newest advisory on the known-bad version was last changed, or None: the database is of no use."""
    try:
        answer = requests.post(url, json=KNOWN_TO_BE_VULNERABLE, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        found: list[dict[str, Any]] = answer.json().get("vulns", []) if answer.ok else []
    except (requests.RequestException, ValueError):
        return None
    return max((str(one.get("modified", "")) for one in found), default=None)


def audit(url: str, lock: str) -> int:
    """Have pip-audit ask about one lock; not zero if anything is known, or a package could not be asked about."""
    command = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip", "--progress-spinner", "off"]
    where = ["--vulnerability-service", "osv", "--osv-url", url, "--requirement", lock]
    return subprocess.run([*command, *where], cwd=ROOT, check=False).returncode  # noqa: S603 - our own command


def main(arguments: Sequence[str]) -> int:
    """Audit all locks and say of when the data is."""
    url = arguments[0] if arguments else OSV
    newest = newest_known(url)
    if newest is None:
        sys.stderr.write(f"NOT AUDITED: {url} does not answer, or does not know what is known to be vulnerable\n")
        return 1
    results = [audit(url, lock) for lock in LOCKS]
    asked = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    sys.stdout.write(f"Asked {url} on {asked}; its newest advisory on jinja2 2.4.1 is of {newest}\n")
    return max(results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
