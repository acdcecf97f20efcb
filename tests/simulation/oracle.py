"""What must be true: the invariants, written from the rules, and checked against the services and the database.

I1 to I10 are those of the promise: one live activity for every booking (I1), renamed once where it was cancelled (I2),
none without a booking (I3), nothing foreign touched (I4), a mapping that says what is there (I5), an audit that says
what was done (I6), a watermark that passes nothing that is not known (I7), nothing personal left over (I8), and
nothing written by one more run (I10, checked by the world). The number of requests (I9) is looked at by the search.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING, Any

from proof import ledger
from proof.ledger import Deed
from sqlalchemy import Connection, func, select

from booking_sandbox.hubspot_schema import CONTACTS
from booking_sync.states import OPEN_STATES
from booking_sync.store.read_tables import kept_booking, staged_booking
from booking_sync.store.tables import audit, change, integration, mapping, metadata

if TYPE_CHECKING:
    from tests.simulation.stage import BothServices, Stage

MARKER = "calendar_booking_key"
CANARY = "canary"
"""Every name, address and answer of an invitee holds this word; nothing that is kept may show it."""

Activity = dict[str, Any]
Booking = dict[str, Any]


@dataclass
class Expected:
    """What people did that changes what is expected of a booking."""

    unreadable: set[str] = field(default_factory=set)
    deleted: dict[str, int] = field(default_factory=dict)
    """Booking → its version when a person deleted its activity: while it stays there may be none (D3)."""
    edited: dict[str, int] = field(default_factory=dict)
    """Booking → its version when a person edited its activity: while it stays it is left as it is (D2)."""
    loose_addresses: set[str] = field(default_factory=set)
    """Addresses whose contacts a person has taken away or renamed."""
    marks_completed: bool = False
    """Whether meetings that have ended may show it (A8)."""
    has_ghosts: bool = False
    """An effect may have come after it had been given up, or been undone by a person before it was recorded: then its
    audit row says that there was none (I6)."""


def ours(sandbox: BothServices, *, include_archived: bool = False) -> list[Activity]:
    """Return the activities that we made; what a person cloned from them is the person's."""
    found = sandbox.hubspot.state.activities(include_archived)
    return [one for one in found if _is_ours(one)]


def booking_id_of(activity: Activity) -> str | None:
    """Return the booking that an activity names."""
    named: str | None = activity["properties"].get("calendar_booking_id")
    return named


def foreign_objects(sandbox: BothServices) -> dict[str, dict[str, Any]]:
    """Return what is not ours, by id: to be compared before and after."""
    activities = [one for one in sandbox.hubspot.state.activities(include_archived=True) if not _is_ours(one)]
    contacts = sandbox.hubspot.state.contacts(include_archived=True)
    looked_at = ("properties", "archived", "updated_at")
    theirs = [*activities, *(one for one in contacts if one["properties"].get("hs_object_source") == "CRM_UI")]
    return {one["id"]: {name: one[name] for name in looked_at} for one in theirs}


def problems(stage: Stage, expected: Expected, foreign: dict[str, dict[str, Any]]) -> list[str]:
    """Return what is wrong now that all should be quiet."""
    sandbox, live = stage.sandbox, ours(stage.sandbox)
    now = foreign_objects(sandbox)
    found = [f"{what} is foreign and was touched" for what in foreign if now.get(what) != foreign[what]]  # I4
    bookings = {one["id"]: one for one in sandbox.calendar.state.bookings()}
    for booking_id in bookings.keys() - expected.unreadable:
        of_it = [one for one in live if booking_id_of(one) == booking_id]
        found += _problems_of_booking(bookings[booking_id], of_it, sandbox, expected)
    found += [f"activity {one['id']} belongs to no booking" for one in live if booking_id_of(one) not in bookings]  # I3
    found += _contact_problems(sandbox)
    with stage.engine.connect() as connection:
        found += _database_problems(connection, live, bookings, expected)
    return found + _audit_problems(stage, expected)


def problems_of_any_moment(stage: Stage) -> list[str]:
    """Return what must not be, even right after a crash: a watermark beyond what is known (I7), and writes to D1."""
    found = [f"{one.method} to Calendar.com" for one in stage.sandbox.calendar.history if one.method != "GET"]
    columns = (integration.c.workspace_id, integration.c.connected_at, integration.c.watermark)
    with stage.engine.connect() as connection:
        connected = {row.workspace_id: row for row in connection.execute(select(*columns))}
        lists = [connection.execute(select(table.c.booking_id)).scalars() for table in (mapping, change, kept_booking)]
        known = {booking_id for booking_ids in lists for booking_id in booking_ids}
    for booking in stage.sandbox.calendar.state.bookings():
        row = connected.get(booking["workspace_id"])
        changed_at = datetime.fromisoformat(booking["updated_at"])
        is_passed = row is not None and row.connected_at <= changed_at < row.watermark
        if is_passed and booking["status"] != "rescheduled" and booking["id"] not in known:
            found.append(f"the watermark has passed {booking['id']}, which is not known")
    return found


def archived_too_early(stage: Stage) -> list[str]:
    """Return the bookings whose activity we have archived although the mapping knows of no other one (R4)."""
    archives = stage.sandbox.hubspot.history.matching("/meetings/batch/archive")
    archived = {activity_id for one in archives for activity_id in one.effected_ids}
    with stage.engine.connect() as connection:
        mapped = connection.execute(select(mapping.c.booking_id, mapping.c.activity_id)).all()
    return [f"{row.booking_id} has lost its activity to an archive" for row in mapped if row.activity_id in archived]


def personal_data_left(stage: Stage) -> list[str]:
    """Return what is left of what was read, a day later, and the tables that show any of it in the clear (I8)."""
    with stage.engine.connect() as connection:
        staged = connection.execute(select(func.count()).select_from(staged_booking)).scalar_one()
        found = [f"{staged} bookings are still staged"] * bool(staged)
        for table in metadata.sorted_tables:
            rows = connection.execute(select(table)).all()
            if any(CANARY in str(row).lower() for row in rows):
                found.append(f"{table.name} holds personal data in the clear")
    return found


def _problems_of_booking(
    booking: Booking, live: list[Activity], sandbox: BothServices, expected: Expected
) -> list[str]:
    name = f"{booking['id']} ({booking['status']}, version {booking['version']})"
    wanted = 0 if booking["status"] == "rescheduled" else 1
    is_deleted = expected.deleted.get(booking["id"]) == booking["version"]
    if len(live) != wanted and not (is_deleted and not live):
        return [f"{name} has {len(live)} live activities, not {wanted}"]  # I1, I2
    if not live or expected.edited.get(booking["id"]) == booking["version"]:
        return []
    shown, right = _shown(live[0]), _right(booking, sandbox)
    if expected.marks_completed:
        right.pop("hs_meeting_outcome")
    wrong = [
        f"{name}: {key} is {shown.get(key)!r}, not {value!r}" for key, value in right.items() if shown.get(key) != value
    ]
    addresses = {one["email"].lower() for one in booking["invitees"] if one["email"]}
    if not addresses & expected.loose_addresses:
        wrong += _problems_of_people(name, booking, live[0], sandbox)
    return wrong


def _right(booking: Booking, sandbox: BothServices) -> dict[str, Any]:
    """What an activity must show (A1, A2, A5, X1). A cancelled one keeps the rest as it was."""
    event = " ".join(booking["event"]["name"].split())
    if booking["status"] == "canceled":
        return {"hs_meeting_title": f"[Canceled] {event}", "hs_meeting_outcome": "CANCELED"}
    start_at, end_at = (datetime.fromisoformat(booking[name]) for name in ("start_at", "end_at"))
    owners = {one.email: one.id for one in sandbox.hubspot.state.portal().owners.values()}
    active = [one for one in booking["invitees"] if one["status"] == "active"]
    answers = [one["answer"] for person in active for one in person["answers"] if isinstance(one["answer"], str)]
    return {
        "hs_meeting_title": f"Meeting - Calendar.com: {event}",
        "hs_meeting_outcome": "SCHEDULED",
        "hs_meeting_start_time": start_at,
        "hs_meeting_end_time": end_at,
        "hs_timestamp": start_at,
        "calendar_event_name": event,
        "calendar_event_duration": str(int((end_at - start_at).total_seconds() // 60)),
        "hubspot_owner_id": owners.get(booking["host"]["email"]),
        **{f"the body with {fact!r}": True for fact in [event, booking["host"]["name"], *answers]},
    }


def _shown(activity: Activity) -> dict[str, Any]:
    shown: dict[str, Any] = dict(activity["properties"])
    for name in ("hs_meeting_start_time", "hs_meeting_end_time", "hs_timestamp"):
        shown[name] = datetime.fromisoformat(shown[name]) if name in shown else None
    body = unescape(shown.get("hs_meeting_body", ""))
    return _WithBody(shown, body)


class _WithBody(dict[str, Any]):
    """The properties of an activity, and facts that its body may tell."""

    def __init__(self, shown: dict[str, Any], body: str) -> None:
        super().__init__(shown)
        self._body = body

    def get(self, key: str, default: Any = None) -> Any:
        if key.startswith("the body with "):
            return key.removeprefix("the body with ").strip("'\"") in self._body
        return super().get(key, default)


def _problems_of_people(name: str, booking: Booking, activity: Activity, sandbox: BothServices) -> list[str]:
    """C1 and C2: every active invitee's contact is there once, and nobody else's."""
    hubspot, refused = sandbox.hubspot.state, sandbox.hubspot.switches.refuse_emails
    found = {
        one["email"].lower(): hubspot.contact_by_email(one["email"]) for one in booking["invitees"] if one["email"]
    }
    active = {one["email"].lower() for one in booking["invitees"] if one["email"] and one["status"] == "active"}
    missing = [
        one
        for one in active - refused
        if found[one] is None or found[one]["id"] not in activity["contact_ids"]  # type: ignore[index]  # None was asked before
    ]
    known = {contact["id"] for contact in found.values() if contact is not None}
    strangers = set(activity["contact_ids"]) - known
    if booking["status"] == "canceled":
        missing = []  # who came after the meeting was called off is nobody's concern
    return [f"{name} lacks the contact of {len(missing)} invitees"] * bool(missing) + [
        f"{name} has the contact of a stranger"
    ] * bool(strangers)


def _contact_problems(sandbox: BothServices) -> list[str]:
    emails = Counter(one["properties"].get("email") for one in sandbox.hubspot.state.contacts())
    return [f"{count} contacts have one address" for email, count in emails.items() if email and count > 1]


def _database_problems(
    connection: Connection, live: list[Activity], bookings: dict[str, Booking], expected: Expected
) -> list[str]:
    """The mapping points at what stands (I5), nothing is left open (I7), and what was read is wiped (I8)."""
    rows = connection.execute(select(mapping.c.booking_id, mapping.c.activity_id, mapping.c.state)).all()
    mapped = {row.booking_id: row.activity_id for row in rows if row.state != "replaced"}
    standing = {str(booking_id_of(one)): one["id"] for one in live}
    excused = {*expected.unreadable, *expected.deleted}
    wrong = [
        f"{booking_id} is mapped to {mapped.get(booking_id)}, HubSpot holds {standing.get(booking_id)}"
        for booking_id in (mapped.keys() | standing.keys()) & bookings.keys() - excused
        if mapped.get(booking_id) != standing.get(booking_id)
    ]
    counts = {
        "changes are open": select(func.count()).where(change.c.state.in_(OPEN_STATES)),
        "payloads are left": select(func.count()).where(
            change.c.payload.is_not(None), change.c.state.not_in(OPEN_STATES)
        ),
        "audit rows have no outcome": select(func.count()).where(
            audit.c.outcome == "sent", (audit.c.object_type != "contact") | audit.c.booking_id.not_in(_left(bookings))
        ),
    }
    left = {what: connection.execute(statement).scalar_one() for what, statement in counts.items()}
    return wrong + [f"{count} {what}" for what, count in left.items() if count]


def _left(bookings: dict[str, Booking]) -> list[str]:
    """Return the bookings that an invitee has left. Nobody looks for the contact any more: its row stays open."""
    return [
        booking_id
        for booking_id, booking in bookings.items()
        if any(one["status"] == "canceled" for one in booking["invitees"])
    ]


def _audit_problems(stage: Stage, expected: Expected) -> list[str]:
    """Every write that had an effect has its audit row (I6).

    A contact that we made, and that a person deleted or renamed before that was recorded, cannot be told from another.
    What lands after it has been given up and sent again was rightly audited as not applied when that was written.
    """
    if expected.has_ghosts:
        return []
    in_hubspot, in_audit = ledger.deeds_of_history(stage.sandbox), ledger.deeds_of_audit(stage.engine)  # type: ignore[arg-type]  # has the same shape
    done, recorded = _as_they_stand(stage, in_hubspot), _as_they_stand(stage, in_audit)
    unaccountable = "create contact" if expected.loose_addresses else ""
    unanswered = ledger.unanswered(stage.engine)
    missing = [deed for deed in (done - recorded).elements() if deed[0] != unaccountable]
    return [f"{kind} {object_id} has no audit row" for kind, object_id in missing if not unanswered[kind]]


def _as_they_stand(stage: Stage, deeds: Counter[Deed]) -> Counter[Deed]:
    """Name the contact that stands for one which a person has merged away before our creation of it was read back."""
    store = stage.sandbox.hubspot.state.portal().store
    return Counter(
        (kind, survivor.id if (survivor := store.survivor(CONTACTS, object_id)) else object_id)
        for kind, object_id in deeds.elements()
    )


def _is_ours(activity: Activity) -> bool:
    properties = activity["properties"]
    return bool(properties.get(MARKER)) and properties.get("hs_object_source") == "INTEGRATION"
