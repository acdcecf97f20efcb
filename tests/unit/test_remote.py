"""The clients of both services are made for who asks first, once for all threads."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.remote import Remote
from booking_sync.service_clients import Clients
from booking_sync.services import RequestCounter

NOWHERE = "http://127.0.0.1:9"


class Making:
    """Makes clients slowly, so that several threads come to ask meanwhile, and counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> Clients:
        time.sleep(0.02)
        self.count += 1
        return Clients(
            CalendarClient.from_connection(NOWHERE, "a-key"), HubSpotClient.from_connection(NOWHERE, "another-key")
        )


def test_threads_that_ask_at_once_share_the_clients() -> None:
    making = Making()
    remote = Remote(making)
    with ThreadPoolExecutor(8) as pool:
        shared = set(map(id, pool.map(lambda _: remote.clients, range(8))))
    assert (len(shared), making.count) == (1, 1)


def test_closing_what_nobody_has_asked_for_makes_nothing() -> None:
    making = Making()
    remote = Remote(making)
    remote.for_another_thread(RequestCounter(), RequestCounter()).close()
    remote.close()
    assert making.count == 0


def test_a_thread_of_its_own_has_clients_of_its_own() -> None:
    remote = Remote(Making())
    mine = remote.for_another_thread(RequestCounter(), RequestCounter())
    assert mine.clients.calendar is not remote.clients.calendar
    assert mine.clients.hubspot is not remote.clients.hubspot
