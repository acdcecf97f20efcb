"""The decision table, row by row and as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_sync.decision import Decision, NoChange, Recorded, decide
from booking_sync.fingerprint import content_fingerprint, schedule_fingerprint
from booking_sync.model import Booking, BookingStatus
from booking_sync.states import Operation, RecordedState
from tests.builders import a_booking

SCHEDULED, CANCELED, RESCHEDULED = BookingStatus.SCHEDULED, BookingStatus.CANCELED, BookingStatus.RESCHEDULED
LIVE, SHOWN_CANCELED, REPLACED = RecordedState.LIVE, RecordedState.CANCELED, RecordedState.REPLACED
CREATE, RECREATE, CANCEL, UPDATE = Operation.CREATE, Operation.RECREATE, Operation.CANCEL, Operation.UPDATE
UNCHANGED, SUPERSEDED, WAITING = NoChange.UNCHANGED, NoChange.SUPERSEDED, NoChange.WAITING

BOOKING = a_booking(version=5)
MOVED = replace(BOOKING, start_at=BOOKING.start_at + timedelta(hours=1), end_at=BOOKING.end_at + timedelta(hours=1))
RENAMED = replace(BOOKING, event_name="Another name")
PREDECESSOR = Recorded("bk_before", LIVE, "100", 1, 3, "s", "c")


def recorded(state: RecordedState = LIVE, version: int = 4, shows: Booking = BOOKING) -> Recorded:
    """Return the mapping row of BOOKING as it was when its activity showed ``shows``."""
    activity_id = None if state is REPLACED else "7"
    fingerprints = (schedule_fingerprint(shows), content_fingerprint(shows))
    return Recorded(BOOKING.id, state, activity_id, 1, version, *fingerprints, "bk_next" if state is REPLACED else None)


NOT_REWRITTEN = replace(recorded(), schedule_fingerprint="", content_fingerprint="")

TABLE = [
    # status, own mapping row, predecessor's row, successor, verdict
    (SCHEDULED, None, None, None, CREATE),  # A1
    (CANCELED, None, None, None, CREATE),  # X2
    (RESCHEDULED, None, None, None, SUPERSEDED),  # R3
    (RESCHEDULED, None, None, "bk_next", SUPERSEDED),  # R3
    (SCHEDULED, None, None, "bk_next", SUPERSEDED),  # R2: the new booking is visible, the old one's news not yet
    (SCHEDULED, None, PREDECESSOR, None, RECREATE),  # R2
    (CANCELED, None, PREDECESSOR, None, RECREATE),  # R2, X2
    (SCHEDULED, None, PREDECESSOR, "bk_next", SUPERSEDED),  # R3: the middle of a chain
    (SCHEDULED, recorded(), None, None, UNCHANGED),  # W2
    (SCHEDULED, recorded(version=5), None, None, UNCHANGED),  # W2
    (SCHEDULED, recorded(version=6), None, None, SUPERSEDED),  # W3
    (SCHEDULED, recorded(shows=MOVED), None, None, RECREATE),  # R1
    (SCHEDULED, recorded(shows=RENAMED), None, None, UPDATE),  # A7
    (SCHEDULED, recorded(SHOWN_CANCELED), None, None, UPDATE),  # X3
    (SCHEDULED, recorded(SHOWN_CANCELED, shows=MOVED), None, None, RECREATE),  # X3, R1
    (SCHEDULED, recorded(), None, "bk_next", SUPERSEDED),  # R2
    (SCHEDULED, recorded(REPLACED), None, None, CREATE),  # A6: stands again
    (SCHEDULED, recorded(REPLACED), None, "bk_next", CREATE),  # A6: its successor has taken over long ago
    (SCHEDULED, recorded(REPLACED, version=5), None, None, SUPERSEDED),  # R2: late news
    (CANCELED, recorded(), None, None, CANCEL),  # X1
    (CANCELED, recorded(shows=MOVED), None, None, CANCEL),  # X1: the times stay
    (CANCELED, recorded(SHOWN_CANCELED), None, None, UNCHANGED),  # X4
    (CANCELED, recorded(SHOWN_CANCELED, shows=MOVED), None, None, UNCHANGED),  # X4
    (CANCELED, NOT_REWRITTEN, None, None, UPDATE),  # A6: adopted, and its write was lost
    (CANCELED, replace(NOT_REWRITTEN, state=SHOWN_CANCELED), None, None, UPDATE),
    (SCHEDULED, NOT_REWRITTEN, None, None, RECREATE),
    (CANCELED, recorded(version=6), None, None, SUPERSEDED),  # W3
    (CANCELED, recorded(REPLACED), None, None, SUPERSEDED),  # R2
    (RESCHEDULED, recorded(), None, None, WAITING),  # X5: nobody has seen the new booking yet
    (RESCHEDULED, recorded(), None, "bk_next", SUPERSEDED),  # R2
    (RESCHEDULED, recorded(SHOWN_CANCELED), None, None, WAITING),
    (RESCHEDULED, recorded(REPLACED), None, None, SUPERSEDED),
]


@pytest.mark.parametrize(("status", "own", "predecessor", "successor_id", "verdict"), TABLE)
def test_the_decision_table(
    status: BookingStatus,
    own: Recorded | None,
    predecessor: Recorded | None,
    successor_id: str | None,
    verdict: Operation | NoChange,
) -> None:
    booking = replace(BOOKING, status=status)
    decision = decide(booking, own, predecessor=predecessor, successor_id=successor_id)
    assert decision.verdict == verdict
    assert decision.reason


ROWS: list[Recorded | None] = [
    None,
    *(recorded(*one) for one in product(RecordedState, (4, 5, 6), (BOOKING, MOVED, RENAMED))),
]


@pytest.mark.parametrize(
    ("named", "reason"),
    [("bk_next", "rescheduled to booking bk_next"), (None, "rescheduled to a booking that is not named")],
)
def test_a_reschedule_says_where_to_as_far_as_that_is_known(named: str | None, reason: str) -> None:
    booking = replace(BOOKING, status=RESCHEDULED, rescheduled_to_id=named)

    assert decide(booking, None).reason == reason
    assert decide(booking, recorded()).reason == f"{reason}, which has not been read yet"


@pytest.mark.parametrize("status", BookingStatus)
def test_no_combination_breaks_the_rules(status: BookingStatus) -> None:
    booking = replace(BOOKING, status=status)
    for own, predecessor, successor_id in product(ROWS, (None, PREDECESSOR), (None, "bk_next")):
        decision = decide(booking, own, predecessor=predecessor, successor_id=successor_id)
        is_operation = isinstance(decision.verdict, Operation)
        if own is not None and own.version > booking.version:
            assert decision.verdict is SUPERSEDED  # W3
        if decision.verdict is CANCEL:
            assert status is CANCELED  # X5
        if status is RESCHEDULED:
            assert not is_operation  # R2: never shown as cancelled
        if decision.verdict is RECREATE:
            assert decision.replaces is not None
            assert decision.replaces.activity_id is not None  # R1
        else:
            assert decision.replaces is None
        if decision.verdict is CREATE:
            assert own is None or own.state is REPLACED  # A6
        if decision.verdict in (CANCEL, UPDATE):
            assert own is not None
            assert own.activity_id is not None


def after(booking: Booking, own: Recorded | None, decision: Decision) -> Recorded | None:
    """Return the mapping row when the decision has been carried out."""
    if isinstance(decision.verdict, NoChange):
        is_news = own is not None and decision.verdict is UNCHANGED and booking.version > own.version
        return replace(own, version=booking.version) if own is not None and is_news else own
    if decision.verdict is CANCEL:
        assert own is not None
        return replace(own, state=SHOWN_CANCELED, version=booking.version)
    return Recorded(
        booking_id=booking.id,
        state=SHOWN_CANCELED if booking.status is CANCELED else LIVE,
        activity_id="8",
        generation=2,
        version=booking.version,
        schedule_fingerprint=schedule_fingerprint(booking),
        content_fingerprint=content_fingerprint(booking),
    )


bookings = st.builds(
    lambda status, version, hours, name: a_booking(
        status=status,
        version=version,
        event_name=name,
        start_at=BOOKING.start_at + timedelta(hours=hours),
        end_at=BOOKING.end_at + timedelta(hours=hours),
    ),
    st.sampled_from(BookingStatus),
    st.integers(1, 6),
    st.integers(0, 2),
    st.sampled_from(["Intro call", "Demo"]),
)


@given(st.lists(bookings, max_size=8))
def test_what_was_carried_out_is_not_done_again(history: list[Booking]) -> None:
    own: Recorded | None = None
    for booking in history:
        own = after(booking, own, decide(booking, own))
        again = decide(booking, own)
        assert isinstance(again.verdict, NoChange)  # W2
        if own is not None:
            older = replace(booking, version=own.version - 1)
            assert decide(older, own).verdict is SUPERSEDED  # W3


@given(st.lists(bookings, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_news_in_any_order_end_with_the_newest(history: list[Booking], random: object) -> None:
    numbered = [replace(one, version=number) for number, one in enumerate(history, start=1)]
    numbered = [one if one.status is not RESCHEDULED else replace(one, status=SCHEDULED) for one in numbered]
    shuffled = list(numbered)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    own: Recorded | None = None
    for booking in shuffled:
        own = after(booking, own, decide(booking, own))
    newest = numbered[-1]
    assert decide(newest, own).verdict in (UNCHANGED, SUPERSEDED) or own is None  # W3
    assert own is not None
    assert own.state is (SHOWN_CANCELED if newest.status is CANCELED else LIVE)
