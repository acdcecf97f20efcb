"""The gate on both databases, with real requests to a sandbox that counts as HubSpot does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, select

from booking_sandbox.server import Sandbox
from booking_sync import rate_gate
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.clients.pace import Patience
from booking_sync.clients.retry import HttpLimits
from booking_sync.errors import DailyLimitReached, NotSent, StoreFailed, Throttled
from booking_sync.rate_gate import PortalGate, RateGates, next_midnight
from booking_sync.services import utc_now
from booking_sync.store.database import connect_database, open_database, writing
from booking_sync.store.rate_table import portal_rate
from booking_sync.store.tables import portal
from tests.flow.clock import SceneClock
from tests.processes import start_process, wait_for

PORTAL = "424242"
ONE_TRY = HttpLimits(attempts=1)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    one = open_database(database_url)
    yield one
    one.dispose()


@pytest.fixture
def clock() -> SceneClock:
    return SceneClock()


@pytest.fixture
def sandbox(clock: SceneClock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock) as one:
        yield one


def gate_of(engine: Engine, clock: Callable[[], datetime], percent: float = 100.0) -> PortalGate:
    return RateGates(engine, clock, percent).of(PORTAL)


def client_of(sandbox: Sandbox, gate: PortalGate, sleep: Callable[[float], None] = time.sleep) -> HubSpotClient:
    hubspot = sandbox.hubspot
    return HubSpotClient.from_connection(hubspot.url, hubspot.service_key, limits=ONE_TRY, sleep=sleep).with_pace(gate)


def ask_until(client: HubSpotClient, end: float) -> None:
    while time.monotonic() < end:
        client.portal()


def keep_asking(url: str, hubspot_url: str, key: str, seconds: float) -> None:
    """What a worker on another machine does, in three threads."""
    gate = gate_of(connect_database(url), utc_now)
    end = time.monotonic() + seconds
    clients = [HubSpotClient.from_connection(hubspot_url, key, limits=ONE_TRY).with_pace(gate) for _ in range(3)]
    threads = [threading.Thread(target=ask_until, args=(client, end)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_fault_006_two_processes_together_keep_within_the_limit_and_use_it(engine: Engine, database_url: str) -> None:
    with Sandbox() as sandbox:
        hubspot = sandbox.hubspot
        hubspot.switches.requests_per_window, hubspot.switches.window_seconds = 20, 1.0
        hubspot.switches.latency_seconds = 0.05
        client_of(sandbox, gate_of(engine, utc_now)).portal()
        where = (database_url, hubspot.url, hubspot.service_key, 4.0)
        workers = [start_process(keep_asking, *where) for _ in range(2)]
        assert [wait_for(worker) for worker in workers] == [0, 0]

        statuses = [entry.status for entry in hubspot.history]
    assert set(statuses) == {200}
    assert len(statuses) > 40


def test_what_the_answers_say_of_the_limit_counts_from_the_next_look_on(
    engine: Engine, sandbox: Sandbox, clock: SceneClock
) -> None:
    client = client_of(sandbox, gate_of(engine, clock), clock.advance)
    for most in (190, 110, 250, 40):
        sandbox.hubspot.switches.requests_per_window = most
        client.portal()
        clock.advance(20)
        client.portal()
        with engine.connect() as connection:
            assert connection.execute(select(portal_rate.c.burst_limit)).scalar_one() == most


def test_searches_have_a_limit_of_their_own(engine: Engine, sandbox: Sandbox, clock: SceneClock) -> None:
    sandbox.hubspot.switches.searches_per_second = 5
    client, began_at = client_of(sandbox, gate_of(engine, clock), clock.advance), clock.now
    for _ in range(5):
        client.activity_ids_of("hs_meeting_title", ["x"])
    assert clock.now == began_at
    client.portal()
    assert clock.now == began_at
    client.activity_ids_of("hs_meeting_title", ["x"])
    assert clock.now - began_at >= timedelta(seconds=1)


def test_fault_001_when_one_worker_is_told_to_wait_the_others_wait_too(
    engine: Engine, sandbox: Sandbox, clock: SceneClock
) -> None:
    mine, other = (client_of(sandbox, gate_of(engine, clock), clock.advance) for _ in range(2))
    sandbox.hubspot.switches.rate_limited(headers={"Retry-After": "7"})
    with pytest.raises(Throttled):
        mine.portal()
    began_at = clock.now
    other.portal()
    assert 7 <= (clock.now - began_at).total_seconds() <= 8
    assert [entry.status for entry in sandbox.hubspot.history] == [429, 200]


def test_a_locked_record_is_nobody_elses_business(engine: Engine, sandbox: Sandbox, clock: SceneClock) -> None:
    client, began_at = client_of(sandbox, gate_of(engine, clock), clock.advance), clock.now
    sandbox.hubspot.switches.fail_before(423)
    with pytest.raises(Throttled):
        client.portal()
    client.portal()
    assert clock.now == began_at


def test_a_wait_that_nobody_has_patience_for_ends_at_once_and_says_how_long_it_would_be(
    engine: Engine, sandbox: Sandbox, clock: SceneClock
) -> None:
    client = client_of(sandbox, gate_of(engine, clock), clock.advance)
    sandbox.hubspot.switches.rate_limited(headers={"Retry-After": "600"})
    for _ in range(3):
        with pytest.raises(Throttled) as throttled:
            client.portal()
        assert throttled.value.retry_after_seconds == pytest.approx(600)
    assert len(sandbox.hubspot.history) == 1


@pytest.mark.parametrize(("zone", "resets_at"), [("America/New_York", 5), ("Europe/Berlin", 23), ("Nowhere/Else", 24)])
def test_fault_005_the_daily_limit_stops_the_portal_until_its_own_midnight(
    engine: Engine, sandbox: Sandbox, clock: SceneClock, zone: str, resets_at: int
) -> None:
    with writing(engine) as connection:
        connection.execute(portal.insert().values(id=PORTAL, time_zone=zone))
    client = client_of(sandbox, gate_of(engine, clock), clock.advance)
    clock.now = datetime(2026, 3, 2, 4, 30 if resets_at == 5 else 0, tzinfo=UTC)
    resets = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=resets_at)
    sandbox.hubspot.switches.rate_limited("DAILY")
    with pytest.raises(DailyLimitReached):
        client.portal()
    for at in (clock.now, resets - timedelta(seconds=1)):
        clock.now = at
        with pytest.raises(DailyLimitReached, match=f"the daily limit is used up; .* before {resets:%Y-%m-%d %H:%M}"):
            client.portal()
    assert len(sandbox.hubspot.history) == 1
    other = RateGates(engine, clock, 100.0).of("7")
    client_of(sandbox, other, clock.advance).portal()
    clock.now = resets
    client.portal()
    assert [entry.status for entry in sandbox.hubspot.history] == [429, 200, 200]


def test_our_share_of_the_day_is_not_exceeded_either(engine: Engine, sandbox: Sandbox, clock: SceneClock) -> None:
    sandbox.hubspot.switches.requests_per_day = 20
    client = client_of(sandbox, gate_of(engine, clock, percent=50.0), clock.advance)
    for _ in range(10):
        client.portal()
        clock.advance(3)  # so that permits are taken one by one
    with pytest.raises(DailyLimitReached, match="the rest is left to other programs"):
        client.portal()
    assert len(sandbox.hubspot.history) == 10


def test_a_few_requests_cost_fewer_looks_at_the_database(engine: Engine, sandbox: Sandbox, clock: SceneClock) -> None:
    client, looks = client_of(sandbox, gate_of(engine, clock), clock.advance), []
    event.listen(engine, "commit", looks.append)
    for _ in range(31):
        client.portal()
    assert len(looks) == 6  # 1, 2, 4, 8, 8 and 8 permits


def test_nobody_holds_the_database_while_he_waits(engine: Engine, sandbox: Sandbox, clock: SceneClock) -> None:
    def look_around(seconds: float) -> None:
        with writing(engine) as connection:  # a lock that the waiting worker held would end this after a minute
            connection.execute(select(portal_rate.c.portal_id).with_for_update())
        clock.advance(seconds)

    sandbox.hubspot.switches.requests_per_window = 3
    client = client_of(sandbox, gate_of(engine, clock), look_around)
    client.portal()
    clock.advance(20)
    began_at = clock.now
    for _ in range(6):
        client.portal()
    assert clock.now - began_at >= timedelta(seconds=10)


def test_what_a_worker_gives_back_is_there_for_the_next_one(
    engine: Engine, sandbox: Sandbox, clock: SceneClock
) -> None:
    sandbox.hubspot.switches.requests_per_window = 4
    first, second = gate_of(engine, clock), gate_of(engine, clock)
    client = client_of(sandbox, first, clock.advance)
    for _ in range(2):
        client.portal()
    with writing(engine) as connection:
        first.give_back(connection)
    began_at = clock.now
    for _ in range(2):
        client_of(sandbox, second, clock.advance).portal()
    assert clock.now == began_at


def test_where_the_database_does_not_answer_nothing_is_sent(
    engine: Engine, sandbox: Sandbox, clock: SceneClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise StoreFailed("the disk is full", is_transient=False)

    monkeypatch.setattr(rate_gate, "load_rate", broken)
    with pytest.raises(NotSent, match="the disk is full"):
        client_of(sandbox, gate_of(engine, clock), clock.advance).portal()
    assert not list(sandbox.hubspot.history)


def test_an_unknown_time_zone_ends_its_day_in_utc() -> None:
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert next_midnight(at, "../etc/passwd") == next_midnight(at, None) == datetime(2026, 3, 3, tzinfo=UTC)


def test_patience_is_for_all_pauses_of_a_call_together() -> None:
    slept: list[float] = []
    patience = Patience(10.0, slept.append)
    patience.pause(6.0)
    assert (patience.lasts(4.0), patience.lasts(4.1), slept) == (True, False, [6.0])
