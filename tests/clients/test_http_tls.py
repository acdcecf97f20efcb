"""With TLS the same exception can come before the request and after it; the difference decides about repeating."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from booking_sync.errors import NotSent, OutcomeUnknown
from tests.clients.conftest import Bench
from tests.clients.scripted_server import Answering, ScriptedServer, answers, drips, partial, resets

CHANGE = {"inputs": [{"id": "1"}]}


@pytest.fixture(scope="module")
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


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    scripted = ScriptedServer(context)
    yield scripted
    scripted.close()


@pytest.fixture
def is_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))


@pytest.mark.usefixtures("is_trusted")
def test_a_trusted_server_is_written_to(tls_server: ScriptedServer) -> None:
    tls_server.will(answers(201, {"results": []}))
    assert Bench(tls_server.url).http().write("POST", "/x", json=CHANGE) == (201, {"results": []})


def test_a_certificate_that_nobody_vouches_for_gets_nothing(tls_server: ScriptedServer) -> None:
    with pytest.raises(NotSent):
        Bench(tls_server.url).http().write("POST", "/x", json=CHANGE)
    assert tls_server.seen == []


@pytest.mark.usefixtures("is_trusted")
@pytest.mark.parametrize(
    "trouble",
    [
        resets(),
        resets(partial(201, b'{"res', promised=15)),
        drips(partial(201, b" " * 100, promised=100), 0.03),
    ],
)
def test_a_tls_connection_that_is_cut_after_the_request_leaves_the_outcome_unknown(
    tls_server: ScriptedServer, trouble: Answering
) -> None:
    tls_server.will(trouble, answers(201, {"results": []}))
    with pytest.raises(OutcomeUnknown):
        Bench(tls_server.url).http().write("POST", "/x", json=CHANGE)
    assert len(tls_server.seen) == 1
