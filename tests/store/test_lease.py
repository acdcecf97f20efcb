"""One worker at a time on an integration, and a fence for the one that slept."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from sqlalchemy import Engine, select, update

from booking_sync.errors import Fenced, LeaseHeld
from booking_sync.store.clock import database_now
from booking_sync.store.database import open_database, reading, writing
from booking_sync.store.lease import hold_lease
from booking_sync.store.tables import lease, portal
from tests.processes import KILLED, start_process, wait_for
from tests.store.conftest import INTEGRATION

SECONDS = 60.0


def hold_and_die(url: str) -> None:
    """Take the lease and be killed while holding it."""
    engine = open_database(url)
    with hold_lease(engine, INTEGRATION, holder="the dead one", seconds=SECONDS):
        os.kill(os.getpid(), signal.SIGKILL)


def take_turns(url: str, number: int) -> None:
    """Take the lease twenty times; under it, read a counter, wait a moment, and write it back raised by one."""
    engine = open_database(url)
    taken = 0
    while taken < 20:
        try:
            with hold_lease(engine, INTEGRATION, holder=f"worker {number}", seconds=SECONDS):
                with reading(engine) as connection:
                    count = int(connection.execute(select(portal.c.name)).scalar_one())
                time.sleep(0.001)
                with writing(engine) as connection:
                    connection.execute(update(portal).values(name=str(count + 1)))
                taken += 1
        except LeaseHeld:
            time.sleep(0.002)


def _row(engine: Engine) -> dict[str, object]:
    with reading(engine) as connection:
        return dict(connection.execute(select(lease)).mappings().one())


def _set(engine: Engine, **values: object) -> None:
    with writing(engine) as connection:
        connection.execute(update(lease).values(**values))


def test_a_lease_that_is_held_is_refused_with_holder_and_time(engine: Engine) -> None:
    with (
        hold_lease(engine, INTEGRATION, holder="dag run 7 apply_create", seconds=SECONDS),
        pytest.raises(LeaseHeld) as refusal,
        hold_lease(engine, INTEGRATION, holder="another", seconds=SECONDS),
    ):
        pytest.fail("two workers hold one integration")

    assert refusal.value.holder == "dag run 7 apply_create"
    assert SECONDS - 10 < refusal.value.seconds_left <= SECONDS
    assert refusal.value.is_transient


def test_another_integration_is_free(engine: Engine) -> None:
    with (
        hold_lease(engine, INTEGRATION, holder="one", seconds=SECONDS),
        hold_lease(engine, "other@1", holder="two", seconds=SECONDS) as other,
    ):
        assert other.integration_id == "other@1"


def test_a_lease_is_free_again_after_the_block_and_its_fence_grows(engine: Engine) -> None:
    fences = []
    for number in range(3):
        with hold_lease(engine, INTEGRATION, holder=str(number), seconds=SECONDS) as held:
            fences.append(held.fence)

    assert fences == [1, 2, 3]
    assert _row(engine)["holder"] is None


def test_a_lease_is_released_after_an_error(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), hold_lease(engine, INTEGRATION, holder="one", seconds=SECONDS):
        raise ZeroDivisionError

    with hold_lease(engine, INTEGRATION, holder="two", seconds=SECONDS) as held:
        assert held.fence == 2


def test_a_lease_that_has_run_out_is_taken_over_and_the_first_holder_is_fenced(engine: Engine) -> None:
    with hold_lease(engine, INTEGRATION, holder="slow", seconds=SECONDS) as slow:
        _set(engine, expires_at=datetime.now(UTC) - timedelta(seconds=1))
        with hold_lease(engine, INTEGRATION, holder="next", seconds=SECONDS) as following:
            assert following.fence == slow.fence + 1
            with pytest.raises(Fenced), writing(engine) as connection:
                slow.check(connection)
            with writing(engine) as connection:
                following.check(connection)


def test_what_a_fenced_worker_writes_is_not_kept(engine: Engine) -> None:
    with hold_lease(engine, INTEGRATION, holder="slow", seconds=SECONDS) as slow:
        _set(engine, fence=slow.fence + 1)
        with pytest.raises(Fenced), writing(engine) as connection:  # noqa: PT012 - both belong to one transaction
            connection.execute(portal.insert(), {"id": "written too late"})
            slow.check(connection)

    with reading(engine) as connection:
        assert connection.execute(select(portal.c.id)).all() == []


def test_a_fenced_worker_does_not_release_what_another_holds(engine: Engine) -> None:
    with hold_lease(engine, INTEGRATION, holder="slow", seconds=SECONDS) as slow:
        _set(engine, fence=slow.fence + 1, holder="next")

    assert _row(engine)["holder"] == "next"


def test_a_lease_that_was_released_behind_its_back_no_longer_counts(engine: Engine) -> None:
    with hold_lease(engine, INTEGRATION, holder="one", seconds=SECONDS) as held:
        _set(engine, holder=None)
        with pytest.raises(Fenced), writing(engine) as connection:
            held.check(connection)


def test_every_sign_of_life_prolongs_the_lease(engine: Engine) -> None:
    with hold_lease(engine, INTEGRATION, holder="one", seconds=SECONDS) as held:
        _set(engine, expires_at=datetime.now(UTC) + timedelta(seconds=1))
        with writing(engine) as connection:
            held.check(connection)
        with writing(engine) as connection:
            left = _row(engine)["expires_at"] - database_now(connection)  # type: ignore[operator]  # the column is a time

    assert left > timedelta(seconds=SECONDS - 10)


def test_the_lease_of_a_process_that_died_on_this_host_is_taken_over_at_once(engine: Engine, database_url: str) -> None:
    assert wait_for(start_process(hold_and_die, database_url)) == KILLED
    row = _row(engine)
    assert row["holder"] == "the dead one"
    assert row["expires_at"] > datetime.now(UTC) + timedelta(seconds=SECONDS / 2)  # type: ignore[operator]  # the column is a time

    with hold_lease(engine, INTEGRATION, holder="next", seconds=SECONDS) as held:
        assert held.fence == 2


def test_a_process_id_that_was_given_again_does_not_keep_the_lease(engine: Engine) -> None:
    with hold_lease(engine, INTEGRATION, holder="one", seconds=SECONDS):
        _set(engine, process_started_at=psutil.Process().create_time() - 7_200)
        with hold_lease(engine, INTEGRATION, holder="next", seconds=SECONDS) as held:
            assert held.fence == 2


def test_nothing_is_known_of_processes_on_other_hosts(engine: Engine) -> None:
    with hold_lease(engine, INTEGRATION, holder="one", seconds=SECONDS):
        _set(engine, host="another-host", process_id=2**22 + 1)
        with (
            pytest.raises(LeaseHeld),
            hold_lease(engine, INTEGRATION, holder="next", seconds=SECONDS),
        ):
            pytest.fail("the lease of a living worker was taken")


def test_workers_that_compete_never_hold_it_at_once(engine: Engine, database_url: str) -> None:
    with writing(engine) as connection:
        connection.execute(portal.insert(), {"id": "counter", "name": "0"})

    workers = [start_process(take_turns, database_url, number) for number in range(3)]

    assert [wait_for(worker) for worker in workers] == [0, 0, 0]
    with reading(engine) as connection:
        assert connection.execute(select(portal.c.name)).scalar_one() == "60"
