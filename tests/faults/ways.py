"""What several faults have in common: services on another way to HubSpot, and the fate of an unanswered write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import delete

from booking_sync.boundary import Act, Moment, watched
from booking_sync.clients.http import HttpLimits
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.remote import Remote
from booking_sync.services import Services
from booking_sync.store.tables import change, mapping, mapping_history
from tests.flow.scene import Scene
from tests.simulation.boundaries import here

CREATE, UPDATE, ARCHIVE = (f"/meetings/batch/{operation}" for operation in ("create", "update", "archive"))
NEW_CONTACTS = "/contacts/batch/create"
ACCOUNT = "/account-info/"
FEED = "/bookings"
IMPATIENT = HttpLimits(connect_seconds=1.0, read_seconds=0.3, total_seconds=0.6, attempts=4, wait_seconds=45.0)


def given_a_quiet_start(scene: Scene) -> str:
    """Let a run pass, and book what the next one will come upon."""
    scene.run()
    return scene.book()


def going_to(scene: Scene, hubspot_url: str, limits: HttpLimits = IMPATIENT) -> Services:
    """Return the scene's services with another way to HubSpot."""
    key = scene.sandbox.hubspot.service_key
    client = HubSpotClient.from_connection(
        hubspot_url, key, limits=limits, observer=scene.services.hubspot_requests, sleep=scene.clock.advance
    )
    clients = replace(scene.services.remote.clients, hubspot=client)
    return replace(scene.services, remote=Remote(lambda: clients))


def statuses(scene: Scene, path: str) -> list[int | None]:
    """Return how HubSpot answered the requests to a path; None where it did not."""
    return [entry.status for entry in scene.sandbox.hubspot.history.matching(path)]


def waited(scene: Scene, path: str = CREATE) -> float:
    """Return the seconds between the first and the last request to a path."""
    times = [entry.at for entry in scene.sandbox.hubspot.history.matching(path)]
    return (times[-1] - times[0]).total_seconds()


def assert_made_once(scene: Scene, booking_id: str) -> None:
    """See that nothing was lost, nothing was made twice, and nothing is left to do."""
    assert len(scene.activities(booking_id, include_archived=True)) == 1
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def lose_and_settle(scene: Scene, booking_id: str, services: Services | None = None, *, is_done: bool) -> None:
    """Run into an unanswered creation, rest, and see that it is adopted, or sent once more, and never made twice."""
    report = scene.run(services=services)
    assert report.counts["kept"] == 1
    sent_again = [entry.path for entry in scene.writes_of(scene.run_after_quiet_time) if CREATE in entry.path]
    assert len(sent_again) == (0 if is_done else 1)
    assert_made_once(scene, booking_id)


def forget_activities(scene: Scene) -> None:
    """Lose the mapping database as far as activities are concerned."""
    with scene.services.engine.begin() as connection:
        for table in (mapping, mapping_history, change):
            connection.execute(delete(table))


class WorkerDied(BaseException):
    """Ends a worker of this process where a kill would: no code of ours expects it."""


@contextmanager
def dying_at(boundary: str) -> Iterator[None]:
    """Let the worker inside the block die at a boundary, such as ``record.record_created.commit.after``."""

    def die(act: Act, moment: Moment) -> None:
        if str(here(act, moment)) == boundary:
            raise WorkerDied

    with pytest.raises(WorkerDied), watched(die):
        yield
