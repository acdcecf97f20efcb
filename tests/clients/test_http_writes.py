"""Writes: sent once, and again only where they are known not to have been carried out."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from booking_sync.clients.http import JsonHttp
from booking_sync.errors import (
    AccessRefused,
    BookingSyncError,
    ConfigurationError,
    DailyLimitReached,
    MissingScope,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Refused,
    Throttled,
)
from tests.clients.conftest import KEY, Bench
from tests.clients.scripted_server import (
    Answering,
    ScriptedServer,
    answers,
    closes_early,
    drips,
    is_silent_for,
    partial,
    raw,
    resets,
)

CREATED = answers(201, {"status": "COMPLETE", "results": []})
CHANGE = {"inputs": [{"id": "1"}]}


@pytest.mark.parametrize(
    "trouble",
    [
        answers(408),
        answers(499),
        answers(500),
        answers(502, b"<html>bad gateway</html>"),
        answers(503, None, {"Retry-After": "1"}),
        answers(504),
        answers(521),
        answers(524),
        answers(200, b"<html>bad gateway</html>"),
        answers(200, b'{"results": ['),
        answers(200, b""),
        answers(201, b""),
        answers(201, b"null"),
        answers(202, {}),
        answers(201, b" " * 300_000),
        raw(b"this is not HTTP\r\n\r\n"),
        closes_early(),
        closes_early(partial(201, b'{"status"', promised=30)),
        closes_early(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}"),
        resets(),
        resets(partial(201, b'{"status"', promised=30)),
        is_silent_for(0.6),
        drips(b"HTTP/1.1 201 Created\r\nX-Slow: " + b"x" * 100, 0.1),
        drips(partial(201, b" " * 100, promised=100), 0.03),
    ],
)
def test_a_write_that_may_have_been_carried_out_is_never_sent_again(
    server: ScriptedServer, bench: Bench, trouble: Answering
) -> None:
    server.will(trouble, CREATED)
    with pytest.raises(OutcomeUnknown):
        bench.http().write("POST", "/x", json=CHANGE)
    assert len(server.seen) == 1
    assert bench.pauses == []


@pytest.mark.parametrize(
    ("not_carried_out", "at_least"),
    [
        (answers(429, None, {"Retry-After": "3"}), 3),
        (answers(429, {"policyName": "TEN_SECONDLY_ROLLING"}), 10),
        (answers(429, b"<html>"), 10),
        (answers(423), 2),
        (answers(423, None, {"Retry-After": "1"}), 2),
        (answers(477, None, {"Retry-After": "9"}), 9),
    ],
)
def test_a_write_that_was_put_off_is_sent_again(
    server: ScriptedServer, bench: Bench, not_carried_out: Answering, at_least: float
) -> None:
    server.will(not_carried_out, CREATED)
    status, document = bench.http().write("POST", "/x", json=CHANGE)
    assert (status, document) == (201, {"status": "COMPLETE", "results": []})
    assert [seen.json for seen in server.seen] == [CHANGE, CHANGE]
    assert at_least <= bench.pauses[0] <= at_least + 1


def test_a_write_that_is_put_off_without_end_is_given_up(server: ScriptedServer, bench: Bench) -> None:
    server.will(*[answers(423)] * 20)
    with pytest.raises(Throttled):
        bench.http().write("POST", "/x", json=CHANGE)
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (302, None, Refused),
        (400, {"category": "VALIDATION_ERROR"}, Refused),
        (409, {"category": "CONFLICT"}, Refused),
        (413, b"too large", Refused),
        (401, None, AccessRefused),
        (403, {"category": "MISSING_SCOPES"}, MissingScope),
        (404, None, NotFound),
        (429, {"policyName": "DAILY"}, DailyLimitReached),
    ],
)
def test_a_refused_write_is_not_repeated(
    server: ScriptedServer, http: JsonHttp, status: int, body: Any, expected: type[BookingSyncError]
) -> None:
    server.will(answers(status, body), CREATED)
    with pytest.raises(expected):
        http.write("POST", "/x", json=CHANGE)
    assert len(server.seen) == 1


def test_no_content_is_a_success_without_a_document(server: ScriptedServer, http: JsonHttp) -> None:
    server.will(answers(204))
    assert http.write("POST", "/x", json=CHANGE) == (204, None)


def test_a_refused_connection_is_tried_again_until_somebody_listens(bench: Bench, server: ScriptedServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bench.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(NotSent):
        bench.http().write("POST", "/x", json=CHANGE)
    assert len(bench.pauses) == 5
    assert server.seen == []


def test_a_connection_that_the_server_closed_while_idle_is_replaced(server: ScriptedServer, http: JsonHttp) -> None:
    def closes_afterwards(connection: socket.socket) -> None:
        CREATED(connection)
        raise ConnectionError

    server.will(closes_afterwards, CREATED)
    http.write("POST", "/x", json=CHANGE)
    time.sleep(0.3)  # idle for so long that the end of the connection has arrived
    http.write("POST", "/x", json=CHANGE)
    assert len(server.seen) == 2


def test_a_kept_connection_that_dies_under_a_write_is_not_replaced(server: ScriptedServer, http: JsonHttp) -> None:
    server.will(CREATED, resets(), CREATED)
    http.write("POST", "/x", json=CHANGE)
    with pytest.raises(OutcomeUnknown):
        http.write("POST", "/x", json=CHANGE)
    assert len(server.seen) == 2


def test_a_write_counts_as_one(server: ScriptedServer, bench: Bench) -> None:
    server.will(CREATED)
    bench.http().write("POST", "/x/{id}", path_values={"id": "7"}, json=CHANGE)
    assert [(seen.method, seen.path_template, seen.status, seen.is_write) for seen in bench.exchanges] == [
        ("POST", "/x/{id}", 201, True)
    ]


@pytest.mark.parametrize(
    "address",
    [
        "http://api.hubapi.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://user:password@api.hubapi.com",
        "https://api.hubapi.com?key=1",
        "https://api.hubapi.com/#x",
        "https://[::1",
        "api.hubapi.com",
        "",
    ],
)
def test_an_address_that_could_leak_the_key_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError):
        JsonHttp("HubSpot", address, KEY)


@pytest.mark.parametrize(
    "address", ["https://api.hubapi.com/", "http://localhost:1", "http://127.0.0.2", "http://[::1]:1"]
)
def test_other_addresses_are_taken(address: str) -> None:
    assert KEY not in repr(JsonHttp("HubSpot", address, KEY))


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "Schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        JsonHttp("HubSpot", "https://api.hubapi.com", key)
    assert not key.strip() or key not in str(caught.value)
