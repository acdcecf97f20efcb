"""What the planted bugs do: each function makes a mistake of something that is right."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from booking_sync import (
    apply,
    render,
)
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.clients.hubspot_model import BatchResult
from booking_sync.clients.pace import Patience
from booking_sync.errors import NotSent, OutcomeUnknown
from booking_sync.record import record_archived, record_associated, record_created, record_written
from booking_sync.states import AuditOutcome, Step
from booking_sync.store import integrations, lease
from booking_sync.store.database import writing
from booking_sync.store.notice_tables import notice
from booking_sync.work import Work
from tests.planted_bugs.mutation import Replacement

Original = Callable[..., Any]


# --- windows ----------------------------------------------------------------------------------------------------------


def record_the_window_first(original: Original) -> Original:
    def insert(connection: Any, run_id: str, windows: Any) -> None:
        original(connection, run_id, windows)
        for integration_id, window in windows.items():
            if window is not None:
                integrations.move_watermark(connection, integration_id, window.end)

    return insert


def record_the_window_of_a_failed_read(original: Original) -> Original:
    def close(services: Any, run: Any, part: Any) -> Any:
        if part.window is not None:
            with writing(services.engine) as connection:
                integrations.move_watermark(connection, part.integration_id, part.window.end)
        return original(services, run, part)

    return close


# --- order and intent -------------------------------------------------------------------------------------------------


def archive_first(original: Original) -> Original:
    def create(bench: Any, batch: Any) -> None:
        bench.work.hubspot.archive_activities([one.old_activity_id for one, _ in batch if one.old_activity_id])
        original(bench, batch)

    return create


def of_step(step: Step, make: Callable[[Original], Original]) -> Replacement:
    """Replace one of the steps that a plan is carried out by."""
    return (apply, "STEPS", lambda steps: {**steps, step: make(steps[step])})


def send_without_intent(_: Original) -> Original:
    return lambda *_args, **_more: None


def record_before_the_request(original: Original) -> Original:
    def archive(bench: Any, batch: Any) -> None:
        record_archived(bench.work, batch)
        original(bench, batch)

    return archive


def send_what_is_unanswered_again(original: Original) -> Original:
    def create(self: HubSpotClient, activities: Any) -> Any:
        try:
            return original(self, activities)
        except OutcomeUnknown:
            return original(self, activities)

    return create


def a_new_marker_each_time(_: Original) -> Original:
    numbers = itertools.count(1)
    return lambda *_ids: f"cal_{next(numbers):040x}"


# --- reading back -----------------------------------------------------------------------------------------------------


def at_once(_: Original) -> Original:
    return lambda *_args, **_more: True


def after_twenty_seconds(_: Original) -> Original:
    def has_rested(work: Work, stored: Any, **_: Any) -> bool:
        return stored.sent_at is None or work.services.clock() - stored.sent_at >= timedelta(seconds=20)

    return has_rested


def through_the_search(_: Original) -> Original:
    def find(work: Work, creates: Sequence[Any]) -> dict[str, Any]:
        found = {one.activity_key: work.hubspot.search_activities(one.activity_key) for one in creates}
        return {key: some[0] for key, some in found.items() if some}

    return find


def not_at_all(_: Original) -> Original:
    return lambda _work, _creates: {}


def take_writes_for_done(_: Original) -> Original:
    def settle_writes(work: Work, writes: Sequence[Any]) -> None:
        record_written(work, [(one, work.booking_of(one)) for one in writes], outcome=AuditOutcome.ADOPTED)

    return settle_writes


def take_archives_for_done(_: Original) -> Original:
    def settle_archives(work: Work, archives: Sequence[Any]) -> None:
        record_archived(work, [(one, work.booking_of(one)) for one in archives], outcome=AuditOutcome.ADOPTED)

    return settle_archives


def take_associations_for_done(_: Original) -> Original:
    return record_associated


def take_what_is_found_for_current(_: Original) -> Original:
    def record_found(work: Work, stored: Any, booking: Any, found: Any) -> None:
        contacts = {stored.id: stored.contact_ids or ()}
        record_created(work, [(stored, booking, found.id)], contacts, outcome=AuditOutcome.ADOPTED)

    return record_found


def give_up_what_was_lost(_: Original) -> Original:
    """Lost requests are taken for carried out, as if "sent" were "done"."""

    def settle_creates(work: Work, creates: Sequence[Any], **_: Any) -> None:
        for stored in creates:
            contacts = {stored.id: stored.contact_ids or ()}
            record_created(work, [(stored, work.booking_of(stored), "0")], contacts)

    return settle_creates


def join_by_position(_: Original) -> Original:
    def batch_result(document: Any, sent: Sequence[Any], _request: str) -> BatchResult:
        pairs = zip(sent, document["results"], strict=False)
        return BatchResult(written={item.trace_id: result["id"] for item, result in pairs})

    return batch_result


# --- whose it is ------------------------------------------------------------------------------------------------------


def trust_the_mapping(_: Original) -> Original:
    return lambda _self, one, found, _unmarked: found.get(one.activity_id or "")


def write_by_id(original: Original) -> Original:
    def address(bench: Any, batch: Any) -> Any:
        return [(s, b, replace(item, key=None)) for s, b, item in original(bench, batch)]

    return address


# --- decisions --------------------------------------------------------------------------------------------------------


def prefix_the_title_there_is(_: Original) -> Original:
    return lambda booking: f"[Canceled] {render._title(booking)}"


def forget_the_predecessor(_: Original) -> Original:
    return lambda _chain, _recorded: None


def forget_what_was_kept(_: Original) -> Original:
    return lambda _work: set()


def carry_out_a_dry_run(original: Original) -> Original:
    def insert(*args: Any, **values: Any) -> Any:
        return original(*args, **{**values, "is_dry_run": False})

    return insert


# --- leases and repetition --------------------------------------------------------------------------------------------


def check_nothing(_: Original) -> Original:
    return lambda _lease, _connection: None


def by_the_clock_of_the_worker(original: Original) -> Original:
    """Every second machine is an hour ahead."""

    def now(connection: Any) -> datetime:
        moment: datetime = original(connection)
        return moment + timedelta(hours=lease._this_process()["process_id"] % 2)

    return now


def ask_for_ever(original: Original) -> Original:
    def retrying(_attempts: int, patience: Patience) -> Any:
        patient = original(300, Patience(1e9, patience.pause))
        patient.retry = lambda state: state.outcome.failed
        return patient

    return retrying


# --- notices ----------------------------------------------------------------------------------------------------------


def send_interrupted_mails_again(_original: Original) -> Original:
    def settle(connection: Any, integration_id: str, *, at: datetime) -> int:
        del integration_id, at
        connection.execute(update(notice).where(notice.c.state == "sending").values(state="waiting"))
        return 0

    return settle


def take_lost_answers_for_not_sent(_original: Original) -> Original:
    return NotSent


def note_nothing_that_is_new(_original: Original) -> Original:
    return lambda _work, _connection, _recording, _at: None
