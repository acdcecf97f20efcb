"""Everything of the production shape, started in its order, with what is needed to look at it and to strike at it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from booking_sandbox.sample import TEAM_KEY
from booking_sandbox.server import Sandbox
from booking_sync_airflow.demo.airflow_api import AirflowApi
from booking_sync_airflow.demo.airflow_stack import free_port
from booking_sync_airflow.demo.processes import Processes, Running
from booking_sync_airflow.identity import OUR_DAG_IDS
from rehearsal import stores
from rehearsal.composed import Composed, Machine, Service
from rehearsal.stores import Ports

REPOSITORY = Path(__file__).resolve().parents[1]
HOME = REPOSITORY / ".rehearsal"
WORKERS = ("worker-1", "worker-2")
COMPONENTS = ("apiserver", "scheduler", "dag-processor", "triggerer")
_PREPARE_SECONDS = 300.0
_START_SECONDS = 300.0
_VARIABLES = {"AIRFLOW_API_WORKERS": "1", "AIRFLOW_WORKER_CONCURRENCY": "2"}
"""As in ``.env``: small."""
_IMPATIENT = {
    "BOOKING_SYNC_QUIET_SECONDS": "5",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "3",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
}
"""As in ``.env``, too. Airflow notices after seconds, instead of five minutes, that a worker is gone; an unknown
outcome rests for seconds, instead of a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs."""

    processes: Processes
    composed: Composed
    machine: Machine
    api: AirflowApi
    database_url: str

    def service(self, name: str) -> Service:
        """Return an Airflow service as it runs here; each worker is one."""
        host = {"HOSTNAME": name}
        composed = "airflow-worker" if name in WORKERS else f"airflow-{name}"
        found = self.composed.service(composed, self.machine, name)
        command = [*found.command, "--celery-hostname", f"celery@{name}"] if name in WORKERS else found.command
        return Service(command, {**found.environment, **_IMPATIENT, **host}, found.healthcheck)

    def start(self, *names: str) -> None:
        """Start services, and wait until their own health checks say that they are well."""
        found = {name: self.service(name) for name in names}
        for name, service in found.items():
            self.processes.start(name, service.command, environment=service.environment)
        for name, service in found.items():
            self.processes.wait_until(
                f"{name} to be healthy", partial(_is_well, service), timeout_seconds=_START_SECONDS
            )

    def kill(self, name: str) -> int:
        """Kill a service with everything in it, as the end of its container would; return how many processes died."""
        running = self._running(name)
        victims = [psutil.Process(running.process.pid), *psutil.Process(running.process.pid).children(recursive=True)]
        for victim in victims:
            victim.kill()
        running.process.wait()
        self.processes.running.remove(running)
        return len(victims)

    def end_warmly(self, name: str) -> Running:
        """Ask a service to end, as ``docker compose stop`` does: its main process alone gets the signal."""
        running = self._running(name)
        self.processes.running.remove(running)
        os.kill(running.process.pid, signal.SIGTERM)
        return running

    def worker_of(self, process_id: int) -> str:
        """Return the worker in which a process runs."""
        above = {process.pid for process in [psutil.Process(process_id), *psutil.Process(process_id).parents()]}
        return next(name for name in WORKERS if self._running(name).process.pid in above)

    def leaks(self) -> list[str]:
        """Return where a secret stands in the environment or the command of any process."""
        found = []
        secrets = {file.name: file.read_text() for file in self.machine.secrets.iterdir() if file.suffix != ".json"}
        for running in self.processes.running:
            leader = psutil.Process(running.process.pid)
            for process in [leader, *leader.children(recursive=True)]:
                text = "\0".join([*process.cmdline(), *process.environ().values()])
                found += [f"{name} in {running.name}" for name, secret in secrets.items() if secret in text]
        return found

    def _running(self, name: str) -> Running:
        return next(one for one in self.processes.running if one.name == name)


@contextmanager
def with_stores(sandbox: Sandbox, hubspot_url: str) -> Iterator[Stack]:
    """Make secrets and both stores anew; leaving the block ends everything, whatever happened."""
    shutil.rmtree(HOME, ignore_errors=True)
    ports, api_port = Ports.free(), free_port()
    machine = Machine(REPOSITORY, HOME, HOME / "secrets", _hosts(ports, api_port), _base(stores.binaries(), api_port))
    _make_secrets(machine, ports, sandbox, hubspot_url)
    composed = Composed.read(REPOSITORY / "docker-compose.yaml", _VARIABLES)
    password = (machine.secrets / "airflow_admin_password").read_text()
    logs = HOME / "logs"
    with (
        stores.cluster(machine) as folder,
        Processes(logs, machine.base) as below,
        Processes(logs, machine.base) as processes,
    ):
        stores.start(below, composed, machine, ports, folder)
        api = AirflowApi(f"http://127.0.0.1:{api_port}", "admin", password)
        yield Stack(processes, composed, machine, api, _database_url(machine, ports))


def prepare(stack: Stack) -> None:
    """Bring both databases to their schema and make the administrator, as ``airflow-init`` does."""
    service = stack.composed.service("airflow-init", stack.machine)
    stack.processes.run("prepare", service.command, timeout_seconds=_PREPARE_SECONDS, environment=service.environment)


def start_airflow(stack: Stack) -> None:
    """Start all of Airflow, log in with the password of the file, and wait for our DAGs."""
    stack.start(*COMPONENTS, *WORKERS)
    stack.api.log_in()
    stack.processes.wait_until(
        "Airflow to read the DAGs",
        lambda: all(stack.api.has_dag(dag_id) for dag_id in OUR_DAG_IDS),
        timeout_seconds=_START_SECONDS,
    )


def _is_well(service: Service) -> bool:
    done = subprocess.run(service.healthcheck, env=service.environment, capture_output=True, check=False, timeout=120)  # noqa: S603 - from our own file
    return done.returncode == 0


def _hosts(ports: Ports, api_port: int) -> dict[str, str]:
    """Return what is called otherwise here: every service listens on a port of its own, on loopback."""
    redis = HOME / "services/redis"
    return {
        "airflow-apiserver:8080": f"127.0.0.1:{api_port}",
        "@postgres/": f"@127.0.0.1:{ports.postgres}/",
        "@redis:6379": f"@127.0.0.1:{ports.redis}",
        "/tmp/redis.conf": str(redis / "redis.conf"),  # noqa: S108 - as the container has it
        "--appendonly yes": f"--appendonly yes --bind 127.0.0.1 --port {ports.redis} --dir {redis}",
        "redis-cli ping": f"redis-cli -p {ports.redis} ping",
    }


def _base(postgres: Path, api_port: int) -> dict[str, str]:
    """Return what the image brings by itself, and nothing of the environment that we were started in."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), str(postgres), "/usr/local/bin:/usr/bin:/bin"]),
        "PYTHONPATH": str(REPOSITORY / "include"),
        "HOME": str(HOME),
        "LANG": "C.UTF-8",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(api_port),
        "AIRFLOW_API_ADDRESS": f"http://127.0.0.1:{api_port}",
    }


def _make_secrets(machine: Machine, ports: Ports, sandbox: Sandbox, hubspot_url: str) -> None:
    script = str(machine.repository / "scripts/secrets.sh")
    subprocess.run(["/bin/sh", script, str(machine.secrets), "sandbox"], check=True)  # noqa: S603 - our own script
    file = machine.secrets / "connections.json"
    made = json.loads(file.read_text())
    made["booking_sync_db"] |= {"host": "127.0.0.1", "port": ports.postgres}
    made["calendar_default"] |= {"host": sandbox.calendar.url, "password": TEAM_KEY}
    made["hubspot_default"] |= {"host": hubspot_url}
    file.write_text(json.dumps(made))


def _database_url(machine: Machine, ports: Ports) -> str:
    password = (machine.secrets / "booking_database_password").read_text()
    return f"postgresql+psycopg2://booking_sync:{password}@127.0.0.1:{ports.postgres}/booking_sync"
