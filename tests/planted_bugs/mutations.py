"""The planted bugs: each is a mistake that somebody has made in such a protocol, or could make in this one."""

from __future__ import annotations

from functools import partial

from booking_sync import (
    adoption,
    consider,
    plan,
    record,
    render,
    settle,
    step_create,
    step_update,
    task_close_run,
    task_extract,
)
from booking_sync.clients import http, hubspot_calls, mail
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.standing import Standing
from booking_sync.states import Step
from booking_sync.store import lease, notices, runs
from tests.planted_bugs import mistakes
from tests.planted_bugs.mutation import NO_SWEEP, Mutation
from tests.simulation.faults import Harm

LATE = 300.0
"""Seconds after which a request lands that seemed lost: later than the next run, before the quiet time is over."""

where_only_the_protocol_helps = partial(Mutation, portal="ignored", without=NO_SWEEP)
"""A bug that a unique marker, or the sweep after it, would make good."""

MADE, MOVED, RENAMED = "book a, run", "book a, run, move a 24, run", "book a, run, rename a, run"
TOLD = "set notify yes, book a, run, cancel a, run"
LATE_CREATE = f"book a, late {LATE} meetings/batch/create, run, run, run"
MIXED_UP = "book a, book b, run, mix-up a b, move a 24, rename b, run"

MUTATIONS = (
    Mutation(
        "0: the window is recorded first",
        ((runs, "insert_integration_runs", mistakes.record_the_window_first),),
        (MADE,),
        (Harm.KILL, Harm.EXCEPTION),
    ),
    Mutation(
        "A: archive, then create",
        (mistakes.of_step(Step.CREATE, mistakes.archive_first),),
        (MOVED,),
        (Harm.KILL,),
        at="create_activities.request",
        sign="lost its activity",
    ),
    where_only_the_protocol_helps(
        "B: no intent before a creation",
        ((step_create, "record_intent", mistakes.send_without_intent),),
        (MADE,),
        (Harm.KILL, Harm.LOST_ANSWER),
        sign="live activities",
        at="create_activities.request",
    ),
    Mutation(
        "C: every try has a marker of its own",
        ((plan, "activity_key", mistakes.a_new_marker_each_time),),
        (MADE, MOVED),
        (Harm.LOST_ANSWER,),
        sign="live activities",
        at="create_activities.request",
        without=NO_SWEEP,
    ),
    where_only_the_protocol_helps(
        "D: read back through the search, at once",
        ((settle, "_has_rested", mistakes.at_once), (settle, "_by_association", mistakes.through_the_search)),
        ("lag 120, book a, run, run",),
        (Harm.LOST_ANSWER,),
        at="create_activities.request",
    ),
    where_only_the_protocol_helps(
        "E: read back directly, at once",
        ((settle, "_has_rested", mistakes.at_once),),
        (LATE_CREATE,),
    ),
    where_only_the_protocol_helps(
        "F': rest for less than a request can take",
        ((settle, "_has_rested", mistakes.after_twenty_seconds),),
        (LATE_CREATE,),
    ),
    Mutation(
        "K: what has the marker counts as current",
        ((adoption, "record_found", mistakes.take_what_is_found_for_current),),
        ("book a, duplicate a 1, run",),
        without=NO_SWEEP,
    ),
    Mutation(
        "the window of a failed read is recorded",
        ((task_close_run, "close_part", mistakes.record_the_window_of_a_failed_read),),
        (MADE,),
        (Harm.EXCEPTION, Harm.DROPPED),
    ),
    Mutation(
        "an archive is recorded before the request",
        (mistakes.of_step(Step.ARCHIVE, mistakes.record_before_the_request),),
        (MOVED,),
        (Harm.KILL, Harm.DROPPED),
        at="archive",
    ),
    where_only_the_protocol_helps(
        "what is not answered is sent again",
        ((HubSpotClient, "create_activities", mistakes.send_what_is_unanswered_again),),
        (MADE,),
        (Harm.LOST_ANSWER,),
        at="create_activities.request",
    ),
    where_only_the_protocol_helps(
        "what was not answered is not read back",
        ((settle, "_by_association", mistakes.not_at_all),),
        (MADE,),
        (Harm.LOST_ANSWER,),
        at="create_activities.request",
    ),
    Mutation(
        "creations without an answer count as done",
        ((settle, "_settle_creates", mistakes.give_up_what_was_lost),),
        (MADE,),
        (Harm.DROPPED,),
        at="create_activities.request",
    ),
    Mutation(
        "writes without an answer count as done",
        ((settle, "_settle_writes", mistakes.take_writes_for_done),),
        (RENAMED,),
        (Harm.DROPPED,),
        at="update_activities.request",
    ),
    Mutation(
        "archives without an answer count as done",
        ((settle, "_settle_archives", mistakes.take_archives_for_done),),
        (MOVED,),
        (Harm.DROPPED,),
        at="archive_activities.request",
    ),
    Mutation(
        "associations without an answer count as done",
        ((settle, "_settle_associations", mistakes.take_associations_for_done),),
        ("book a, run, invite a, run",),
        (Harm.DROPPED,),
        at="associate.request",
    ),
    Mutation(
        "answers are joined by position",
        ((hubspot_calls, "batch_result", mistakes.join_by_position),),
        ("book a, book b, book c, book d, run, rename a, run",),
    ),
    Mutation(
        "the mapping is believed",
        ((Standing, "_of", mistakes.trust_the_mapping), (step_update, "_addressed", mistakes.write_by_id)),
        (MIXED_UP, "book a, run, person-deletes a, remap a, rename a, run"),
        portal="ignored",
    ),
    Mutation(
        "the prefix is put before the title there is",
        ((render, "_canceled_title", mistakes.prefix_the_title_there_is),),
        ("book a, run, cancel a, run",),
    ),
    Mutation(
        "the predecessor is forgotten",
        ((consider, "_standing", mistakes.forget_the_predecessor),),
        ("book a, run, replace a b 24, run",),
    ),
    Mutation(
        "what was kept is forgotten",
        ((task_extract, "kept_booking_ids", mistakes.forget_what_was_kept),),
        ("book a, busy meetings/batch/create 9, run",),
    ),
    Mutation("a dry run is carried out", ((runs, "insert_run", mistakes.carry_out_a_dry_run),), ("book a, dry",)),
    Mutation(
        "a mail over which a worker died is sent again",
        ((notices, "settle_interrupted", mistakes.send_interrupted_mails_again),),
        (TOLD,),
        (Harm.KILL,),
        at="telling._ended.commit",
        sign="mails with",
    ),
    Mutation(
        "a mail without an answer is sent again",
        ((mail, "OutcomeUnknown", mistakes.take_lost_answers_for_not_sent),),
        (TOLD,),
        (Harm.LOST_ANSWER,),
        at="mail.hand_in.request",
        sign="mails with",
    ),
    Mutation(
        "news are noted after the mapping has changed",
        ((record, "note_news", mistakes.note_nothing_that_is_new),),
        (TOLD,),
        sign="told nothing",
    ),
    Mutation(
        "a refused key is tried for ever",
        ((http, "read_retrying", mistakes.ask_for_ever),),
        ("book a, run, key-lost, run, key-back, run",),
    ),
)

OVERLAPPING = (
    where_only_the_protocol_helps("no fence", ((lease.Lease, "check", mistakes.check_nothing),), ()),
    where_only_the_protocol_helps(
        "leases by the clock of the worker",
        ((lease, "database_now", mistakes.by_the_clock_of_the_worker), (lease.Lease, "check", mistakes.check_nothing)),
        (),
    ),
)
"""Bugs that only show where several workers come at once."""
