"""The commands with which the README goes to production exist, and name what exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.deployment.composed import COMPOSE_FILE, ROOT

README = ROOT / "README.md"


def commands() -> list[str]:
    """Return what the chapter tells people to type, a line each."""
    chapter = README.read_text().partition("\n## In production\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", chapter, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()]


def test_the_services_and_profiles_that_are_named_exist() -> None:
    services = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    text = "\n".join(commands())
    named = re.findall(r"exec (?:-T )?(\S+)", text)
    assert named
    assert set(named) <= set(services)
    profiles = {profile for service in services.values() for profile in service.get("profiles", [])}
    assert set(re.findall(r"--profile (\S+)", text)) <= profiles


def test_the_variables_that_are_set_are_read() -> None:
    named = set(re.findall(r"\b([A-Z][A-Z_]+)=", "\n".join(commands())))
    read = COMPOSE_FILE.read_text() + (ROOT / "Makefile").read_text()
    assert {"SANDBOX", "AIRFLOW_WORKERS"} <= named
    assert [name for name in named if name not in read] == []


def test_every_variable_of_the_example_is_read_and_its_default_is_the_one_of_compose() -> None:
    example = re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    given = [(name, value) for name, value in example if not name.startswith("BOOKING_SYNC_")]
    read = dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", COMPOSE_FILE.read_text()))
    assert {name for name, _ in given} == set(read)
    assert {name: value for name, value in given if read[name]} == {
        name: value for name, value in read.items() if value
    }


@pytest.mark.airflow
def test_the_commands_of_airflow_are_airflows() -> None:
    from airflow.cli.cli_parser import get_parser  # noqa: PLC0415 - takes seconds

    typed = [shlex.split(line.partition(" airflow ")[2]) for line in commands() if " airflow " in line]
    assert len(typed) >= 3
    for words in typed:
        get_parser().parse_args(words)


def test_the_files_that_are_named_are_made() -> None:
    chapter = README.read_text().partition("\n## In production\n")[2].partition("\n## ")[0]
    script = (ROOT / "scripts/secrets.sh").read_text()
    for name in re.findall(r"`secrets/([\w.]+)`", chapter):
        assert Path(name).name in script
