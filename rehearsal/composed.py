"""The services of docker-compose.yaml as they run on this machine: the same commands, environments and secrets."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_VARIABLE = re.compile(r"\$\$|\$\{([A-Z_]+):-([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Service:
    """What a service runs, with what."""

    command: list[str]
    environment: dict[str, str]
    healthcheck: list[str]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where on this machine that is which the containers have, and what their hosts are called here."""

    repository: Path
    folder: Path
    secrets: Path
    hosts: Mapping[str, str]
    """Each address in the file, and the one here."""
    base: Mapping[str, str]
    """What the image itself brings: where programs are."""

    def home_of(self, service: str) -> Path:
        """Return the folder that belongs to one service."""
        return self.folder / "services" / service


@dataclass(frozen=True, slots=True)
class Composed:
    """The file, with variables as ``.env`` would set them."""

    file: dict[str, Any]
    variables: Mapping[str, str]

    @classmethod
    def read(cls, path: Path, variables: Mapping[str, str]) -> Composed:
        """Read the file; YAML itself resolves what its services share."""
        return cls(yaml.safe_load(path.read_text(encoding="utf-8")), variables)

    def service(self, name: str, machine: Machine, called: str = "") -> Service:
        """Return a service as it runs here; makes its folder, with the secrets that are granted to it and no others.

        Where a service runs several times, each is ``called`` something.
        """
        found, home = self.file["services"][name], machine.home_of(called or name)
        _grant(found.get("secrets", []), machine.secrets, home / "secrets")
        (home / "airflow").mkdir(exist_ok=True)
        places = {
            "/run/secrets": str(home / "secrets"),
            "/opt/booking-sync": str(machine.repository),
            "/var/log/airflow": str(machine.folder / "task-logs"),
            **machine.hosts,
        }
        own = {"AIRFLOW_HOME": str(home / "airflow"), "SECRETS_FOLDER": str(home / "secrets")}
        given = {key: self._here(value, places) for key, value in found.get("environment", {}).items()}
        return Service(
            command=[self._here(word, places) for word in found["command"]],
            environment={**machine.base, **own, **given},
            healthcheck=_as_command(
                [self._here(word, places) for word in found.get("healthcheck", {}).get("test", [])]
            ),
        )

    def _here(self, text: str, places: Mapping[str, str]) -> str:
        filled_in = _VARIABLE.sub(self._value, str(text))
        for there, here in places.items():
            filled_in = filled_in.replace(there, here)
        return filled_in

    def _value(self, found: re.Match[str]) -> str:
        return self.variables.get(found[1], found[2]) if found[1] else "$"


def _grant(names: list[str], secrets: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(secrets / name, folder / name)


def _as_command(test: list[str]) -> list[str]:
    if test[:1] == ["CMD-SHELL"]:
        return ["/bin/sh", "-c", *test[1:]]
    return test[1:]
