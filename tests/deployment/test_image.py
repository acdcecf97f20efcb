"""The image holds what the lock says and nothing else."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import yaml

from tests.deployment.composed import COMPOSE_FILE, DOCKERFILE, ROOT

LOCK, WANTED = ROOT / "requirements-production.txt", ROOT / "requirements-production.in"
ALSO_RUN_BY_US = ("apache-airflow", "apache-airflow-task-sdk", "pandas", "psycopg2-binary", "requests", "sqlalchemy")
"""What the tests run on must be what the image runs on."""


def lines_of(file: Path) -> list[str]:
    return file.read_text().replace("\\\n", " ").splitlines()


def pins(file: Path) -> dict[str, set[str]]:
    """Return the locked versions of each package: several where they depend on the Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", file.read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_the_image_installs_the_lock_with_hashes_and_nothing_besides() -> None:
    installs = [line for line in lines_of(DOCKERFILE) if "pip install" in line]
    first, second = installs
    for option in ("--require-hashes", "--only-binary :all:", f"--requirement /build/{LOCK.name}"):
        assert option in first
    assert "--no-deps --no-build-isolation /build" in second
    assert not re.search(r"apt|curl|wget|ADD ", DOCKERFILE.read_text())


def test_the_image_runs_as_nobody_special() -> None:
    assert DOCKERFILE.read_text().rstrip().endswith("USER 50000:0")
    assert yaml.safe_load(COMPOSE_FILE.read_text())["x-airflow"]["user"] == "50000:0"


def test_every_base_image_has_an_exact_tag() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    assert len(bases) == 2
    assert set(bases) == {bases[0]}
    assert re.fullmatch(r"python:3\.12\.\d+-slim-bookworm", bases[0])


def test_what_the_image_copies_is_there_and_reaches_the_builder() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [line.split()[1] for line in lines_of(DOCKERFILE) if line.startswith("COPY") and "--from" not in line]
    assert sorted(copied) == sorted(allowed)
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_no_secret_reaches_the_builder() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] not in "#!"]
    for path in (".env", "secrets", ".git", ".demo"):
        assert any(fnmatch.fnmatch(path, rule) for rule in rules)
        assert f"!{path}" not in (ROOT / ".dockerignore").read_text().split()


def test_every_locked_package_has_a_hash() -> None:
    pinned = [line for line in lines_of(LOCK) if "==" in line and not line.startswith("#")]
    assert len(pinned) > 100
    assert [line.split()[0] for line in pinned if "--hash=sha256:" not in line] == []


def test_the_lock_holds_everything_that_is_wanted() -> None:
    wanted = re.findall(r"^([a-z0-9-]+)", WANTED.read_text(), re.MULTILINE)
    assert set(wanted) <= set(pins(LOCK))


def test_the_image_runs_on_the_versions_that_the_tests_run_on() -> None:
    ours, tested = pins(LOCK), pins(ROOT / "requirements.txt")
    assert {name: ours[name] for name in ALSO_RUN_BY_US} == {name: tested[name] for name in ALSO_RUN_BY_US}


def test_the_tag_of_the_image_is_the_version_of_airflow() -> None:
    (version,) = pins(LOCK)["apache-airflow"]
    image = yaml.safe_load(COMPOSE_FILE.read_text())["x-airflow"]["image"]
    assert image == f"booking-sync-airflow:{version}"
