"""What we cost beside the calls: CPU seconds for a thousand new bookings, against a bare loop that posts the same.

The loop gets every body that HubSpot was sent by our run, and sends it again by the same library to a fresh sandbox,
which gives the same ids in the same order; our run sends one batch after another for that. The loop reads no bookings,
compares, records and checks nothing. A client that makes one call for each record is shown too. The sandbox is another
process, and counts for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import requests

from benchmarks.apart import in_fresh_process, metered
from benchmarks.figure import Figure
from benchmarks.passing import stage
from benchmarks.plain_client import RIVAL, PlainClient
from benchmarks.served import book, bookings, calls_from, calls_so_far, served
from booking_sandbox.history import HistoryEntry
from booking_sync.service_clients import Addresses

COUNT = 2_000
ROUNDS = 3
MOST_OVERHEAD = 2.0
_PER = 1_000
_TIMEOUT_SECONDS = 30


def figures(count: int = COUNT, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Measure all in turn, several rounds, and compare the medians."""
    costs = [_round(count) for _ in range(rounds)]
    ours, bare, plain = (median(seconds) * _PER / count for seconds in zip(*costs, strict=True))
    what = "our own work for 1,000 new bookings"
    yield Figure(what, "CPU s", ours, bare, "a bare loop that posts the same", MOST_OVERHEAD)
    yield Figure(what, "CPU s", ours, plain, RIVAL)


def _round(count: int) -> tuple[float, float, float]:
    with stage() as ready:
        ready.sandbox.ask(book, count)
        before = ready.sandbox.ask(calls_so_far)
        ours = ready.pass_on(requests_in_flight=1)
        calls: list[HistoryEntry] = ready.sandbox.ask(calls_from, 0)
        booked = ready.sandbox.ask(bookings)[-count:]
    with served() as sandbox:
        bare = in_fresh_process(post_again, sandbox.addresses, calls[:before], calls[before:])
    with served() as sandbox:
        plain = in_fresh_process(create_one_by_one, sandbox.addresses, booked)
    return ours.cpu_seconds, bare, plain


def create_one_by_one(addresses: Addresses, booked: Sequence[dict[str, Any]]) -> float:
    """Pass bookings on by one call for each record, and return the CPU seconds that it took."""
    client = PlainClient(addresses)
    with metered() as cost:
        for booking in booked:
            client.create(booking)
    return cost.cpu_seconds


def post_again(addresses: Addresses, first: Sequence[HistoryEntry], measured: Sequence[HistoryEntry]) -> float:
    """Send calls again, and return the CPU seconds that the second part took.

    Raises:
        RuntimeError: an answer is not the one that was given before, so that the work is not the same.
    """
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {addresses.hubspot_key}"
    for call in first:
        _post(session, addresses.hubspot_url, call)
    with metered() as cost:
        for call in measured:
            _post(session, addresses.hubspot_url, call)
    return cost.cpu_seconds


def _post(session: requests.Session, url: str, call: HistoryEntry) -> None:
    response = session.request(
        call.method, url + call.path, params=call.query, json=call.body, timeout=_TIMEOUT_SECONDS
    )
    if response.status_code != call.status:
        raise RuntimeError(f"{call.method} {call.path} gives {response.status_code} instead of {call.status}")
    if response.content:
        response.json()
