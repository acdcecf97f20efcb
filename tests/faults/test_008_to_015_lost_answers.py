"""Faults 8 to 15: an answer that is an error, nonsense, or does not come at all."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from booking_sync.clients.http import HttpLimits
from booking_sync.errors import NotSent
from tests.clients.conftest import Bench
from tests.clients.scripted_server import ScriptedServer
from tests.faults.gate import Gate, swallow_the_answer, swallow_the_request
from tests.faults.ways import (
    ACCOUNT,
    CREATE,
    FEED,
    assert_made_once,
    given_a_quiet_start,
    going_to,
    lose_and_settle,
    statuses,
)
from tests.flow.scene import Scene

SERVER_ERRORS = (500, 502, 503, 504, 520, 524)
HTML = "<html><title>502 Bad Gateway</title><p>ada@example.com asked for /secret-path</p></html>"
NO_JSON = {"html": HTML, "cut short": '{"status": "COMPLETE", "results": [{"id": "1"', "not JSON": "OK", "a list": "[]"}


@pytest.mark.parametrize("status", SERVER_ERRORS)
def test_fault_008_a_read_that_fails_is_repeated(scene: Scene, status: int) -> None:
    booking_id = given_a_quiet_start(scene)
    scene.sandbox.calendar.switches.fail(status, path=FEED, count=2)
    scene.switches.fail_before(status, path=ACCOUNT)
    scene.switches.fail_before(status, path="/contacts/batch/read")
    assert scene.run().counts["create"] == 1
    assert statuses(scene, ACCOUNT)[-2:] == [status, 200]
    assert_made_once(scene, booking_id)


@pytest.mark.parametrize("status", SERVER_ERRORS)
@pytest.mark.parametrize("is_done", [True, False])
def test_fault_009_a_write_that_fails_is_read_back_and_never_resent_blindly(
    scene: Scene, status: int, *, is_done: bool
) -> None:
    booking_id = given_a_quiet_start(scene)
    give = scene.switches.commit_then_answer if is_done else scene.switches.answer
    give(status, headers={"Retry-After": "1"}, path=CREATE)
    lose_and_settle(scene, booking_id, is_done=is_done)


@pytest.mark.parametrize("status", [200, 201, 502])
@pytest.mark.parametrize("is_write", [True, False])
def test_fault_010_a_proxys_page_is_no_answer_and_is_not_shown(
    scene: Scene, caplog: pytest.LogCaptureFixture, status: int, *, is_write: bool
) -> None:
    booking_id = given_a_quiet_start(scene)
    with caplog.at_level(logging.DEBUG, logger="booking_sync"):
        if is_write:
            scene.switches.commit_then_answer(status, HTML, headers={"Content-Type": "text/html"}, path=CREATE)
            lose_and_settle(scene, booking_id, is_done=True)
        else:
            scene.sandbox.calendar.switches.answer(status, HTML, path=FEED)
            scene.run()
            assert_made_once(scene, booking_id)
    assert "secret-path" not in caplog.text
    assert "ada@" not in caplog.text


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
@pytest.mark.parametrize("is_done", [True, False])
def test_fault_011_a_success_without_its_json_is_read_back(scene: Scene, body: str, *, is_done: bool) -> None:
    booking_id = given_a_quiet_start(scene)
    give = scene.switches.commit_then_answer if is_done else scene.switches.answer
    give(200, body, path=CREATE)
    lose_and_settle(scene, booking_id, is_done=is_done)


@pytest.mark.parametrize("status", [200, 201, 204])
@pytest.mark.parametrize("is_done", [True, False])
def test_fault_012_a_success_without_any_body_is_read_back(scene: Scene, status: int, *, is_done: bool) -> None:
    booking_id = given_a_quiet_start(scene)
    give = scene.switches.commit_then_answer if is_done else scene.switches.answer
    give(status, path=CREATE)
    lose_and_settle(scene, booking_id, is_done=is_done)


def test_fault_013_a_connection_that_is_refused_has_sent_nothing(scene: Scene, gate: Gate) -> None:
    booking_id = given_a_quiet_start(scene)

    def shut(entry: Any, phase: str) -> None:
        if phase == "after" and "/contacts/batch/create" in entry.path:
            gate.refuse()

    scene.hubspot.request_hook = shut
    report = scene.run(services=going_to(scene, gate.url))
    assert (report.counts["kept"], report.is_red) == (1, False)
    assert statuses(scene, CREATE) == []
    assert scene.run().counts["create"] == 1  # the very next run sends it: nothing has to rest
    assert_made_once(scene, booking_id)


def test_fault_013_a_name_that_nobody_knows_has_sent_nothing(bench: Bench) -> None:
    bench.url = "https://nobody.invalid"
    with pytest.raises(NotSent):
        bench.http().write("POST", "/x", json={})
    assert len(bench.pauses) == 5  # it is tried again, as nothing was sent


def test_fault_013_a_server_without_tls_is_sent_nothing_at_all(bench: Bench, server: ScriptedServer) -> None:
    bench.url = server.url.replace("http://", "https://")
    bench.limits = HttpLimits(connect_seconds=0.2, read_seconds=0.2, total_seconds=0.4, attempts=2)
    with pytest.raises(NotSent):
        bench.http().write("POST", "/x", json={})
    assert server.seen == []  # the key never goes out in the clear


def test_fault_014_a_timeout_after_the_write_took_effect_is_adopted(scene: Scene, gate: Gate) -> None:
    booking_id = given_a_quiet_start(scene)
    gate.plan(CREATE, swallow_the_answer)
    lose_and_settle(scene, booking_id, going_to(scene, gate.url), is_done=True)


def test_fault_015_a_timeout_of_a_request_that_never_arrived_is_sent_again_once(scene: Scene, gate: Gate) -> None:
    booking_id = given_a_quiet_start(scene)
    gate.plan(CREATE, swallow_the_request)
    lose_and_settle(scene, booking_id, going_to(scene, gate.url), is_done=False)
