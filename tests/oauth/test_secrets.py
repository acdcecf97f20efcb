"""Canaries: no token, secret, state, verifier or cookie value in logs, errors, notes, answers or the database."""

from __future__ import annotations

import logging
import re
import traceback
from contextlib import suppress
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import inspect, text

from booking_sync.disconnecting import disconnect, uninstall
from booking_sync.errors import BookingSyncError
from booking_sync.overview import overview
from booking_sync.owner_coverage import owner_coverage
from booking_sync.store.database import reading
from tests.oauth.portals_scene import ADA, FIRST, SECOND, PortalsScene

MINE = f"ws_1@{FIRST}"


def dump(portals: PortalsScene) -> str:
    """Return every value in the database as text."""
    engine = portals.services.engine
    names = inspect(engine).get_table_names()
    with reading(engine) as connection:
        rows = [row for name in names for row in connection.execute(text(f'SELECT * FROM "{name}"'))]  # noqa: S608 - our own table names
    return "\n".join(_as_text(value) for row in rows for value in row)


def _as_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def secrets_of(portals: PortalsScene) -> set[str]:
    """Return every token that HubSpot has ever issued in the scene, and our client secret."""
    issued = {
        token
        for portal in portals.hubspot.portals.values()
        for token in (*portal.grants.tokens, *portal.grants.refresh_tokens)
    }
    return (issued | set(portals.hidden) | {portals.sandbox.hubspot.app.client_secret}) - {
        portals.sandbox.hubspot.service_key
    }


def is_of_others(record: logging.LogRecord) -> bool:
    """Say whether the sandbox logged it, or the person's browser."""
    return record.name.startswith("uvicorn") or "/oauth/authorize" in record.getMessage()


def a_whole_life(portals: PortalsScene) -> tuple[set[str], str]:
    """Go through everything that touches tokens, with failures; return the other secrets and what was said."""
    said: list[str] = []

    def attempt(act: Any) -> None:
        try:
            said.append(repr(act()))
        except BookingSyncError as error:
            said.append("".join(traceback.format_exception(error)))

    begun = portals.begin()
    answer = portals.consent(begun, FIRST)
    other = {begun.browser_secret, answer["code"], parse_qs(urlsplit(begun.authorize_url).query)["state"][0]}
    said.append(repr(begun))
    attempt(lambda: portals.finish(begun, {**answer, "code": "wrong"}))
    attempt(lambda: portals.grant(FIRST))
    attempt(lambda: portals.grant(SECOND))
    attempt(lambda: portals.connect("ws_1", FIRST))
    attempt(lambda: portals.connect("ws_2", SECOND))
    portals.clock.advance(1_800)
    portals.book()
    said.append(portals.run().note)
    attempt(lambda: overview(portals.services, list(portals.services.calendar.workspaces())))
    attempt(lambda: owner_coverage(portals.services, MINE))
    portals.hubspot.uninstall_app(portal_id=SECOND)
    portals.calendar.book("ws_2")
    said.append(portals.run(may_be_red=True).note)
    portals.switches.html_502(path="/oauth/", count=3)
    portals.clock.advance(1_800)
    portals.book()
    said.append(portals.run(may_be_red=True).note)
    attempt(lambda: uninstall(portals.services, MINE, person=ADA, typed="no"))
    attempt(lambda: disconnect(portals.services, MINE, person=ADA))
    said.append(repr(portals.services))
    return other, "\n".join(said)


@pytest.fixture(autouse=True)
def patient(portals: PortalsScene) -> None:
    """Let the token endpoints be waited for without taking time."""
    assert portals.services.tokens is not None
    portals.services.tokens.oauth._http._sleep = portals.clock.advance


def test_no_secret_is_said_logged_or_stored_in_the_clear(
    portals: PortalsScene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    other, said = a_whole_life(portals)
    canaries = secrets_of(portals) | other
    assert len(canaries) > 10
    logged = [record.getMessage() for record in caplog.records if not is_of_others(record)]
    everything = "\n".join([said, *logged, dump(portals)])
    assert [canary for canary in canaries if canary in everything] == []


def test_every_token_is_told_to_whoever_masks_logs(portals: PortalsScene) -> None:
    a_whole_life(portals)
    known = {token for portal in portals.hubspot.portals.values() for token in portal.grants.tokens}
    ours = known - {portals.sandbox.hubspot.service_key, "pat-eu1-sandbox", "pat-na2-sandbox"}
    used = {token for token in ours if token in set(portals.hidden)}
    assert used
    assert portals.sandbox.hubspot.app.client_secret in portals.hidden


def test_what_the_page_gets_holds_no_token(portals: PortalsScene) -> None:
    portals.grant_and_connect("ws_1", FIRST)
    shown = str(
        [asdict(card) for card in overview(portals.services, list(portals.services.calendar.workspaces())).cards]
    )
    assert not [secret for secret in secrets_of(portals) if secret in shown]
    assert not re.search(r"gAAAA", shown)  # nor an encrypted one


def test_the_locals_of_an_error_hold_no_token(portals: PortalsScene) -> None:
    """Tools that print the variables of a traceback would print them."""
    portals.grant_and_connect("ws_1", FIRST)
    portals.switches.fail_before(500, path="/crm/owners", count=50)
    leaks: list[str] = []
    with suppress(BookingSyncError):
        try:
            portals.services.hubspot_of(str(FIRST)).owners()
        except BookingSyncError as error:
            leaks = [
                f"{frame.f_code.co_name}: {name}"
                for frame, _ in traceback.walk_tb(error.__traceback__)
                for name, value in frame.f_locals.items()
                if any(secret in repr(value) for secret in secrets_of(portals))
                and frame.f_code.co_name != "test"
                and "tests/" not in frame.f_code.co_filename
            ]
    assert leaks == []
