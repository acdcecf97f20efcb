"""Many changes at once: HubSpot answers in any order, refuses one of many, and is asked as little as possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.flow.scene import Scene

QUARTER_HOUR = 900.0


def calls(scene: Scene, run: Callable[[], object]) -> int:
    before = len(scene.sandbox.hubspot.history)
    run()
    return len(scene.sandbox.hubspot.history) - before


@pytest.mark.parametrize("has_trace_ids", [True, False])
def test_results_in_any_order_are_matched_to_their_bookings(scene: Scene, *, has_trace_ids: bool) -> None:
    scene.switches.shuffle = True
    scene.switches.trace_ids_in_results = has_trace_ids
    scene.allow_floods()
    ids = [scene.book(event_name=f"Event {number}") for number in range(25)]
    scene.run()
    scene.everything_is_right()  # A6
    for number, booking_id in enumerate(ids):
        if number % 3 == 0:
            scene.move(booking_id, 9 + number)
        elif number % 3 == 1:
            scene.calendar.cancel(booking_id)
        else:
            scene.calendar.edit(booking_id, event_name=f"Renamed {number}")
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_a_refused_batch_of_contacts_is_split_too(scene: Scene) -> None:
    ids = [scene.book(invitees=[f"guest{number}@example.com"]) for number in range(8)]
    scene.switches.fail_before(400, path="contacts/batch/create", count=4)
    report = scene.run()
    assert report.counts["create"] == 8  # C6: the activity is written without that contact
    assert [len(scene.activity(booking_id)["contact_ids"]) for booking_id in ids] == [0, 1, 1, 1, 1, 1, 1, 1]
    assert f"{ids[0]}: contact_refused" in report.note


def test_a_hundred_and_fifty_new_bookings_take_two_batches_of_each_kind(scene: Scene) -> None:
    scene.run()
    for number in range(150):
        scene.book(invitees=[f"guest{number}@example.com"])
    scene.run()
    paths = Counter(entry.path.partition("/objects/2026-09/")[2] for entry in scene.sandbox.hubspot.history)
    assert paths["meetings/batch/create"] == 2
    assert paths["contacts/batch/create"] == 2
    assert paths["contacts/batch/read"] == 2
    scene.everything_is_right()


def test_reschedules_need_no_look_at_contacts_and_cancellations_one_call_a_batch(scene: Scene) -> None:
    scene.allow_floods()
    ids = [scene.book(invitees=[f"guest{number}@example.com"]) for number in range(30)]
    scene.run()
    for booking_id in ids:
        scene.move(booking_id, 9)
    # Create, look at the old, archive; 4 for what people associated; account details, owners, and the sweep's 2.
    assert calls(scene, scene.run) <= 3 + 4 + 4
    for booking_id in ids:
        scene.calendar.cancel(booking_id)
    assert calls(scene, scene.run) <= 1 + 3
    scene.run()  # in a clock that stands still it takes the writes of the run before for somebody else's
    scene.clock.advance(QUARTER_HOUR)
    assert calls(scene, scene.run) == 2  # an unchanged window: the account details, and the sweep
    scene.everything_is_right()


def test_two_invitees_with_one_address_are_one_contact(scene: Scene) -> None:
    booking_id = scene.book(invitees=["Ada@example.com", "ada@EXAMPLE.com"])
    scene.run()
    assert scene.emails_on(booking_id) == ["ada@example.com"]
