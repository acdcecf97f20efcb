"""How what is recorded of a booking is told to people who know HubSpot and not this project. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from booking_sync.states import (
    AuditOutcome,
    ChangeState,
    ContactFinding,
    Intervention,
    NoticeKind,
    NoticeState,
    Operation,
    Untouched,
)

INTENTS: Mapping[str, str] = {
    Operation.CREATE: "make an activity",
    Operation.RECREATE: "make a new activity, then archive the old one",
    Operation.CANCEL: "mark the activity as cancelled",
    Operation.UPDATE: "change the activity in place",
    Operation.MARK: "set how the meeting went",
}

_RULES: tuple[tuple[str | None, str, str], ...] = (
    (None, "cancelled before it was ever passed on", "X2"),
    (None, "rescheduled from booking", "R2"),
    (None, "stands again after a cancellation", "X3"),
    (None, "the meeting has ended", "A8"),
    (None, "start, end or host changed", "R1"),
    (Operation.CREATE, "", "A1"),
    (Operation.RECREATE, "", "R1"),
    (Operation.CANCEL, "", "X1"),
    (Operation.UPDATE, "", "A7"),
    (Operation.MARK, "", "A8"),
)
"""Operation (None: any), what the reason says, and the rule that is followed; the first that fits counts."""

_RULE_WORDS = {
    "A1": "a booking without an activity gets one",
    "A7": "other changes are written to the same activity",
    "A8": "the outcome says how the meeting went",
    "R1": "a move in time, or to another host, takes a new activity",
    "R2": "a booking under a new id takes the place of the old one",
    "X1": "a cancelled meeting keeps its activity, under the title “[Canceled] …”",
    "X2": "a booking that was cancelled before it was passed on is made as cancelled",
    "X3": "a booking that stands again gets its title back",
}

ENDS: Mapping[ChangeState, tuple[str, str]] = {
    ChangeState.PLANNED: ("Planned, and not sent yet", ""),
    ChangeState.SENDING: ("A request is on its way, or its answer was lost", "warn"),
    ChangeState.UNKNOWN: ("HubSpot has not answered; it is looked up before anything else is sent", "warn"),
    ChangeState.KEPT: ("Not carried out; the next run decides anew", "bad"),
    ChangeState.DONE: ("Done and recorded", "good"),
    ChangeState.SUPERSEDED: ("Overtaken by newer news before it was sent", ""),
    ChangeState.IGNORED: ("A person has said to ignore it", ""),
    ChangeState.PREVIEWED: ("Dry run: nothing was written", ""),
}

TRIED_AGAIN = ("Not carried out; a later run tried again", "warn")

NEWS: Mapping[str, str] = {
    NoticeKind.RESCHEDULED: "Mail to people: rescheduled",
    NoticeKind.CANCELED: "Mail to people: cancelled",
}

NOTICE_ENDS: Mapping[str, str] = {
    NoticeState.WAITING: "waits for the mail server",
    NoticeState.SENDING: "is being sent, or its answer was lost",
    NoticeState.SENT: "the mail server took it",
    NoticeState.UNKNOWN: "handed over, but the answer was lost; it is not sent again",
    NoticeState.REFUSED: "the mail server does not take it",
    NoticeState.OVERTAKEN: "not sent: newer news, an erasure or the settings came first",
    NoticeState.EXPIRED: "not sent: it came too late",
}

OUTCOMES: Mapping[AuditOutcome, tuple[str, str]] = {
    AuditOutcome.SENT: ("HubSpot's answer is not known yet", "warn"),
    AuditOutcome.APPLIED: ("HubSpot has carried it out", "good"),
    AuditOutcome.ADOPTED: ("Found in HubSpot as it was to be, and taken over", "good"),
    AuditOutcome.NOT_APPLIED: ("Known not to have been carried out", "warn"),
    AuditOutcome.REFUSED: ("HubSpot refused it", "bad"),
}

INTERVENTIONS: Mapping[str, str] = {
    Intervention.RETRY: "{person} had it tried again",
    Intervention.RETRY_ALL: "{person} had everything tried again that waits",
    Intervention.IGNORE: "{person} said to ignore it until it changes",
    Intervention.TAKE_UP: "{person} said to take it up again",
    Intervention.CHANGED: "It changed, so it is no longer ignored",
}

_UNTOUCHED_BECAUSE: Mapping[Untouched, str] = {
    Untouched.UNCHANGED: "The activity in HubSpot shows it already: nothing that is passed on differs.",
    Untouched.SUPERSEDED: "Newer news of it had come already.",
    Untouched.EXCLUDED: "Its event is not one of those that the settings of this workspace pass on.",
    Untouched.IGNORED: "A person had said to leave it as it is until it changes.",
}

_UNTOUCHED = "therefore nothing on it was changed"
_CONTACTS: Mapping[str, str] = {
    ContactFinding.CREATED: "New contact {id}: HubSpot had none with this address.",
    ContactFinding.PRIMARY: f"Existing contact {{id}} found by its e-mail address, {_UNTOUCHED}.",
    ContactFinding.SECONDARY: f"Existing contact {{id}} found by secondary e-mail address, {_UNTOUCHED}.",
    ContactFinding.REMEMBERED: f"Contact {{id}} known from an earlier booking of this address, {_UNTOUCHED}.",
    ContactFinding.BY_ID: f"Contact {{id}} known from before, although its address is another one now, {_UNTOUCHED}.",
    ContactFinding.EXISTING: f"HubSpot had contact {{id}} already when it was to be made, {_UNTOUCHED}.",
    ContactFinding.REFUSED: "No contact: HubSpot does not take this address.",
}

_EVENTS = {
    "created": "Activity {activity} is this booking's",
    "adopted": "Activity {activity} was found and taken over",
    "taken_over": "Activity {activity} was taken over from the booking before",
    "updated": "Activity {activity} was changed in place",
    "canceled": "Activity {activity} says that the meeting is cancelled",
    "marked": "Activity {activity} says how the meeting went",
    "archived": "Activity {activity} is in HubSpot's recycle bin",
}

_WARNINGS = {
    "owner_refused": "Written without an owner, because HubSpot does not take the host's.",
    "contacts_looked_up_again": "The remembered contacts were looked up again.",
    "no_usable_email": "Written without a contact, because there is no usable address",
    "contact_refused": "Written without a contact, because HubSpot refuses the address",
}


def why(operation: str, reason: str) -> str:
    """Return why something was decided, with the rule that it follows."""
    rule = next(rule for only, part, rule in _RULES if only in (None, operation) and part in reason)
    return f"{reason[:1].upper()}{reason[1:]}: {_RULE_WORDS[rule]} (rule {rule})."


def why_untouched(verdict: Untouched, reason: str | None) -> str:
    """Return why a booking got no change."""
    if reason is None:
        return _UNTOUCHED_BECAUSE[verdict]
    is_older = reason.startswith("version ")
    rule = "older news never overwrites newer (rule W3)" if is_older else "the activity belongs to that one (rule R2)"
    return f"{reason[:1].upper()}{reason[1:]}: {rule}."


def contact_sentence(how: str, contact_id: str | None) -> str:
    """Return how a contact was come by."""
    return _CONTACTS[how].format(id=contact_id)


def warning_sentence(warning: str) -> str:
    """Return what a change lacks; some warnings are sentences already."""
    code, _, rest = warning.partition(": ")
    known = _WARNINGS.get(code)
    if known is None:
        return rest or warning
    return f"{known} ({rest})." if rest else known


def history_sentence(entry: Mapping[str, Any]) -> str:
    """Return what the mapping's history says, with the times of the booking then."""
    said = _EVENTS.get(entry["event"], str(entry["event"])).format(activity=entry["activity_id"])
    if entry["event"] == "archived":
        return f"{said}."  # it showed other times than the booking has by then
    return f"{said}; the meeting is {span(entry['start_at'], entry['end_at'])}."


def write_title(row: Mapping[str, Any]) -> str:
    """Return what was asked of HubSpot."""
    verb = {"cancel": "mark as cancelled", "mark": "set the outcome of"}.get(row["action"], row["action"])
    which = f" {row['object_id']}" if row["object_id"] else ""
    return f"Request: {verb} {row['object_type']}{which}"


def sent_sentences(after: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return what was sent, by the names of the fields: their values are not kept."""
    if not after:
        return ()
    names = {"properties": "Fields", "contact_ids": "Contacts", "carried_over": "Carried over from the old activity"}
    return tuple(f"{title}: {', '.join(after[name])}" for name, title in names.items() if after.get(name))


def span(start_at: datetime, end_at: datetime) -> str:
    """Spell the time of a meeting."""
    ends = f"{end_at:%H:%M}" if end_at.date() == start_at.date() else f"{end_at:%Y-%m-%d %H:%M}"
    return f"{start_at:%Y-%m-%d %H:%M}–{ends} UTC"


def notice_sentence(row: Mapping[str, Any]) -> str:
    """Say what became of one mail, and to whom in which role it went."""
    code = f" ({row['error_code']})" if row["error_code"] else ""
    return f"To the {row['role']}: {NOTICE_ENDS[row['state']]}{code}."
