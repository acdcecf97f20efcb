"""Where PostgreSQL's own programs are on this machine, and as whom its server may run."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path


def find_binaries() -> Path | None:
    """Return the folder with ``initdb`` and ``postgres``: the newest of Debian's, or one on the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    on_path = [Path(found).parent for found in [shutil.which("initdb")] if found]
    for folder in [*reversed(debian), *on_path]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def unprivileged_user() -> str | None:
    """Return the user to run the server as, or None where the present one will do."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
