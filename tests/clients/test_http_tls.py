"""With TLS the same exception can come before the request and after it; the difference decides about repeating."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from booking_sync.errors import NotSent, OutcomeUnknown
from tests.clients.conftest import Bench
from tests.clients.scripted_server import Answering, ScriptedServer, answers, drips, partial, resets

CHANGE = {"inputs": [{"id": "1"}]}


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
