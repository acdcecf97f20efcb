"""docker-compose.yaml as Docker Compose itself reads it: parsed, checked against its schema, filled in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE, DOCKERFILE = ROOT / "docker-compose.yaml", ROOT / "Dockerfile"
PROFILES = ("monitoring", "sandbox")
HOW_TO_INSTALL = (
    "no Docker Compose on this machine; on Linux: sh scripts/install.sh .venv-compose requirements-compose.txt"
)
MOUNT_POINT = "/run/secrets/"

Service = dict[str, Any]


def compose_command() -> list[str]:
    """Return how Compose is called here: Docker's plugin, or the one that only the tests have."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:  # noqa: S603 - found on the PATH
        return [docker, "compose"]
    own = ROOT / ".venv-compose/bin/docker-compose"
    if own.exists():
        return [str(own)]
    if os.environ.get("CI") == "true":
        pytest.fail(HOW_TO_INSTALL)
    pytest.skip(HOW_TO_INSTALL)


def make_secrets(folder: Path, *more: str) -> None:
    """Make the secrets as `make secrets` does."""
    subprocess.run(["/bin/sh", ROOT / "scripts/secrets.sh", folder, *more], check=True, capture_output=True)  # noqa: S603 - our own script


def render(secrets_folder: Path, **environment: str) -> dict[str, Any]:
    """Have Compose read the file with all its profiles; it refuses what is not of its schema."""
    given = {"PATH": os.environ["PATH"], "HOME": str(secrets_folder), "SECRETS_FOLDER": str(secrets_folder)}
    profiles = [word for name in PROFILES for word in ("--profile", name)]
    done = subprocess.run(  # noqa: S603 - our own file
        [*compose_command(), "-f", COMPOSE_FILE, "--env-file", "/dev/null", *profiles, "config", "--format", "json"],
        env=given | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "level=warning" not in done.stderr, done.stderr
    return dict(json.loads(done.stdout))


def secrets_of(service: Service) -> set[str]:
    """Return the secrets that are mounted into a service."""
    return {one["source"] for one in service.get("secrets", [])}


def secrets_named(text: str) -> set[str]:
    """Return the secrets that a text reads by their path."""
    return set(re.findall(rf"{MOUNT_POINT}([\w.]+)", text)) | set(re.findall(r"\$secrets/([\w.]+)", text))
