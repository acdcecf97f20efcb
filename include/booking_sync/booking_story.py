"""The story of one booking in the order of time: what was decided, what was sent, what came of it. No personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from booking_sync import story_words as words
from booking_sync.services import Services
from booking_sync.states import AuditOutcome, ChangeState, KeptKind, NoticeState
from booking_sync.store import stories
from booking_sync.store.database import reading
from booking_sync.store.ignored import Ignored
from booking_sync.store.stories import RunName, Stored, StoredStory


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened. ``tone``: good, warn, bad, or empty; ``run``: the run in which it happened."""

    at: datetime
    title: str
    details: tuple[str, ...] = ()
    tone: str = ""
    run: RunName | None = None
    rank: int = 0
    """What comes first of what is recorded at the same time."""


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of a booking: how its activity stands, whether something is open, and everything before that."""

    booking_id: str
    integration_id: str
    activity_id: str | None
    state: str | None
    version: int | None
    start_at: datetime | None
    end_at: datetime | None
    replaced_by: str | None
    recorded_at: datetime | None
    ignored: Ignored | None
    moments: tuple[Moment, ...]
    is_empty: bool


def story_of(services: Services, integration_id: str, booking_id: str) -> Story:
    """Read the story of a booking from our database."""
    with reading(services.engine) as connection:
        stored = stories.load_story(connection, integration_id, booking_id)
    row: Stored = stored.mapping or {}
    return Story(
        booking_id=booking_id,
        integration_id=integration_id,
        **{name: row.get(name) for name in ("activity_id", "state", "version", "start_at", "end_at")},
        replaced_by=row.get("replaced_by"),
        recorded_at=row.get("recorded_at"),
        ignored=stored.ignored,
        moments=moments_of(stored),
        is_empty=stored.is_empty,
    )


def moments_of(stored: StoredStory) -> tuple[Moment, ...]:
    """Put what is recorded in the order of time."""
    known = {row["id"] for row in stored.changes}
    told, repeated = _without_repetitions(stored.changes)
    passed_over = known - {row["id"] for row in told}
    found = [
        *repeated,
        *(moment for row in told for moment in _of_change(row, stored)),
        *(_of_write(row, stored.runs) for row in stored.writes if row["change_id"] not in passed_over),
        *(_of_history(row) for row in stored.history if row["change_id"] not in known),
        *(_of_kept(row, stored.runs) for row in stored.kept),
        *(_of_drift(row, stored.runs) for row in stored.drifts),
        *_of_notices(stored.notices),
        *(_of_intervention(row) for row in stored.interventions),
        *_of_seen(stored.mapping or {}),
    ]
    return tuple(sorted(found, key=lambda moment: (moment.at, moment.rank)))


def _without_repetitions(changes: Sequence[Stored]) -> tuple[list[Stored], list[Moment]]:
    """Return the first and the last try of what was tried again and again, and how often it was in between."""
    told: list[Stored] = []
    repeated: list[Moment] = []
    for _, tries in groupby(changes, key=lambda row: (row["booking_version"], row["operation"])):
        first, *rest = tries
        if len(rest) < _FEW:
            told += [first, *rest]
            continue
        *between, last = rest
        told += [first, last]
        title = f"Tried {len(between)} more times, with the same end"
        repeated.append(Moment(between[0]["planned_at"], title, tone="warn"))
    return told, repeated


_FEW = 3
"""So many repetitions are told one by one."""


def _of_change(row: Stored, stored: StoredStory) -> Iterator[Moment]:
    """Tell of a change: what was decided, which contacts were found, how it ended."""
    yield Moment(
        row["planned_at"],
        f"Version {row['booking_version']}: {words.INTENTS[row['operation']]}",
        (words.why(row["operation"], row["reason"]),),
        run=stored.runs.get(row["run_id"]),
        rank=1,
    )
    mine = [write for write in stored.writes if write["change_id"] == row["id"]]
    if row["contact_decisions"]:
        of_activity = [write["at"] for write in mine if write["object_type"] == "activity"]
        sentences = tuple(words.contact_sentence(how, contact_id) for contact_id, how in row["contact_decisions"])
        at = min(of_activity, default=row["sent_at"] or row["planned_at"])
        yield Moment(at, "Contacts", sentences, run=stored.runs.get(row["worker_run_id"]), rank=2)
    yield _end_of_change(row, stored, [write["at"] for write in mine])


def _end_of_change(row: Stored, stored: StoredStory, sent_at: Sequence[datetime]) -> Moment:
    state = ChangeState(row["state"])
    run = stored.runs.get(row["worker_run_id"])
    title, tone = words.ENDS[state] if not _is_tried_again(row, stored) else words.TRIED_AGAIN
    warnings = tuple(words.warning_sentence(warning) for warning in row["warnings"])
    if state is ChangeState.DONE:
        recorded = [entry for entry in stored.history if entry["change_id"] == row["id"]]
        details = tuple(words.history_sentence(entry) for entry in recorded)
        return Moment(row["closed_at"], title, (*details, *warnings), tone, run, rank=5)
    error = (row["error"],) if row["error"] else ()
    at = row["closed_at"] or max((row["planned_at"], *sent_at))
    return Moment(at, title, (*error, *warnings), tone, run, rank=5)


def _is_tried_again(row: Stored, stored: StoredStory) -> bool:
    """Say whether another change of the same version has taken the place of one that did not succeed."""
    later = (one for one in stored.changes if one["planned_at"] > row["planned_at"])
    is_same = any(one["booking_version"] == row["booking_version"] for one in later)
    return row["state"] == ChangeState.SUPERSEDED and row["error"] is not None and is_same


def _of_write(row: Stored, runs: Mapping[str, RunName]) -> Moment:
    outcome = AuditOutcome(row["outcome"])
    said, tone = words.OUTCOMES[outcome]
    code = f" ({row['error_code']})" if row["error_code"] else ""
    trace = f"HubSpot's correlation id: {row['correlation_id']}" if row["correlation_id"] else None
    took = _span(row["at"], row["finished_at"])
    details = (*words.sent_sentences(row["after"]), f"{said}{code}{took}.", *((trace,) if trace else ()))
    return Moment(row["at"], words.write_title(row), details, tone, runs.get(row["run_id"]), rank=3)


def _of_notices(rows: Sequence[Stored]) -> Iterator[Moment]:
    """Tell what people were told of each change (M1): by role, without names."""
    by_change = groupby(sorted(rows, key=lambda row: (row["noted_at"], row["change_id"])), key=itemgetter("change_id"))
    for _, some in by_change:
        mails = list(some)
        details = tuple(words.notice_sentence(mail) for mail in sorted(mails, key=itemgetter("role")))
        is_out = all(mail["state"] == NoticeState.SENT for mail in mails)
        at = max(mail["finished_at"] or mail["noted_at"] for mail in mails)
        yield Moment(at, words.NEWS[mails[0]["kind"]], details, "good" if is_out else "warn", rank=6)


def _span(start: datetime, end: datetime | None) -> str:
    return f", answered after {(end - start).total_seconds():.1f} s" if end is not None else ""


def _of_history(row: Stored) -> Moment:
    return Moment(row["at"], "Recorded without a request of ours", (words.history_sentence(row),), rank=4)


def _of_kept(row: Stored, runs: Mapping[str, RunName]) -> Moment:
    is_rejected = row["kind"] == KeptKind.REJECTED
    title = "Could not be understood" if is_rejected else "Has to wait"
    still = "Every run reads it again." if row["is_open"] else "This is over."
    tone = ("bad" if is_rejected else "warn") if row["is_open"] else ""
    return Moment(row["kept_at"], title, (row["reason"], still), tone, runs.get(row["run_id"]), rank=1)


def _of_intervention(row: Stored) -> Moment:
    title = words.INTERVENTIONS[row["action"]].format(person=row["person"])
    reason = (f"“{row['reason']}”",) if row["reason"] else ()
    return Moment(row["at"], title, reason, rank=0)


def _of_seen(mapping: Stored) -> Iterator[Moment]:
    """Tell of the last version that needed no change: it left no change, and no request."""
    if mapping.get("seen_at") is not None:
        title = f"Version {mapping['seen_version']}: nothing to change"
        yield Moment(mapping["seen_at"], title, ("A run read it. The activity showed all of it already.",), rank=1)


def _of_drift(row: Stored, runs: Mapping[str, RunName]) -> Moment:
    mended = ("It was mended.",) if row["mended"] else ()
    title = f"Compared with HubSpot: {str(row['kind']).replace('_', ' ')}"
    return Moment(row["found_at"], title, (row["sentence"], *mended), "warn", runs.get(row["run_id"]), rank=6)
