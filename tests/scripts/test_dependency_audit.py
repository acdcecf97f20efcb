"""The audit fails where something is known, where nobody answers, and where the database knows nothing at all.

The real database needs the internet; a double on loopback answers in its place.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scripts import dependency_audit

LOCK = "requests==2.34.2 --hash=sha256:" + "0" * 64 + "\njinja2==3.1.6 --hash=sha256:" + "1" * 64 + "\n"
OLD_JINJA = ("jinja2", "2.4.1")


def advisory(name: str) -> dict[str, object]:
    return {
        "id": f"TEST-{name}",
        "modified": "2026-11-01T00:00:00Z",
        "summary": "planted",
        "affected": [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": []}],
    }


class Osv:
    """Knows of the versions that a test names."""

    def __init__(self) -> None:
        self.vulnerable = {OLD_JINJA}
        self.asked: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = json.loads(self.rfile.read(int(self.headers["content-length"])))
                asked = (query["package"]["name"], query["version"])
                outer.asked.append(asked)
                found = {"vulns": [advisory(asked[0])]} if asked in outer.vulnerable else {}
                body = json.dumps(found).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/query"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def osv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Osv]:
    lock = tmp_path / "lock.txt"
    lock.write_text(LOCK)
    monkeypatch.setattr(dependency_audit, "LOCKS", (str(lock),))
    double = Osv()
    yield double
    double.stop()


def test_a_lock_without_known_vulnerabilities_passes_and_the_date_of_the_data_is_said(
    osv: Osv, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dependency_audit.main([osv.url]) == 0
    assert set(osv.asked) == {OLD_JINJA, ("requests", "2.34.2"), ("jinja2", "3.1.6")}
    said = capsys.readouterr().out
    assert "2026-11-01" in said
    assert osv.url in said


def test_a_known_vulnerability_fails(osv: Osv) -> None:
    osv.vulnerable.add(("requests", "2.34.2"))
    assert dependency_audit.main([osv.url]) != 0


def test_a_database_that_knows_nothing_is_no_evidence(osv: Osv, capsys: pytest.CaptureFixture[str]) -> None:
    osv.vulnerable.clear()
    assert dependency_audit.main([osv.url]) == 1
    assert "NOT AUDITED" in capsys.readouterr().err


def test_where_nobody_answers_nothing_is_audited(osv: Osv, capsys: pytest.CaptureFixture[str]) -> None:
    osv.stop()
    assert dependency_audit.main([osv.url]) == 1
    assert "NOT AUDITED" in capsys.readouterr().err


def test_every_lock_that_is_installed_from_is_audited() -> None:
    assert all((dependency_audit.ROOT / lock).is_file() for lock in dependency_audit.LOCKS)
    assert set(dependency_audit.LOCKS) == {"requirements-production.txt", "requirements.txt"}
