"""The scripts of the production shape: the secrets, the databases, the health of a component."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography.fernet import Fernet
from proof.postgres_programs import find_binaries
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from booking_sandbox.calendar_state import DEFAULT_API_KEY
from booking_sandbox.hubspot_portals import DEFAULT_SERVICE_KEY
from tests.deployment.composed import ROOT, make_secrets
from tests.postgres_server import PostgresServer

SHORTEST_JWT_SECRET = 64  # shorter ones make Airflow warn


# --- make secrets -----------------------------------------------------------------------------------------------------


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    made = {file.name: file.read_text() for file in folder.iterdir()}
    make_secrets(folder)
    assert {file.name: file.read_text() for file in folder.iterdir()} == made
    assert len(set(made.values())) == len(made)


def test_nobody_else_on_this_machine_reaches_the_secrets_and_any_container_can_read_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o644}


def test_secrets_suit_those_who_read_them(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    Fernet(made["airflow_fernet_key"])
    assert len(made["airflow_jwt_secret"]) >= SHORTEST_JWT_SECRET
    for name, value in made.items():
        is_safe_in_a_url = name == "connections.json" or set(value) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
        )
        assert is_safe_in_a_url, name


def test_the_connections_lead_to_our_database_and_wait_for_two_keys(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    made = json.loads((tmp_path / "connections.json").read_text())
    assert made["booking_sync_db"]["password"] == (tmp_path / "booking_database_password").read_text()
    assert made["booking_sync_db"]["host"] == "postgres"
    assert [made[f"{service}_default"]["password"] for service in ("calendar", "hubspot")] == [
        "<API key>",
        "<service key>",
    ]


def test_the_connections_can_lead_to_the_sandbox(tmp_path: Path) -> None:
    make_secrets(tmp_path, "sandbox")
    made = json.loads((tmp_path / "connections.json").read_text())
    assert made["calendar_default"]["password"] == DEFAULT_API_KEY
    assert made["hubspot_default"]["password"] == DEFAULT_SERVICE_KEY
    ports = [made[name]["host"].split(":")[2].partition("/")[0] for name in ("calendar_default", "hubspot_default")]
    assert all(f'"{port}"' in (ROOT / "docker-compose.yaml").read_text() for port in ports)


# --- the databases ----------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_each_database_has_an_owner_who_cannot_connect_to_the_other(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    make_secrets(tmp_path)
    server = make_url(postgres_server.new_url(is_empty=True)).set(drivername="postgresql+psycopg2")
    binaries = find_binaries()
    environment = {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PGHOST": str(server.query["host"]),
        "POSTGRES_USER": str(server.username),
        "SECRETS_FOLDER": str(tmp_path),
    }
    subprocess.run([ROOT / "compose/create-databases.sh"], env=environment, check=True, capture_output=True)  # noqa: S603 - our own script
    with create_engine(server).connect() as connection:
        statement = text("SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256$%', rolsuper FROM pg_authid ORDER BY 1")
        made = [tuple(row) for row in connection.execute(statement) if row[0] in {"airflow", "booking_sync"}]
    assert made == [("airflow", True, False), ("booking_sync", True, False)]
    for user, other in (("airflow", "booking_sync"), ("booking_sync", "airflow")):
        with create_engine(server.set(username=user, database=user)).begin() as connection:
            connection.execute(text("CREATE TABLE its_own (id int)"))
        with pytest.raises(OperationalError, match="permission denied"):
            create_engine(server.set(username=user, database=other)).connect()


# --- health -----------------------------------------------------------------------------------------------------------


class _Health(BaseHTTPRequestHandler):
    """Answers as Airflow's API server does."""

    def do_GET(self) -> None:
        body = json.dumps({"scheduler": {"status": "healthy"}, "triggerer": {"status": None}}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def api_address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Health)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("component", "code"), [("scheduler", 0), ("triggerer", 1), ("dag_processor", 1)])
def test_a_component_is_healthy_where_the_api_server_says_so(api_address: str, component: str, code: int) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / "compose/health.py", component],
        env={"AIRFLOW_API_ADDRESS": api_address},
        capture_output=True,
        check=False,
    )
    assert done.returncode == code
