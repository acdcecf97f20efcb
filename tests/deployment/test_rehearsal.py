"""What is rehearsed without Docker is what docker-compose.yaml says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from proof.postgres_programs import find_binaries
from rehearsal.composed import Composed, Machine
from rehearsal.judge import RehearsalError, judge
from rehearsal.story import FORTNIGHT

from booking_sandbox.sample import TEAM_KEY, load_sample
from booking_sandbox.server import Sandbox
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.request import RunRequest
from booking_sync.service_clients import Addresses
from booking_sync.services import build_services, utc_now
from booking_sync.settings import Settings
from tests.deployment.composed import COMPOSE_FILE, ROOT, make_secrets, render

HOW_TO_INSTALL = "PostgreSQL or Redis is not on this machine: apt-get install postgresql redis-server"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("rehearsed")
    make_secrets(folder / "secrets")
    hosts = {"@postgres/": "@127.0.0.1:5/", "@redis:6379": "@127.0.0.1:6", "airflow-apiserver:8080": "127.0.0.1:8"}
    return Machine(ROOT, folder, folder / "secrets", hosts, base={"PATH": "/venv/bin"})


@pytest.fixture(scope="module")
def rendered(machine: Machine) -> dict[str, Any]:
    return dict(render(machine.secrets)["services"])


def as_here(text: str, machine: Machine, service: str) -> str:
    """Return what Compose made of a text, with the folders and addresses of this machine."""
    places = {
        "/run/secrets": str(machine.home_of(service) / "secrets"),
        "/opt/booking-sync": str(ROOT),
        "/var/log/airflow": str(machine.folder / "task-logs"),
        **machine.hosts,
        "$$": "$",  # Compose prints its file so that it could be read again
    }
    for there, here in places.items():
        text = text.replace(there, here)
    return text


@pytest.mark.parametrize(
    "name", [f"airflow-{part}" for part in ("init", "apiserver", "scheduler", "dag-processor", "triggerer", "worker")]
)
def test_a_service_is_rehearsed_with_the_command_and_the_environment_that_compose_gives_it(
    machine: Machine, rendered: dict[str, Any], name: str
) -> None:
    composed, here = rendered[name], Composed.read(COMPOSE_FILE, {}).service(name, machine)
    assert here.command == [as_here(word, machine, name) for word in composed["command"]]
    given = {key: as_here(value, machine, name) for key, value in composed["environment"].items()}
    assert {key: value for key, value in here.environment.items() if key in given} == given
    assert set(here.environment) - set(given) == {"PATH", "AIRFLOW_HOME", "SECRETS_FOLDER"}


def test_a_service_is_rehearsed_with_the_secrets_that_compose_grants_it_and_no_others(
    machine: Machine, rendered: dict[str, Any]
) -> None:
    Composed.read(COMPOSE_FILE, {}).service("airflow-worker", machine)
    granted = {secret["source"] for secret in rendered["airflow-worker"]["secrets"]}
    assert {file.name for file in (machine.home_of("airflow-worker") / "secrets").iterdir()} == granted


def test_the_judge_finds_the_sample_right_once_it_is_synced_and_wrong_before(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        load_sample(sandbox.calendar.state, sandbox.hubspot.state, utc_now())
        services = build_services(
            Settings(),
            database_url=f"sqlite:///{tmp_path}/mapping.db",
            addresses=lambda: Addresses(
                sandbox.calendar.url, TEAM_KEY, sandbox.hubspot.url, sandbox.hubspot.service_key
            ),
        )
        with pytest.raises(RehearsalError, match="has 0 activities"):
            judge(sandbox, services.engine)
        reconcile(services, manual_trigger("rehearsed", "ada"), RunRequest(window_start=utc_now() - FORTNIGHT))
        assert judge(sandbox, services.engine).startswith("HubSpot holds each of")
        services.close()
        services.engine.dispose()


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_production_shape_survives_the_loss_of_a_worker_and_ends_right() -> None:
    """`make rehearse` itself: PostgreSQL, Redis, a whole Airflow with two Celery workers."""
    if find_binaries() is None or shutil.which("redis-server") is None:
        pytest.fail(HOW_TO_INSTALL) if os.environ.get("CI") == "true" else pytest.skip(HOW_TO_INSTALL)
    done = subprocess.run(["make", "rehearse"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - make of this machine
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert done.stdout.rstrip().endswith("Everything ended right.")
