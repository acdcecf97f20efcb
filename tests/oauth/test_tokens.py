"""Tokens over time: refreshed early, by one worker, committed before use, and given up only once (faults 36 to 40)."""

from __future__ import annotations

import os
import signal
from multiprocessing import get_context
from typing import Any

import pytest
from sqlalchemy import select, update

from booking_sync.errors import AccessRefused, ConfigurationError, NeedsReconnecting, TokensUnavailable
from booking_sync.services import Services
from booking_sync.states import AccessState
from booking_sync.store.access_tables import portal_access
from booking_sync.store.database import writing
from booking_sync.store.encryption import Vault
from tests.oauth.portals_scene import FIRST, SECOND, PortalsScene

TOKEN = "POST /oauth/2026-09/token"
HALF_AN_HOUR = 1_800


def ask(portals: PortalsScene, services: Services | None = None, portal_id: int = FIRST) -> str:
    """Send one request to a portal, as every run does."""
    return (services or portals.services).hubspot_of(str(portal_id)).portal().id


def refreshes(portals: PortalsScene, act: Any) -> int:
    return portals.calls_during(act).count(TOKEN)


def access(portals: PortalsScene) -> dict[str, Any]:
    (row,) = portals.rows(select(portal_access))
    return row


def test_a_fresh_token_is_used_as_it_is(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    assert refreshes(portals, lambda: ask(portals)) == 0


@pytest.mark.parametrize("seconds", [HALF_AN_HOUR - 120, HALF_AN_HOUR, 7 * 24 * 3600])
def test_a_token_near_or_past_its_end_is_refreshed_before_the_request(portals: PortalsScene, seconds: float) -> None:
    portals.grant(FIRST)
    portals.clock.advance(seconds)
    assert refreshes(portals, lambda: ask(portals)) == 1
    assert refreshes(portals, lambda: ask(portals)) == 0


def test_a_401_in_the_middle_is_answered_with_one_refresh(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.hubspot.expire_access_tokens(portal_id=FIRST)
    assert refreshes(portals, lambda: ask(portals)) == 1
    assert access(portals)["state"] == AccessState.USABLE


def test_a_second_401_is_the_end(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.switches.answer(401, '{"category": "INVALID_AUTHENTICATION"}', path="/account-info/", count=9)
    with pytest.raises(NeedsReconnecting, match="it refuses a fresh token"):
        ask(portals)
    assert portals.calls_during(lambda: fails(portals)) == []  # no further calls


def fails(portals: PortalsScene) -> None:
    with pytest.raises(NeedsReconnecting, match="Grant access again on the Integrations page"):
        ask(portals)


def test_a_refresh_token_that_is_not_taken_is_tried_once(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.hubspot.revoke_refresh_tokens(portal_id=FIRST)
    portals.clock.advance(HALF_AN_HOUR)
    assert refreshes(portals, lambda: fails(portals)) == 1
    assert portals.calls_during(lambda: fails(portals)) == []
    assert access(portals)["state"] == AccessState.BROKEN


def test_an_uninstall_in_hubspot_is_noticed_and_not_hammered(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.hubspot.uninstall_app(portal_id=FIRST)
    assert refreshes(portals, lambda: fails(portals)) == 1  # K4
    assert portals.calls_during(lambda: fails(portals)) == []


def test_the_other_portals_go_on(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.grant(SECOND)
    portals.hubspot.uninstall_app(portal_id=FIRST)
    fails(portals)
    assert ask(portals, portal_id=SECOND) == str(SECOND)  # W6


def test_a_token_endpoint_that_is_down_breaks_nothing(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.clock.advance(HALF_AN_HOUR)
    portals.switches.fail_before(503, path="/oauth/", count=3, writes_only=False)
    portals.services.tokens.oauth._http._sleep = portals.clock.advance  # type: ignore[union-attr]  # OAuth mode
    with pytest.raises(TokensUnavailable):
        ask(portals)
    assert access(portals)["state"] == AccessState.USABLE
    assert ask(portals) == str(FIRST)


def test_a_wrong_client_secret_breaks_no_portal(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.clock.advance(HALF_AN_HOUR)
    right, portals.sandbox.hubspot.app.client_secret = portals.sandbox.hubspot.app.client_secret, "rotated"
    with pytest.raises(AccessRefused, match="client id or secret"):
        ask(portals)
    portals.sandbox.hubspot.app.client_secret = right
    assert ask(portals) == str(FIRST)


def test_a_lost_answer_to_a_rotating_refresh_ends_in_reconnecting_and_no_loop(portals: PortalsScene) -> None:
    portals.switches.rotate_refresh_tokens = True
    portals.grant(FIRST)
    portals.clock.advance(HALF_AN_HOUR)
    portals.switches.commit_then_hang(path="/oauth/", writes_only=False)
    portals.services.tokens.oauth._http._sleep = portals.clock.advance  # type: ignore[union-attr]  # OAuth mode
    assert refreshes(portals, lambda: fails(portals)) == 2  # the old token is tried once more
    assert portals.calls_during(lambda: fails(portals)) == []


def _ask_and_stop(portals: PortalsScene, pipe: Any, *, dies_after_the_answer: bool) -> None:
    """Be another process that asks; it may die between HubSpot's answer and the commit."""
    services = portals.new_services()
    if dies_after_the_answer:
        assert services.tokens is not None
        answered = services.tokens.oauth.refresh

        def refresh_and_die(token: str) -> Any:
            answered(token)
            os.kill(os.getpid(), signal.SIGKILL)

        services.tokens.oauth.refresh = refresh_and_die  # type: ignore[method-assign]  # that is where it dies
    pipe.send(ask(portals, services))


def in_another_process(portals: PortalsScene, count: int = 1, **how: bool) -> list[str]:
    """Let processes ask at the same time, and return what those that lived were told."""
    context = get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(count)]
    processes = [
        context.Process(target=_ask_and_stop, args=(portals, sending), kwargs={"dies_after_the_answer": False, **how})
        for _, sending in pipes
    ]
    for process in processes:
        process.start()
    for process, (_, sending) in zip(processes, pipes, strict=True):
        sending.close()
        process.join(60)
    return [receiving.recv() for (receiving, _), one in zip(pipes, processes, strict=True) if one.exitcode == 0]


def test_two_processes_refresh_once(portals_on_both: PortalsScene) -> None:
    portals = portals_on_both
    portals.switches.rotate_refresh_tokens = True
    portals.grant(FIRST)
    portals.clock.advance(HALF_AN_HOUR)
    portals.switches.slow(0.5, path="/oauth/", count=9)
    portals.services.engine.dispose()
    told: list[str] = []
    assert refreshes(portals, lambda: told.extend(in_another_process(portals, 2))) == 1
    assert told == [str(FIRST)] * 2


@pytest.mark.parametrize("rotates", [False, True])
def test_a_worker_that_dies_before_the_commit_leaves_the_old_token_to_be_tried(
    portals: PortalsScene,
    rotates: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    portals.switches.rotate_refresh_tokens = rotates
    portals.grant(FIRST)
    portals.clock.advance(HALF_AN_HOUR)
    portals.services.engine.dispose()
    assert in_another_process(portals, dies_after_the_answer=True) == []
    if rotates:
        assert refreshes(portals, lambda: fails(portals)) == 1
        assert portals.calls_during(lambda: fails(portals)) == []
    else:
        assert ask(portals) == str(FIRST)


def test_tokens_are_encrypted_and_readable_after_the_keys_were_rotated(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    row = access(portals)
    tokens = [*portals.hubspot.portal(FIRST).grants.tokens, *portals.hubspot.portal(FIRST).grants.refresh_tokens]
    assert not any(token.encode() in row["access_token"] + row["refresh_token"] for token in tokens)
    both = Vault(["a new key, long enough", "a secret for the scenes, long enough"])
    object.__setattr__(portals.services.tokens, "vault", both)
    portals.clock.advance(HALF_AN_HOUR)
    ask(portals)
    only_new = Vault(["a new key, long enough"])
    assert only_new.decrypt(access(portals)["refresh_token"])


def test_a_secret_key_that_does_not_fit_fails_closed(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    object.__setattr__(portals.services.tokens, "vault", Vault(["another key altogether, long"]))
    with pytest.raises(ConfigurationError, match="does not fit"):
        ask(portals)


def test_a_refresh_that_names_another_portal_is_not_used(portals: PortalsScene) -> None:
    portals.grant(FIRST)
    portals.grant(SECOND)
    with writing(portals.services.engine) as connection:
        other = select(portal_access.c.refresh_token).where(portal_access.c.portal_id == str(SECOND))
        stolen = connection.execute(other).scalar_one()
        mine = update(portal_access).where(portal_access.c.portal_id == str(FIRST))
        connection.execute(mine.values(refresh_token=stolen))
    portals.clock.advance(HALF_AN_HOUR)
    with pytest.raises(NeedsReconnecting, match=f"belong to portal {SECOND}"):
        ask(portals)
