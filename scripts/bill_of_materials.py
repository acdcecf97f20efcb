"""Writes the CycloneDX bills of materials of both locks into the folder .sbom; the same lock gives the same bytes.

python -m scripts.bill_of_materials [FOLDER]
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = {"image": "requirements-production.txt", "development": "requirements.txt"}


def write(name: str, folder: Path) -> Path:
    """Write one, checked against CycloneDX's schema by its own tool."""
    path = folder / f"booking-sync-{name}.cdx.json"
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", LOCKS[name]]
    options = ["--pyproject", "pyproject.toml", "--output-reproducible", "--validate", "--output-file", str(path)]
    subprocess.run([*command, *options], cwd=ROOT, check=True)  # noqa: S603 - our own command
    return path


def main(arguments: Sequence[str]) -> int:
    """Write them all."""
    folder = Path(arguments[0]) if arguments else ROOT / ".sbom"
    folder.mkdir(exist_ok=True)
    for name in LOCKS:
        sys.stdout.write(f"{write(name, folder)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
