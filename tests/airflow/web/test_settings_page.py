from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync.store.database import reading
from booking_sync.store.settings_history import load_settings, settings_changes
from tests.airflow.web.browsing import VIEWER, Browser, User, words

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("acme")]

PATH = "/integrations/ws_acme/settings"
INTEGRATION = "ws_acme@424242"


def test_settings_that_are_saved_are_shown_used_and_remembered_with_who_changed_them(
    admin: Browser, mapping: Engine
) -> None:
    fields = {
        "guests": "associate",
        "reschedule_policy": "recreate",
        "question_properties": "size = company_size\nis 1 = 2? = sum",
        "events_include": "Intro\n\n  Demo  ",
        "mark_completed": "on",
    }

    answer = admin.post(PATH, fields, page=PATH)
    shown = admin.get(answer.headers["location"].removeprefix("/booking-sync"))

    assert answer.status_code == 303
    assert "The settings are saved." in words(shown)
    assert 'value="associate" checked' in shown.text
    with reading(mapping) as connection:
        stored = load_settings(connection, INTEGRATION)
        change = settings_changes(connection, INTEGRATION)[0]
    assert stored.events_include == ("Intro", "Demo")
    assert stored.question_properties == {"size": "company_size", "is 1 = 2?": "sum"}
    assert stored.mark_completed is True
    assert change.changed_by == "ann"
    assert set(change.after) == {"guests", "question_properties", "events_include", "mark_completed"}


def test_each_wrong_field_says_so_where_it_stands_and_nothing_is_saved(admin: Browser, mapping: Engine) -> None:
    fields = {
        "guests": "everybody",
        "reschedule_policy": "update",
        "question_properties": "size",
        "utm_properties": "utm_source = Lead Source",
    }

    answer = admin.post(PATH, fields, page=PATH)

    assert answer.status_code == 422
    for name in ("guests", "question_properties", "utm_properties"):
        assert f'id="{name}-wrong"' in answer.text
    assert "line 1: write a name, an equals sign and a property" in words(answer)
    assert "utm_source = Lead Source" in answer.text  # what was typed is still there
    assert 'id="reschedule_policy-wrong"' not in answer.text
    with reading(mapping) as connection:
        assert settings_changes(connection, INTEGRATION) == []


def test_saving_what_is_set_already_changes_nothing(admin: Browser, mapping: Engine) -> None:
    answer = admin.post(PATH, {"guests": "ignore", "reschedule_policy": "recreate"}, page=PATH)

    assert answer.headers["location"].endswith("?done=unchanged")
    with reading(mapping) as connection:
        assert settings_changes(connection, INTEGRATION) == []


def test_what_people_typed_is_text_and_never_markup(admin: Browser) -> None:
    script = '<script>alert(1)</script>"onmouseover="x'

    answer = admin.post(PATH, {"activity_type": script, "events_include": "</textarea>" + script}, page=PATH)
    shown = admin.get(PATH)

    for page in (answer, shown):
        assert "<script>alert" not in page.text
        assert "</textarea><script" not in page.text


def test_a_viewer_sees_the_settings_and_cannot_send_them(browser: Callable[[User], Browser]) -> None:
    shown = browser(VIEWER).get(PATH)

    assert shown.status_code == 200
    assert "<fieldset disabled>" in shown.text
    assert "Save settings" not in shown.text


def test_a_workspace_that_is_not_there_is_said_to_be_missing(admin: Browser) -> None:
    assert admin.get("/integrations/ws_other/settings").status_code == 404


def test_a_preview_shows_the_newest_booking_under_unsaved_settings_and_saves_nothing(
    admin: Browser, sandbox: Sandbox, mapping: Engine
) -> None:
    now = utc_now()
    event = {"id": "ev_1", "name": "Intro <call>"}
    sandbox.calendar.state.book("ws_acme", event=event, start_at=now, end_at=now + timedelta(minutes=30))
    writes = sum(one.is_write for one in sandbox.hubspot.history)

    shown = admin.post(PATH, {"activity_type": "First call", "action": "preview"}, page=PATH)
    left_out = admin.post(PATH, {"events_exclude": "intro <call>", "action": "preview"}, page=PATH)

    assert shown.status_code == 200
    assert "Title Meeting - Calendar.com: Intro <call>" in words(shown)
    assert "Meeting type First call" in words(shown)
    assert "<call>" not in shown.text
    assert 'value="First call"' in shown.text  # what was typed is still there
    assert "would not be passed on" in words(left_out)
    assert sum(one.is_write for one in sandbox.hubspot.history) == writes
    with reading(mapping) as connection:
        assert settings_changes(connection, INTEGRATION) == []


def test_without_bookings_there_is_no_preview_and_the_page_says_why(admin: Browser) -> None:
    answer = admin.post(PATH, {"action": "preview"}, page=PATH)

    assert "There is no preview: No booking of this workspace changed in the last 30 days." in words(answer)


def test_notices_say_why_they_have_no_effect_and_nothing_once_a_mail_server_is_there(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.post(PATH, {"notify": "on"}, page=PATH)
    without = admin.get(PATH)
    server = {"conn_type": "smtp", "host": "mail.example", "extra": {"from_email": "calendar@acme.example"}}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(server))
    with_server = admin.get(PATH)

    assert "Nobody is told now. The connection smtp_default is not set up." in words(without)  # M1
    assert "Nobody is told now." not in words(with_server)


def test_the_preview_shows_the_notice_where_people_are_told(admin: Browser, sandbox: Sandbox) -> None:
    now = utc_now()
    event = {"id": "ev_1", "name": "Intro <call>"}
    sandbox.calendar.state.book("ws_acme", event=event, start_at=now, end_at=now + timedelta(minutes=30))

    shown = admin.post(PATH, {"notify": "on", "action": "preview"}, page=PATH)
    without = admin.post(PATH, {"action": "preview"}, page=PATH)

    assert "Rescheduled: Intro <call>" in words(shown)
    assert "Intro <call>" not in shown.text
    assert "Rescheduled:" not in words(without)


def test_settings_that_somebody_else_has_saved_meanwhile_are_not_lost(admin: Browser, mapping: Engine) -> None:
    opened = re.findall(r'name="(csrf_token|seen)" value="([^"]+)"', admin.get(PATH).text)
    admin.post(PATH, {"guests": "associate", "activity_type": "Sales"}, page=PATH)

    stale = admin.post_raw(PATH, {**dict(opened), "guests": "create"})
    with_nothing = admin.post_raw(PATH, {"csrf_token": dict(opened)["csrf_token"]})
    with reading(mapping) as connection:
        kept = load_settings(connection, INTEGRATION)
    mine = re.findall(r'name="(csrf_token|seen)" value="([^"]+)"', stale.text)
    again = admin.post_raw(PATH, {**dict(mine), "guests": "create"})

    assert (stale.status_code, with_nothing.status_code, again.status_code) == (409, 409, 303)
    assert "saved by somebody else since you opened this page" in words(stale)
    assert 'value="create" checked' in stale.text
    assert (kept.guests, kept.activity_type) == ("associate", "Sales")
