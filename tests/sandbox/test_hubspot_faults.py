"""Limits, faults and history of the sandboxed HubSpot."""

from __future__ import annotations

import time

import pytest
import requests

from booking_sandbox.history import HistoryEntry
from booking_sandbox.server import Sandbox
from tests.flow.clock import SceneClock
from tests.sandbox.conftest import Api
from tests.sandbox.requests_of_hubspot import CONTACTS, MEETINGS, PROPERTIES, batch, contact, definition, meeting


def emails(sandbox: Sandbox) -> list[str]:
    return [one["properties"]["email"] for one in sandbox.hubspot.state.contacts()]


def test_a_write_can_be_done_and_answered_with_502(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.switches.commit_then_status(502, path="batch/create", nth=2)
    codes = [hubspot("POST", f"{CONTACTS}/batch/create", batch(contact(f"{n}@x.com"))).status_code for n in range(3)]
    assert codes == [201, 502, 201]
    assert len(emails(sandbox)) == 3
    assert [(one.status, one.effected) for one in sandbox.hubspot.history] == [(201, 1), (502, 1), (201, 1)]


def test_a_write_can_be_done_and_the_connection_cut(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.switches.commit_then_hang()
    with pytest.raises(requests.ConnectionError):
        hubspot("POST", CONTACTS, contact("a@x.com"))
    assert emails(sandbox) == ["a@x.com"]
    assert sandbox.hubspot.history[0].status is None
    assert hubspot("GET", CONTACTS).status_code == 200


def test_a_request_can_fail_or_be_cut_before_anything_is_done(sandbox: Sandbox, hubspot: Api) -> None:
    switches = sandbox.hubspot.switches
    switches.fail_before(503)
    assert hubspot("POST", CONTACTS, contact("a@x.com")).status_code == 503
    switches.drop_before()
    with pytest.raises(requests.ConnectionError):
        hubspot("POST", CONTACTS, contact("a@x.com"))
    switches.locked()
    assert hubspot("POST", CONTACTS, contact("a@x.com")).status_code == 423
    switches.html_502()
    answer = hubspot("POST", CONTACTS, contact("a@x.com"))
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (502, "text/html")
    assert emails(sandbox) == []


@pytest.mark.parametrize(("is_done", "written"), [(False, []), (True, ["a@x.com"])])
def test_any_answer_can_be_given_with_and_without_the_effect(
    sandbox: Sandbox, hubspot: Api, *, is_done: bool, written: list[str]
) -> None:
    switches = sandbox.hubspot.switches
    give = switches.commit_then_answer if is_done else switches.answer
    give(409, '{"category": "CONFLICT"}', headers={"Retry-After": "9"})
    answer = hubspot("POST", CONTACTS, contact("a@x.com"))
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (409, "9", {"category": "CONFLICT"})
    assert emails(sandbox) == written


def test_an_answer_can_be_rewritten(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.switches.rewrite(lambda document: {**document, "status": "PENDING"}, path="batch/create")
    answer = hubspot("POST", f"{CONTACTS}/batch/create", batch(contact("a@x.com")))
    assert (answer.json()["status"], len(answer.json()["results"])) == ("PENDING", 1)
    assert emails(sandbox) == ["a@x.com"]


def test_a_write_can_land_late(sandbox: Sandbox, hubspot: Api, clock: SceneClock) -> None:
    sandbox.hubspot.switches.late_landing(30)
    assert hubspot("POST", CONTACTS, contact("a@x.com")).status_code == 504
    assert emails(sandbox) == []
    clock.advance(31)
    assert emails(sandbox) == ["a@x.com"]
    assert sandbox.hubspot.history[0].effected == 1


def test_a_late_write_meets_the_conflict_that_a_premature_resend_made(
    sandbox: Sandbox, hubspot: Api, clock: SceneClock
) -> None:
    hubspot("POST", PROPERTIES, definition("booking_key", hasUniqueValue=True))
    sandbox.hubspot.switches.late_landing(30)
    codes = [hubspot("POST", f"{MEETINGS}/batch/create", batch(meeting(booking_key="k"))).status_code for _ in range(2)]
    clock.advance(31)
    assert codes == [504, 201]
    assert len(sandbox.hubspot.state.activities()) == 1


def test_the_rolling_limit_is_429_with_a_policy_and_without_retry_after(
    sandbox: Sandbox, hubspot: Api, clock: SceneClock
) -> None:
    sandbox.hubspot.switches.requests_per_window = 3
    answers = [hubspot("GET", CONTACTS) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[0].headers["X-HubSpot-RateLimit-Max"] == "3"
    assert [one.headers["X-HubSpot-RateLimit-Remaining"] for one in answers[:3]] == ["2", "1", "0"]
    refused = answers[3].json()
    assert (refused["errorType"], refused["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert refused["message"] == "You have reached your ten_secondly_rolling limit."
    assert "Retry-After" not in answers[3].headers
    clock.advance(10)
    assert hubspot("GET", CONTACTS).status_code == 200


def test_searches_have_their_own_limit_and_no_rate_headers(sandbox: Sandbox, hubspot: Api, clock: SceneClock) -> None:
    sandbox.hubspot.switches.searches_per_second = 1
    sandbox.hubspot.switches.requests_per_window = 1
    first, second = (hubspot("POST", f"{CONTACTS}/search", {}) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 429)
    assert second.json()["policyName"] == "SECONDLY"
    assert "X-HubSpot-RateLimit-Max" not in first.headers
    assert hubspot("GET", CONTACTS).status_code == 200
    clock.advance(1)
    assert hubspot("POST", f"{CONTACTS}/search", {}).status_code == 200


def test_the_daily_limit_ends_at_midnight_of_the_portal(sandbox: Sandbox, hubspot: Api, clock: SceneClock) -> None:
    sandbox.hubspot.switches.requests_per_day = 1
    assert hubspot("GET", CONTACTS).status_code == 200
    assert hubspot("GET", CONTACTS).json()["policyName"] == "DAILY"
    clock.advance(14 * 3600 + 1)
    assert hubspot("GET", CONTACTS).status_code == 200


def test_a_missing_scope_is_named(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.switches.missing_scopes = {"crm.schemas.contacts.write", "crm.schemas.meetings.write"}
    answer = hubspot("POST", PROPERTIES, definition("mine"))
    assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    assert "crm.schemas.contacts.write" in answer.json()["errors"][0]["context"]["requiredGranularScopes"]
    sandbox.hubspot.switches.missing_scopes = {"crm.schemas.meetings.write"}
    assert hubspot("POST", PROPERTIES, definition("mine")).status_code == 201


def test_validation_rules_bind_creates_of_the_newer_version_only(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.switches.required_properties = {"contacts": ["jobtitle"]}
    answer = hubspot("POST", CONTACTS, contact("a@x.com"))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "MISSING_REQUIRED_PROPERTY")
    assert hubspot("POST", CONTACTS.replace("2026-09", "2026-03"), contact("a@x.com")).status_code == 201


def test_addresses_can_be_refused_and_blocked(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.switches.refuse_emails = {"bad@x.com"}
    sandbox.hubspot.switches.blocked_emails = {"gone@x.com"}
    codes = [hubspot("POST", CONTACTS, contact(f"{one}@x.com")).json()["errors"][0]["code"] for one in ("Bad", "gone")]
    assert codes == ["INVALID_EMAIL", "EMAIL_BLOCKLISTED"]


def test_trace_ids_can_be_absent_from_results(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.switches.trace_ids_in_results = False
    answer = hubspot("POST", f"{CONTACTS}/batch/create", batch(contact("a@x.com", trace="1"))).json()
    assert "objectWriteTraceId" not in answer["results"][0]


def test_the_hook_sees_each_request_before_and_after_its_effect(sandbox: Sandbox, hubspot: Api) -> None:
    seen: list[tuple[int, str, int]] = []

    def hook(entry: HistoryEntry, phase: str) -> None:
        seen.append((entry.number, phase, len(sandbox.hubspot.state.contacts())))

    sandbox.hubspot.state.request_hook = hook
    hubspot("POST", CONTACTS, contact("a@x.com"))
    hubspot("GET", CONTACTS)
    assert seen == [(1, "before", 0), (1, "after", 1), (2, "before", 1), (2, "after", 1)]


def test_the_history_tells_what_was_asked_and_done(sandbox: Sandbox, hubspot: Api) -> None:
    body = batch(contact("a@x.com", trace="1"), contact("no-address", trace="2"))
    answer = hubspot("POST", f"{CONTACTS}/batch/create", body)
    entry = sandbox.hubspot.state.history[0]
    assert (entry.number, entry.method, entry.status, entry.portal_id) == (1, "POST", 207, 424_242)
    assert (entry.body, entry.is_write, entry.attempted, entry.effected) == (body, True, 2, 1)
    assert entry.effected_ids == [answer.json()["results"][0]["id"]]


def test_slow_answers_do_not_hold_up_others(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.switches.slow(0.3, path="meetings")
    started = time.monotonic()
    hubspot("GET", CONTACTS)
    assert time.monotonic() - started < 0.3
    hubspot("GET", MEETINGS)
    assert time.monotonic() - started >= 0.3


def test_a_cut_write_can_land_later(sandbox: Sandbox, hubspot: Api, clock: SceneClock) -> None:
    sandbox.hubspot.switches.drop_then_land(30)
    with pytest.raises(requests.ConnectionError):
        hubspot("POST", CONTACTS, contact("a@x.com"))
    assert (emails(sandbox), sandbox.hubspot.history[0].status) == ([], None)
    clock.advance(31)
    assert emails(sandbox) == ["a@x.com"]


def test_each_portal_can_have_its_own_limits_and_they_can_shrink(
    sandbox: Sandbox, hubspot: Api, clock: SceneClock
) -> None:
    other = Api(sandbox.hubspot.url, "pat-eu1-sandbox")
    limits = sandbox.hubspot.switches.portal_limits
    limits[424_242] = {"requests_per_window": 3}
    assert [hubspot("GET", CONTACTS).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert [other("GET", CONTACTS).status_code for _ in range(4)] == [200] * 4
    clock.advance(10)
    limits[424_242] = {"requests_per_window": 1, "requests_per_day": 5}
    answers = [hubspot("GET", CONTACTS) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 429]
    headers = answers[0].headers
    assert (headers["X-HubSpot-RateLimit-Max"], headers["X-HubSpot-RateLimit-Daily-Remaining"]) == ("1", "1")
    clock.advance(10)
    assert hubspot("GET", CONTACTS).status_code == 200
    clock.advance(10)
    assert hubspot("GET", CONTACTS).json()["policyName"] == "DAILY"


def test_a_storm_lets_a_few_through_and_ends(sandbox: Sandbox, hubspot: Api, clock: SceneClock) -> None:
    sandbox.hubspot.switches.storm(0.9, 1_800, portal_id=424_242, headers={"Retry-After": "3"})
    answers = [hubspot("GET", CONTACTS) for _ in range(200)]
    assert 160 <= sum(one.status_code == 429 for one in answers) < 200
    assert {one.headers["Retry-After"] for one in answers if one.status_code == 429} == {"3"}
    assert Api(sandbox.hubspot.url, "pat-eu1-sandbox")("GET", CONTACTS).status_code == 200
    clock.advance(1_801)
    assert {hubspot("GET", CONTACTS).status_code for _ in range(20)} == {200}
