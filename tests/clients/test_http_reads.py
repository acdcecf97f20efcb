"""Reads: repeated within a budget, never taken for what they are not."""

from __future__ import annotations

import gzip
import socket
import traceback
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from booking_sync.clients.http import Exchange, HttpLimits, JsonHttp
from booking_sync.errors import (
    AccessRefused,
    BookingSyncError,
    DailyLimitReached,
    MissingScope,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PlanRequired,
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

FINE = answers(200, {"ok": True})
PERSON = "anna.secret@example.com"
TEN_SECONDLY = {"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT", "message": PERSON}


@pytest.mark.parametrize(
    ("headers", "body", "at_least"),
    [
        ({"Retry-After": "7"}, None, 7),
        ({"Retry-After": formatdate(1_800_000_030, usegmt=True)}, None, 30),
        ({"Retry-After": formatdate(1_700_000_000, usegmt=True)}, None, 1),
        ({"Retry-After": "-5"}, None, 1),
        ({"Retry-After": "soon"}, None, 1),
        ({"Retry-After": "nan"}, None, 1),
        ({}, TEN_SECONDLY, 10),
        ({}, {"policyName": "SECONDLY"}, 1),
        ({}, b"<html>slow down</html>", 10),
        ({}, None, 10),
    ],
)
def test_a_throttled_read_waits_as_long_as_it_is_told(
    server: ScriptedServer, bench: Bench, headers: dict[str, str], body: Any, at_least: float
) -> None:
    server.will(answers(429, body, headers), FINE)
    assert bench.http().read("GET", "/x") == {"ok": True}
    assert len(bench.pauses) == 1
    assert at_least <= bench.pauses[0] <= at_least + 1


@pytest.mark.parametrize(("status", "at_least"), [(423, 2), (477, 4)])
def test_a_locked_or_moving_account_is_given_time(
    server: ScriptedServer, bench: Bench, status: int, at_least: float
) -> None:
    server.will(answers(status, None, {"Retry-After": "4"} if status == 477 else {}), FINE)
    assert bench.http().read("GET", "/x") == {"ok": True}
    assert bench.pauses[0] >= at_least


def test_a_wait_that_passes_the_budget_is_not_begun(server: ScriptedServer, bench: Bench) -> None:
    server.will(answers(429, None, {"Retry-After": "1000000000"}))
    with pytest.raises(Throttled) as caught:
        bench.http().read("GET", "/x")
    assert bench.pauses == []
    assert caught.value.retry_after_seconds == 3600


def test_throttling_without_end_stops_within_the_budget(server: ScriptedServer, bench: Bench) -> None:
    server.will(*[answers(429, None, {"Retry-After": "25"})] * 10)
    with pytest.raises(Throttled):
        bench.http().read("GET", "/x")
    assert sum(bench.pauses) <= 120
    assert len(server.seen) == len(bench.pauses) + 1 <= 6


def test_the_daily_limit_is_not_waited_for(server: ScriptedServer, bench: Bench) -> None:
    server.will(answers(429, {"policyName": "DAILY"}))
    with pytest.raises(DailyLimitReached):
        bench.http().read("GET", "/x")
    assert bench.pauses == []
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        answers(500),
        answers(502, b"<html>bad gateway</html>"),
        answers(503),
        answers(504),
        answers(524),
        answers(408),
        answers(200, b"<html>bad gateway</html>"),
        answers(200, b'{"results": ['),
        answers(200, b""),
        answers(200, b"[1, 2]"),
        answers(200, "Grüße".encode("latin-1")),
        answers(200, b'{"a":' * 30_000),
        answers(202, {"ok": True}),
        raw(b"\x16\x03 this is not HTTP\r\n\r\n"),
        closes_early(),
        closes_early(partial(200, b'{"ok"', promised=11)),
        resets(),
        resets(partial(200, b'{"ok"', promised=11)),
        is_silent_for(0.6),
        drips(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100, 0.1),
        drips(partial(200, b" " * 100, promised=100), 0.03),
    ],
)
def test_a_read_that_brought_nothing_usable_is_repeated(
    server: ScriptedServer, bench: Bench, trouble: Answering
) -> None:
    server.will(trouble, FINE)
    assert bench.http().read("GET", "/x") == {"ok": True}
    assert len(server.seen) == 2


def test_a_service_that_stays_down_is_asked_six_times(server: ScriptedServer, bench: Bench) -> None:
    server.will(*[answers(503)] * 20)
    with pytest.raises(OutcomeUnknown) as caught:
        bench.http().read("GET", "/x")
    assert len(server.seen) == 6
    assert caught.value.status == 503


def test_a_service_in_maintenance_names_its_time(server: ScriptedServer, bench: Bench) -> None:
    server.will(answers(503, None, {"Retry-After": "20"}), FINE)
    bench.http().read("GET", "/x")
    assert 20 <= bench.pauses[0] <= 21


def test_an_answer_that_never_ends_is_cut_at_the_deadline(server: ScriptedServer) -> None:
    bench = Bench(server.url, HttpLimits(read_seconds=5, total_seconds=0.5, attempts=1))
    server.will(drips(partial(200, b" " * 1000, promised=1000), 0.05))
    with pytest.raises(OutcomeUnknown) as caught:
        bench.http().read("GET", "/x")
    assert caught.value.code == "DEADLINE"
    assert bench.exchanges[0].seconds < 1.5


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_an_answer_over_the_limit_is_dropped_and_not_asked_for_again(
    server: ScriptedServer, bench: Bench, headers: dict[str, str]
) -> None:
    body = b" " * 50_000_000 if headers else b" " * 300_000
    server.will(answers(200, gzip.compress(body) if headers else body, headers))
    with pytest.raises(OutcomeUnknown, match="BODY_TOO_LARGE"):
        bench.http().read("GET", "/x")
    assert len(server.seen) == 1


@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=latin-1", ""])
def test_a_wrong_content_type_and_a_byte_order_mark_are_overlooked(
    server: ScriptedServer, http: JsonHttp, content_type: str
) -> None:
    server.will(answers(200, '\ufeff{"name": "Zoë"}'.encode(), {"Content-Type": content_type}))
    assert http.read("GET", "/x") == {"name": "Zoë"}


def test_odd_numbers_and_double_keys_spoil_no_page(server: ScriptedServer, http: JsonHttp) -> None:
    huge = b"9" * 10_000
    server.will(answers(200, b'{"a": NaN, "b": -Infinity, "c": 1e999, "d": 1, "d": 2, "e": ' + huge + b"}"))
    document = http.read("GET", "/x")
    assert document == {"a": None, "b": None, "c": None, "d": 2, "e": huge.decode()}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: ScriptedServer, http: JsonHttp, status: int) -> None:
    elsewhere = ScriptedServer().will(FINE)
    server.will(answers(status, None, {"Location": elsewhere.url}))
    with pytest.raises(Refused):
        http.read("GET", "/x")
    assert elsewhere.seen == []
    assert len(server.seen) == 1
    elsewhere.close()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"category": "EXPIRED_AUTHENTICATION"}, AccessRefused),
        (402, {"error": {"code": "plan_required", "message": PERSON}}, PlanRequired),
        (403, {"error": {"code": "plan_required", "message": PERSON}}, PlanRequired),
        (403, {"error": {"code": "forbidden", "message": PERSON}}, AccessRefused),
        (403, b"<html>who are you</html>", AccessRefused),
        (403, {"category": "MISSING_SCOPES"}, MissingScope),
        (404, {"message": "resource not found"}, NotFound),
        (400, {"category": "VALIDATION_ERROR", "message": PERSON}, Refused),
        (409, {"category": "CONFLICT"}, Refused),
        (410, {"error": {"code": "cursor_expired"}}, Refused),
        (412, None, Refused),
        (413, b"too large", Refused),
        (414, b"too long", Refused),
        (422, {"error": {"code": "invalid_request", "message": PERSON}}, Refused),
    ],
)
def test_a_refusal_is_told_apart_and_not_repeated(
    server: ScriptedServer, http: JsonHttp, status: int, body: Any, expected: type[BookingSyncError]
) -> None:
    server.will(answers(status, body))
    with pytest.raises(expected) as caught:
        http.read("GET", "/x")
    assert type(caught.value) is expected
    assert len(server.seen) == 1


def test_a_missing_scope_is_named(server: ScriptedServer, http: JsonHttp) -> None:
    granular = {"context": {"requiredGranularScopes": ["crm.objects.owners.read", f"for {PERSON}"]}}
    server.will(answers(403, {"category": "MISSING_SCOPES", "errors": [granular, granular]}))
    with pytest.raises(MissingScope, match=r"crm\.objects\.owners\.read") as caught:
        http.read("GET", "/x")
    assert caught.value.scopes == ("crm.objects.owners.read",)


def test_an_error_shows_codes_but_neither_persons_nor_keys(server: ScriptedServer, http: JsonHttp) -> None:
    body = {"category": "VALIDATION_ERROR", "message": f"{PERSON} {KEY}", "correlationId": "c0ffee-1"}
    server.will(answers(400, body), answers(400, {"category": PERSON, "correlationId": f"{PERSON} "}))
    for shown in ("VALIDATION_ERROR", "400"):
        with pytest.raises(Refused) as caught:
            http.read("GET", "/crm/{id}", path_values={"id": PERSON}, params={"email": PERSON})
        text = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + repr(http)
        assert shown in text
        assert "secret" not in text
        assert KEY not in text


def test_a_failed_connection_shows_no_address_with_query(bench: Bench, server: ScriptedServer) -> None:
    server.close()
    with pytest.raises(NotSent) as caught:
        bench.http().read("GET", "/x", params={"email": PERSON})
    text = "".join(traceback.format_exception(caught.value))
    assert "secret" not in text
    assert caught.value.__context__ is None


def test_an_id_cannot_leave_its_place_in_the_address(server: ScriptedServer, http: JsonHttp) -> None:
    server.will(FINE)
    http.read("GET", "/v1/workspaces/{id}/bookings", path_values={"id": "a/../b?c=ü&d"})
    assert server.seen[0].path == "/v1/workspaces/a%2F..%2Fb%3Fc%3D%C3%BC%26d/bookings"
    for value in ("..", ".", ""):
        with pytest.raises(BookingSyncError):
            http.read("GET", "/v1/workspaces/{id}", path_values={"id": value})
    assert len(server.seen) == 1


def test_the_key_is_sent_and_a_netrc_file_is_not_asked(
    server: ScriptedServer, http: JsonHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.will(FINE)
    http.read("GET", "/x")
    assert server.seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_every_exchange_is_reported_without_ids(server: ScriptedServer, bench: Bench) -> None:
    server.will(answers(500), closes_early(), FINE)
    bench.http().read("GET", "/v1/{id}", path_values={"id": "bk_1"}, params={"email": PERSON})
    assert [(seen.path_template, seen.status, seen.is_write) for seen in bench.exchanges] == [
        ("/v1/{id}", 500, False),
        ("/v1/{id}", None, False),
        ("/v1/{id}", 200, False),
    ]
    assert all(isinstance(exchange, Exchange) and exchange.seconds >= 0 for exchange in bench.exchanges)


def test_a_port_where_nobody_listens_is_tried_again(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bench.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(NotSent):
        bench.http().read("GET", "/x")
    assert len(bench.pauses) == 5
