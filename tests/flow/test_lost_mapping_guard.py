"""Nothing is mapped, and HubSpot is full: the mapping was lost, or it is another one's (W5)."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from booking_sandbox.hubspot_schema import MEETINGS
from booking_sync.store.tables import change, mapping, mapping_history, portal, refused_plan
from tests.flow.scene import Scene

MANY = 12
LONG_AGO = -48


def lose_the_mapping(scene: Scene) -> None:
    """Begin with an empty database, as far as activities and what is known of the portal are concerned.

    HubSpot says that the activities were imported, so the recovery does not take them for ours.
    """
    scene.has_exact_audit = False  # the lost mapping's own writes are adopted a second time
    with scene.services.engine.begin() as connection:
        for table in (mapping, mapping_history, change):
            connection.execute(delete(table))
        connection.execute(portal.update().values(provisioned_at=None, has_unique_key=None))
    with scene.hubspot.lock:
        for record in scene.hubspot.portal().store.all(MEETINGS):
            record.properties["hs_object_source"] = "IMPORT"


def passed_on(scene: Scene, count: int) -> None:
    for number in range(count):
        scene.book(f"bk_{number:03}")
    scene.run()


def test_fault_120_creating_what_is_there_already_is_refused(scene: Scene) -> None:
    passed_on(scene, MANY)
    lose_the_mapping(scene)
    new = scene.book("bk_new")
    assert scene.writes_of(lambda: scene.run(window_start=scene.at(LONG_AGO), may_be_red=True)) == []  # W5
    (row,) = scene.rows(select(refused_plan))
    assert row["reasons"] == [
        "it creates 13 activities that are not mapped, and HubSpot already holds some: 12 of 13 that were looked for"
    ]
    later = scene.book("bk_later")
    scene.run()
    assert [len(scene.activities(one)) for one in (new, later)] == [0, 1]  # it goes on with what is new
    scene.run(approve_plan=row["checksum"])
    scene.everything_is_right()
    assert len(scene.hubspot.activities(include_archived=True)) == MANY + 2  # A6: adopted, not made again


@pytest.mark.parametrize("count", [9, 12])
def test_the_first_bookings_of_all_need_nobody(scene: Scene, count: int) -> None:
    passed_on(scene, count)
    scene.everything_is_right()


def test_few_that_are_there_already_need_nobody(scene: Scene) -> None:
    passed_on(scene, 9)
    lose_the_mapping(scene)
    assert scene.run(window_start=scene.at(LONG_AGO)).counts["adopted"] == 9
