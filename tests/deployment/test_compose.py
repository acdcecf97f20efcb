"""The production shape is hardened, service by service, and keeps every secret in a file. Needs no Docker engine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.composed import MOUNT_POINT, ROOT, Service, make_secrets, render, secrets_named, secrets_of

ONE_SHOT = {"airflow-init"}
CALLS_OUT = {"airflow-apiserver", "airflow-triggerer", "airflow-worker"}
"""Who works with the two services, or sends mail."""
HAS_A_PORT = {"airflow-apiserver", "grafana", "jaeger", "prometheus"}
"""Whom people of this machine open in a browser. Everybody else stays among themselves."""
CANNOT_SAY = {"jaeger"}
"""Whose image has no program that could ask how it is."""
SCRIPTS = {"airflow-init": "prepare.sh", "postgres": "create-databases.sh"}
"""Who reads secrets in a script, and not only by what compose says."""
SECRET_NAME = re.compile(r"PASSWORD|SECRET|KEY|TOKEN|CONN\b|AIRFLOW_CONN_|BROKER_URL|RESULT_BACKEND")
EXACT_TAG = re.compile(r":v?\d+\.\d+\.\d+\S*$|:\d+\.\d+-\S+$|@sha256:[0-9a-f]{64}$")


@pytest.fixture(scope="module")
def secrets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("composed") / "secrets"
    make_secrets(folder)
    return folder


@pytest.fixture(scope="module")
def composed(secrets_folder: Path) -> dict[str, Any]:
    return render(secrets_folder)


@pytest.fixture(scope="module")
def services(composed: dict[str, Any]) -> dict[str, Service]:
    return dict(composed["services"])


def test_the_shape_has_every_part_of_airflow_two_workers_and_both_stores(services: dict[str, Service]) -> None:
    parts = {"apiserver", "scheduler", "dag-processor", "triggerer", "worker", "init"}
    assert {f"airflow-{part}" for part in parts} | {"postgres", "redis", "sandbox"} <= set(services)
    assert services["airflow-worker"]["deploy"]["replicas"] == 2
    profiles = {name: one["profiles"] for name, one in services.items() if "profiles" in one}
    watching = ("grafana", "jaeger", "prometheus", "statsd-exporter")
    assert profiles == {"sandbox": ["sandbox"], **{name: ["monitoring"] for name in watching}}


def test_every_service_is_hardened(services: dict[str, Service]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True, name
        assert int(service["user"].partition(":")[0]) > 0, name
        assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & set(service), name


def test_every_service_has_limits_and_its_log_has_one_too(services: dict[str, Service]) -> None:
    for name, service in services.items():
        assert 0 < int(service["mem_limit"]) <= 2 * 1024**3, name
        assert 0 < float(service["cpus"]) <= 2, name
        assert 0 < service["pids_limit"] <= 256, name
        assert service["logging"] == {"driver": "local"}, name
        assert all("size=" in mount for mount in service.get("tmpfs", [])), name


def test_every_service_that_stays_is_restarted_and_says_how_it_is(services: dict[str, Service]) -> None:
    assert {name for name, service in services.items() if service["restart"] == "no"} == ONE_SHOT
    assert {name for name, service in services.items() if "healthcheck" not in service} == ONE_SHOT | CANNOT_SAY


def test_nothing_is_mounted_from_the_machine_but_files_of_ours_that_cannot_be_written(
    services: dict[str, Service],
) -> None:
    bound = [mount for one in services.values() for mount in one.get("volumes", []) if mount["type"] == "bind"]
    assert bound
    for mount in bound:
        assert mount["read_only"] is True, mount
        assert ROOT in Path(mount["source"]).parents, mount
        assert Path(mount["source"]).exists(), mount


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_no_secret_is_in_an_environment_or_a_command(
    composed: dict[str, Any], services: dict[str, Service], secrets_folder: Path
) -> None:
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            is_path = variable.endswith(("_CMD", "_FILE", "__BACKEND_KWARGS", "__BACKEND"))
            assert is_path or not SECRET_NAME.search(variable), f"{name}: {variable} is a secret, and is {value!r}"
    rendered = json.dumps(composed)
    files = [file for file in secrets_folder.iterdir() if file.suffix != ".json"]
    assert len(files) == 10
    assert [file.name for file in files if file.read_text() in rendered] == []


def test_every_secret_is_a_file_in_the_folder_of_secrets(composed: dict[str, Any], secrets_folder: Path) -> None:
    assert {name: one["file"] for name, one in composed["secrets"].items()} == {
        file.name: str(file) for file in secrets_folder.iterdir()
    }


def test_a_service_gets_the_secrets_that_it_reads_and_no_other(services: dict[str, Service]) -> None:
    for name, service in services.items():
        script = (ROOT / "compose" / SCRIPTS[name]).read_text() if name in SCRIPTS else ""
        texts = [script, json.dumps([service.get("environment"), service.get("command"), service.get("healthcheck")])]
        given = secrets_named("\n".join(texts)) | set(re.findall(r"^create \w+ (\w+)$", script, re.MULTILINE))
        assert secrets_of(service) == given, name
        assert all(one["target"].startswith(MOUNT_POINT) for one in service.get("secrets", []))


def test_a_worker_has_no_way_into_the_database_of_airflow(services: dict[str, Service]) -> None:
    worker = services["airflow-worker"]
    assert secrets_of(worker) == {"booking_sync_secret_key", "connections.json", "redis_password"}
    assert not [name for name in worker["environment"] if "SQL_ALCHEMY" in name or "FERNET" in name or "JWT" in name]


# --- networks, starting and stopping ----------------------------------------------------------------------------------


def test_only_those_who_must_can_call_out(composed: dict[str, Any], services: dict[str, Service]) -> None:
    assert composed["networks"]["inside"]["internal"] is True
    assert {name for name, one in services.items() if "outside" in (one.get("networks") or {})} == (
        CALLS_OUT | HAS_A_PORT
    )
    assert {name for name, one in services.items() if one.get("ports")} == HAS_A_PORT
    assert services["sandbox"]["network_mode"] == "service:airflow-worker"


def test_ports_are_open_to_this_machine_alone(services: dict[str, Service]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_nothing_starts_before_both_databases_are_of_this_version(services: dict[str, Service]) -> None:
    for name in set(services) - ONE_SHOT:
        if name.startswith("airflow-"):
            waits_for = services[name]["depends_on"]
            assert waits_for["airflow-init"]["condition"] == "service_completed_successfully", name
            assert {waits_for[store]["condition"] for store in ("postgres", "redis")} == {"service_healthy"}, name


def test_a_worker_has_time_to_end_its_tasks(services: dict[str, Service]) -> None:
    worker = services["airflow-worker"]
    assert worker["stop_signal"] == "SIGTERM"
    assert worker["stop_grace_period"] == "10m0s"
    assert worker["init"] is True  # the signal reaches the worker, and not its tasks


def test_every_image_has_an_exact_tag(services: dict[str, Service]) -> None:
    images = {service["image"] for service in services.values()}
    assert [image for image in images if not EXACT_TAG.search(image)] == []
