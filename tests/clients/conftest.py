"""Servers that answer by script, and clients that do not really sleep."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.http import Exchange, HttpLimits, JsonHttp
from booking_sync.clients.hubspot import HubSpotClient
from tests.clients.scripted_server import ScriptedServer

KEY = "pat-eu1-0f1e2d3c-canary"
IMPATIENT = HttpLimits(connect_seconds=2.0, read_seconds=0.4, total_seconds=0.8, body_bytes=200_000)


@dataclass
class Bench:
    """A client's HTTP against one address, with what it waited and what it reported."""

    url: str
    limits: HttpLimits = IMPATIENT
    now: float = 1_800_000_000.0
    pauses: list[float] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def http(self) -> JsonHttp:
        return JsonHttp(
            "HubSpot",
            self.url,
            KEY,
            limits=self.limits,
            sleep=self.pauses.append,
            now=lambda: self.now,
            observer=self.exchanges.append,
        )


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    yield scripted
    scripted.close()


@pytest.fixture
def bench(server: ScriptedServer) -> Bench:
    return Bench(server.url)


@pytest.fixture
def http(bench: Bench) -> Iterator[JsonHttp]:
    client = bench.http()
    yield client
    client.close()


@pytest.fixture
def hubspot(http: JsonHttp) -> HubSpotClient:
    return HubSpotClient(http)


@pytest.fixture
def calendar(http: JsonHttp) -> CalendarClient:
    return CalendarClient(http)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begins_at = datetime.now(UTC) - timedelta(hours=1)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begins_at)
        .not_valid_after(begins_at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + secret)
    return path
