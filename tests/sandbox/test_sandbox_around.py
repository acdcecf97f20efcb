"""What is around the APIs: control endpoints, pages, sample and command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import requests

import booking_sandbox
from booking_sandbox.sample import TEAM_KEY, load_sample
from booking_sandbox.server import Sandbox
from tests.sandbox.conftest import START, Api
from tests.sandbox.requests_of_hubspot import CONTACTS, contact


def test_switches_and_actions_work_over_http(sandbox: Sandbox, calendar: Api, hubspot: Api) -> None:
    root = sandbox.hubspot.root_url + "/__sandbox"
    switches = {"shuffle": False, "refuse_emails": ["x@x.com"], "commit_then_status": {"status": 504, "nth": 1}}
    assert requests.post(f"{root}/switches", json=switches, timeout=5).status_code == 200
    assert hubspot("POST", CONTACTS, contact("a@x.com")).status_code == 504
    assert hubspot("POST", CONTACTS, contact("x@x.com")).status_code == 400
    assert requests.post(f"{root}/switches", json={"nonsense": 1}, timeout=5).status_code == 422
    booked = sandbox.calendar.state.book("ws_1")["id"]
    action = {"action": "reschedule_in_place", "booking_id": booked, "start_at": "2026-12-01T10:00:00Z"}
    done = requests.post(f"{sandbox.calendar.root_url}/__sandbox/actions", json=action, timeout=5)
    assert done.json()["result"]["start_at"] == "2026-12-01T10:00:00.000000Z"
    assert calendar("GET", "/v1/workspaces/ws_1/bookings").json()["data"][0]["version"] == 2
    refused = requests.post(f"{sandbox.calendar.root_url}/__sandbox/actions", json={"action": "reset"}, timeout=5)
    assert refused.status_code == 422


def test_state_history_and_reset_work_over_http(sandbox: Sandbox, hubspot: Api) -> None:
    root = sandbox.hubspot.root_url + "/__sandbox"
    hubspot("POST", CONTACTS, contact("a@x.com"))
    state = requests.get(f"{root}/state", timeout=5).json()
    assert state["portals"]["424242"]["contacts"][0]["properties"]["email"] == "a@x.com"
    history = requests.get(f"{root}/history", timeout=5).json()["requests"]
    assert [(one["path"], one["status"], one["effected"]) for one in history] == [(CONTACTS, 201, 1)]
    requests.post(f"{root}/reset", timeout=5)
    assert sandbox.hubspot.state.contacts() == []
    assert len(sandbox.hubspot.state.history) == 0


def test_the_timeline_page_frames_bodies_and_escapes_everything(sandbox: Sandbox) -> None:
    state = sandbox.hubspot.state
    person = state.add_contact(email="a@x.com", firstname="<b>Ann</b>")
    state.add_activity(
        contact_ids=[person],
        hs_timestamp="2026-11-22T09:00:00Z",
        hs_meeting_title="[Canceled] <i>Intro</i>",
        hs_meeting_body='<p onclick="x">Hello</p><script>alert(1)</script>',
        hs_meeting_outcome="CANCELED",
    )
    answer = requests.get(f"{sandbox.hubspot.root_url}/contacts/{person}", timeout=5)
    assert "<iframe sandbox srcdoc=" in answer.text
    assert "<script" not in answer.text
    assert "<b>Ann</b>" not in answer.text
    assert 'class="struck"' in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_every_page_opens_with_the_sample(sandbox: Sandbox, calendar: Api) -> None:
    load_sample(sandbox.calendar.state, sandbox.hubspot.state, START)
    calendar("GET", "/v1/workspaces")
    booking_ids = [one["id"] for one in sandbox.calendar.state.bookings()]
    calendar_paths = ["/", "/?status=canceled", "/requests", *[f"/bookings/{one}" for one in booking_ids[-40:]]]
    contact_paths = [f"/contacts/{one['id']}" for one in sandbox.hubspot.state.contacts()[:5]]
    for root, paths in (
        (sandbox.calendar.root_url, [*calendar_paths, "/bookings/bk_NOTIMES"]),
        (sandbox.hubspot.root_url, ["/", "/activities", "/requests", *contact_paths]),
    ):
        for path in paths:
            answer = requests.get(root + path, timeout=5)
            assert (path, answer.status_code) == (path, 200)
            assert "http://" not in answer.text.replace("https://", "")
    assert requests.get(f"{sandbox.calendar.root_url}/bookings/none", timeout=5).status_code == 404


def test_the_sample_is_a_varied_fortnight(sandbox: Sandbox) -> None:
    state = sandbox.calendar.state
    load_sample(state, sandbox.hubspot.state, START)
    bookings = state.bookings("ws_acme")
    moments = [one["updated_at"] for one in bookings]
    assert len(bookings) >= 200
    assert min(moments) >= (START - timedelta(days=14)).strftime("%Y-%m-%d")
    assert max(moments) < START.strftime("%Y-%m-%dT%H:%M")
    assert 10 < sum(one >= (START - timedelta(days=3)).strftime("%Y-%m-%d") for one in moments) < 150
    statuses = Counter(one["status"] for one in bookings)
    assert statuses["canceled"] >= 10
    assert (statuses["rescheduled"], statuses["pending_approval"]) == (4, 1)
    assert state.booking("bk_CHAINC")["rescheduled_from_id"] == "bk_CHAINB"
    assert len({one["event"]["id"] for one in bookings}) == 8
    assert len({one["host"]["id"] for one in bookings}) == 6
    assert any(person["status"] == "canceled" for one in bookings for person in one["invitees"])
    assert any(person["no_show"] for one in bookings for person in one["invitees"])
    known = [person["email"] for one in bookings for person in one["invitees"] if person["email"]]
    assert any(sandbox.hubspot.state.contact_by_email(one) for one in known)
    assert (len(sandbox.hubspot.state.contacts()), len(sandbox.hubspot.state.activities())) == (40, 9)


def test_the_sample_has_three_teams_and_a_portal_for_each(sandbox: Sandbox, calendar: Api) -> None:  # K1
    load_sample(sandbox.calendar.state, sandbox.hubspot.state, START)
    workspaces = calendar("GET", "/v1/workspaces").json()["data"]
    assert {one["id"]: one["plan"] for one in workspaces if one["id"] != "ws_1"} == {
        "ws_acme": "pro",
        "ws_globex": "enterprise",
        "ws_initech": "basic",
    }
    assert calendar("GET", "/v1/workspaces/ws_initech/bookings").json()["error"]["code"] == "plan_required"
    window = {"updated_since": (START - timedelta(days=14)).isoformat(), "updated_until": START.isoformat()}
    everywhere = calendar("GET", "/v1/bookings", limit=200, **window).json()["data"]
    assert {one["workspace_id"] for one in everywhere} == {"ws_acme", "ws_globex", "ws_initech"}
    team = Api(sandbox.calendar.url, TEAM_KEY)
    assert [one["id"] for one in team("GET", "/v1/workspaces").json()["data"]] == ["ws_acme"]
    owners = [{one.email for one in portal.owners.values()} for portal in sandbox.hubspot.state.portals.values()]
    assert [len(one) for one in owners] == [5, 2, 1]
    assert owners[0].isdisjoint(owners[1] | owners[2])


def test_the_same_seed_gives_the_same_sample(sandbox: Sandbox) -> None:
    load_sample(sandbox.calendar.state, sandbox.hubspot.state, START)
    first = (sandbox.calendar.state.bookings(), sandbox.hubspot.state.contacts())
    sandbox.calendar.service.reset()
    sandbox.hubspot.service.reset()
    load_sample(sandbox.calendar.state, sandbox.hubspot.state, START)
    assert (sandbox.calendar.state.bookings(), sandbox.hubspot.state.contacts()) == first


def test_the_command_starts_says_where_and_stops_on_a_signal(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    root = Path(booking_sandbox.__file__).parents[1]
    command = [sys.executable, "-m", "booking_sandbox", "--empty", "--ready-file", str(ready)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, env={**os.environ, "PYTHONPATH": str(root)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        deadline = time.monotonic() + 15
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        where = json.loads(ready.read_text(encoding="utf-8"))
        assert Api(where["calendar_url"], where["api_key"])("GET", "/v1/workspaces").json()["data"] == []
        details = Api(where["hubspot_url"], where["service_key"])("GET", "/account-info/2026-09/details")
        assert details.json()["portalId"] == where["portal_id"]
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert where["calendar_url"] in output.decode()
