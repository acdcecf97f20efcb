"""What people do in a simulated world, as words: ``move a 24``, ``person deletes a``, ``merge contacts of a``.

Scenarios and random walks are lists of such words, so a failing one can be read, shortened and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

from sqlalchemy import update

from booking_sandbox.faults import FaultKind
from booking_sandbox.hubspot_schema import MEETINGS
from booking_sync.fingerprint import activity_key
from booking_sync.store.tables import integration, mapping
from tests.flow.clock import MONDAY_MORNING
from tests.simulation.stage import WORKSPACE

if TYPE_CHECKING:
    from tests.simulation.world import World

OWNER = "grace@acme.example"
GRACE: Mapping[str, str] = {"id": "us_grace", "name": "Grace Hopper", "email": OWNER}
ALAN: Mapping[str, str] = {"id": "us_alan", "name": "Alan Turing", "email": "alan@acme.example"}
KNOWN = "Known@Canary.example"
ANSWERS = [
    {"question_id": "q_1", "question": "Company?", "answer": "Canary & Sons"},
    {"question_id": "q_2", "question": "Topics?", "answer": ["Pricing", "Security"]},
]
KINDS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "known": {"invitees": [KNOWN]},
    "group": {"event_kind": "group", "invitees": ["canary.one@example.com", "canary.two@example.com"]},
    "shared": {"invitees": ["canary.shared@example.com"]},
    "silent": {"invitees": [{"name": "Canary Silent", "email": None}]},
    "unowned": {"host": ALAN},
    "empty": {"invitees": []},
}
"""Kinds of bookings: one invitee of its own, one who is a contact already, several, one who books often …"""


def at(hours: float) -> datetime:
    """A time so many hours after the beginning of the world's next day."""
    return MONDAY_MORNING + timedelta(hours=15 + hours)


def book(world: World, booking_id: str, kind: str = "plain") -> None:
    fields = {
        "invitees": [{"name": f"Canary {booking_id}", "email": f"canary.{booking_id}@example.com"}],
        "host": GRACE,
        "answers": ANSWERS,
        "start_at": at(len(world.calendar.bookings())),
        **KINDS[kind],
    }
    if not fields["invitees"]:
        del fields["answers"]
    workspaces = sorted(world.calendar.workspaces)
    workspace_id = workspaces[crc32(booking_id.encode()) % len(workspaces)]
    world.calendar.book(workspace_id, booking_id=booking_id, **fields)


def move(world: World, booking_id: str, hours: str = "24") -> None:
    world.calendar.reschedule_in_place(booking_id, at(float(hours)))


def rehost(world: World, booking_id: str) -> None:
    now = world.calendar.booking(booking_id)["host"]["email"]
    world.calendar.reschedule_in_place(booking_id, host=ALAN if now == OWNER else GRACE)


def replace_by(world: World, booking_id: str, new_id: str, hours: str = "48") -> None:
    world.calendar.reschedule_to_new(booking_id, at(float(hours)), new_id=new_id)


def cancel(world: World, booking_id: str, by: str = "invitee") -> None:
    world.calendar.cancel(booking_id, by)


def uncancel(world: World, booking_id: str) -> None:
    world.calendar.uncancel(booking_id)


def rename(world: World, booking_id: str, *words: str) -> None:
    world.calendar.edit(booking_id, event_name=" ".join(words) or "Intro & demo")


def answer(world: World, booking_id: str, *words: str) -> None:
    invitees = world.calendar.booking(booking_id)["invitees"]
    invitees[0]["answers"] = [{"question_id": "q_1", "question": "Company?", "answer": " ".join(words) or "Other"}]
    world.calendar.edit(booking_id, invitees=invitees)


def invite(world: World, booking_id: str, email: str = "canary.late@example.com") -> None:
    invitees = world.calendar.booking(booking_id)["invitees"]
    late = {**invitees[0], "id": f"inv_late_{len(invitees)}", "name": "Canary Late", "email": email, "status": "active"}
    world.calendar.edit(booking_id, invitees=[*invitees, late])


def drop(world: World, booking_id: str) -> None:
    world.calendar.cancel_invitee(booking_id, world.calendar.booking(booking_id)["invitees"][-1]["id"])


def garble(world: World, booking_id: str) -> None:
    payload = world.calendar.booking(booking_id)
    del payload["updated_at"]
    world.calendar.put_raw(WORKSPACE, {**payload, "start_at": "soon", "version": payload["version"] + 1})
    world.expected.unreadable.add(booking_id)


def ungarble(world: World, booking_id: str) -> None:
    payload = world.calendar.booking(booking_id)
    del payload["updated_at"]
    fixed = {**payload, "start_at": at(30), "end_at": at(31), "version": payload["version"] + 1}
    world.calendar.put_raw(WORKSPACE, fixed)
    world.expected.unreadable.discard(booking_id)


def plan(world: World, name: str) -> None:
    world.calendar.add_workspace(WORKSPACE, "Acme Sales", name)


def person_deletes(world: World, booking_id: str) -> None:
    for activity in world.activities_of(booking_id):
        world.expected.has_ghosts |= not world.is_mapped(activity["id"])
        world.hubspot.delete_activity(activity["id"])
        world.expected.deleted[booking_id] = world.version_of(booking_id)


def person_edits(world: World, booking_id: str) -> None:
    for activity in world.activities_of(booking_id):
        world.hubspot.edit_activity(activity["id"], hs_meeting_title="Mine")
        world.expected.edited[booking_id] = world.version_of(booking_id)


def person_unmarks(world: World, booking_id: str) -> None:
    """A person empties the field by which we know our activity."""
    for activity in world.activities_of(booking_id):
        world.hubspot.edit_activity(activity["id"], calendar_booking_key="")


def person_clones(world: World, booking_id: str) -> None:
    for activity in world.activities_of(booking_id):
        world.hubspot.clone_activity(activity["id"])


def contact_deleted(world: World, booking_id: str) -> None:
    for contact in _contacts_of(world, booking_id)[:1]:
        world.hubspot.delete_contact(contact["id"])
    _loosen(world, booking_id)


def contact_merged(world: World, booking_id: str) -> None:
    for contact in _contacts_of(world, booking_id)[:1]:
        other = world.hubspot.add_contact(email=f"other.{len(world.told)}@example.com")
        world.hubspot.merge_contacts(other, contact["id"], has_new_id=True)


def contact_readdressed(world: World, booking_id: str) -> None:
    for contact in _contacts_of(world, booking_id)[:1]:
        world.hubspot.edit_contact(contact["id"], email=f"new.{len(world.told)}@example.com")
    _loosen(world, booking_id)


def outdate(world: World, booking_id: str) -> None:
    """Let an activity show an older state, as if a write had landed late."""
    for activity in world.activities_of(booking_id):
        old = {"calendar_booking_revision": "0-000000000000", "hs_meeting_title": "Older"}
        world.hubspot.edit_activity(activity["id"], **old)


def duplicate(world: World, booking_id: str, generation: str = "2") -> None:
    """Let another activity of ours stand, as if a create had landed late, or the mapping had been lost."""
    key = activity_key(WORKSPACE, booking_id, int(generation))
    values = {"hs_timestamp": at(0).isoformat(), "calendar_booking_id": booking_id, "calendar_booking_key": key}
    with world.hubspot.lock:
        world.hubspot.portal().create(MEETINGS, values, [])


def busy(world: World, path: str, count: str = "1") -> None:
    """HubSpot takes no such request for a while."""
    world.switches.rate_limited(path=path, count=int(count))


def denied(world: World, path: str, status: str = "403") -> None:
    """HubSpot refuses a request for a reason that we do not know."""
    world.switches.fail_before(status=int(status), path=path)


def mail_busy(world: World, count: str = "1") -> None:
    """The mail server goes away before it takes a mail, so many times."""
    for _ in range(int(count)):
        world.stage.sandbox.mail.switches.faults.add(FaultKind.DROP_BEFORE, seconds=0)


def owner_gone(world: World) -> None:
    """Whoever owns records is taken out of the portal."""
    world.hubspot.portal().owners.clear()


def refuse(world: World, email: str) -> None:
    world.switches.refuse_emails.add(email)


def lag(world: World, seconds: str) -> None:
    world.switches.search_lag_seconds = float(seconds)


def late(world: World, seconds: str, path: str) -> None:
    """The next such write is answered with a failure, and carried out after so many seconds."""
    world.switches.late_landing(float(seconds), path=path)


def properties_deleted(world: World) -> None:
    """A person removes our properties from the portal, with all their values; it may do so before any are used."""
    portal = world.hubspot.portal()
    for definitions in portal.properties.values():
        for name in [one for one in definitions if one.startswith("calendar_")]:
            del definitions[name]


def demand(world: World, *names: str) -> None:
    """An administrator demands a property of every new activity, or none any more."""
    world.switches.required_properties = {"meetings": list(names)} if names else {}


def key_lost(world: World) -> None:
    """HubSpot does not accept our key."""
    tokens = world.hubspot.portal().grants.tokens
    world.lost_keys.update(tokens)
    tokens.clear()


def key_back(world: World) -> None:
    world.hubspot.portal().grants.tokens.update(world.lost_keys)
    world.lost_keys.clear()


def tokens_expire(world: World) -> None:
    world.hubspot.portal().grants.expire_access_tokens()


def refresh_revoked(world: World) -> None:
    """The access that was given ends, and cannot be made to last longer."""
    grants = world.hubspot.portal().grants
    grants.revoke_refresh_tokens(world.stage.sandbox.hubspot.app.client_id)
    grants.expire_access_tokens()


def access_revoked(world: World) -> None:
    """Somebody takes the app out of HubSpot, by HubSpot's own path."""
    world.hubspot.portal().grants.uninstall(world.stage.sandbox.hubspot.app.client_id)


def mix_up(world: World, booking_id: str, other_id: str) -> None:
    """Let the mapping say of two bookings that each has the other's activity."""
    ids = {one: world.activities_of(one)[0]["id"] for one in (booking_id, other_id)}
    for owner, activity_id in ((booking_id, None), (other_id, ids[booking_id]), (booking_id, ids[other_id])):
        _remap(world, owner, activity_id)


def remap(world: World, booking_id: str) -> None:
    """Let the mapping say that a booking has an activity that is not ours."""
    _remap(world, booking_id, next(iter(world.hubspot.activities()))["id"])


def _remap(world: World, booking_id: str, activity_id: str | None) -> None:
    with world.stage.engine.begin() as connection:
        connection.execute(update(mapping).where(mapping.c.booking_id == booking_id).values(activity_id=activity_id))


def setting(world: World, name: str, value: str) -> None:
    """Choose something for the integration; yes and no are words."""
    world.expected.marks_completed = name == "mark_completed"
    chosen = {"yes": True, "no": False}.get(value, value)
    with world.stage.engine.begin() as connection:
        values = {"settings": {name: chosen}, "completed_until": world.clock.now}
        connection.execute(update(integration).values(values))


def crowd(world: World, count: str) -> None:
    for number in range(int(count)):
        book(world, f"c{number}")


def workspaces(world: World, count: str) -> None:
    world.stage.open_workspaces(int(count))


def sleep(world: World, seconds: str) -> None:
    world.clock.advance(float(seconds))


def _contacts_of(world: World, booking_id: str) -> list[dict[str, Any]]:
    emails = [one["email"] for one in world.calendar.booking(booking_id)["invitees"] if one["email"]]
    found = [world.hubspot.contact_by_email(email) for email in emails]
    return [contact for contact in found if contact is not None]


def _loosen(world: World, booking_id: str) -> None:
    """Expect no certain contact for these addresses any more: the one that we remember counts, or a new one (C8)."""
    emails = [one["email"] for one in world.calendar.booking(booking_id)["invitees"] if one["email"]]
    world.expected.loose_addresses.update(email.lower() for email in emails)


DEEDS: Mapping[str, Callable[..., None]] = {
    "book": book,
    "move": move,
    "rehost": rehost,
    "replace": replace_by,
    "cancel": cancel,
    "uncancel": uncancel,
    "rename": rename,
    "answer": answer,
    "invite": invite,
    "drop": drop,
    "garble": garble,
    "ungarble": ungarble,
    "plan": plan,
    "person-deletes": person_deletes,
    "person-edits": person_edits,
    "person-clones": person_clones,
    "person-unmarks": person_unmarks,
    "contact-deleted": contact_deleted,
    "contact-merged": contact_merged,
    "contact-readdressed": contact_readdressed,
    "outdate": outdate,
    "duplicate": duplicate,
    "busy": busy,
    "denied": denied,
    "owner-gone": owner_gone,
    "refuse": refuse,
    "mail-busy": mail_busy,
    "lag": lag,
    "late": late,
    "properties-deleted": properties_deleted,
    "key-lost": key_lost,
    "key-back": key_back,
    "tokens-expire": tokens_expire,
    "access-revoked": access_revoked,
    "refresh-revoked": refresh_revoked,
    "mix-up": mix_up,
    "remap": remap,
    "set": setting,
    "demand": demand,
    "crowd": crowd,
    "workspaces": workspaces,
    "sleep": sleep,
}
