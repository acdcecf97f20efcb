"""The scripted walk: what happens in Calendar.com between one run and the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from booking_sandbox.server import Sandbox

WORKSPACE = "ws_crash"
BASE = (datetime.now(UTC) + timedelta(days=7)).replace(hour=9, minute=0, second=0, microsecond=0)
OWNER = "grace@acme.example"
KNOWN_CONTACT = "ada@example.com"


def prepare(sandbox: Sandbox) -> None:
    """What is there before the first run: a workspace, an owner, a contact, and a meeting that looks like ours."""
    sandbox.calendar.state.add_workspace(WORKSPACE, "Acme Sales", "pro", "Europe/Berlin")
    hubspot = sandbox.hubspot.state
    hubspot.add_owner(OWNER, first_name="Grace", last_name="Hopper")
    ada = hubspot.add_contact(email=KNOWN_CONTACT, firstname="Countess", lastname="of Lovelace")
    title = "Meeting - Calendar.com: Intro call"
    hubspot.add_activity(contact_ids=[ada], hs_meeting_title=title, hs_timestamp=BASE.isoformat())


def _create(sandbox: Sandbox) -> None:
    calendar = sandbox.calendar.state
    host = {"id": "us_grace", "name": "Grace Hopper", "email": OWNER}
    people: Mapping[str, list[dict[str, Any] | str]] = {
        "bk_known": ["Ada@Example.com"],
        "bk_new": [{"name": "Bob Newman", "email": "bob@example.com"}],
        "bk_group": ["bob@example.com", "cleo@example.com", {"email": "dan@example.com", "status": "canceled"}],
        "bk_silent": [{"name": "No Address", "email": None}],
        "bk_never": ["eve@example.com"],
    }
    for number, (booking_id, invitees) in enumerate(people.items()):
        kind = "group" if booking_id == "bk_group" else "one_on_one"
        calendar.book(
            WORKSPACE,
            booking_id=booking_id,
            host=host if number % 2 == 0 else None,
            event_kind=kind,
            start_at=BASE + timedelta(hours=number),
            invitees=invitees,
        )
    calendar.cancel("bk_never", "host", "travelling")


def _change_details(sandbox: Sandbox) -> None:
    calendar = sandbox.calendar.state
    calendar.edit("bk_new", event_name="Intro & demo")
    invitees = calendar.booking("bk_group")["invitees"]
    late = {**invitees[0], "id": "inv_late", "name": "Finn Late", "email": "finn@example.com"}
    calendar.edit("bk_group", invitees=[*invitees, late])


def _reschedule_in_place(sandbox: Sandbox) -> None:
    for booking_id in ("bk_known", "bk_silent"):
        sandbox.calendar.state.reschedule_in_place(booking_id, BASE + timedelta(days=1))


def _reschedule_to_new(sandbox: Sandbox) -> None:
    for booking_id in ("bk_new", "bk_group"):
        sandbox.calendar.state.reschedule_to_new(booking_id, BASE + timedelta(days=2), new_id=f"{booking_id}_2")


def _cancel(sandbox: Sandbox) -> None:
    for booking_id, by in (("bk_known", "invitee"), ("bk_new_2", "host"), ("bk_silent", "host")):
        sandbox.calendar.state.cancel(booking_id, by)


def _uncancel(sandbox: Sandbox) -> None:
    calendar = sandbox.calendar.state
    for booking_id in ("bk_known", "bk_new_2"):
        calendar.uncancel(booking_id)
    calendar.reschedule_in_place("bk_new_2", BASE + timedelta(days=3))


def _nothing(_sandbox: Sandbox) -> None:
    pass


PHASES: Mapping[str, Callable[[Sandbox], None]] = {
    "create": _create,
    "details": _change_details,
    "reschedule_in_place": _reschedule_in_place,
    "reschedule_to_new": _reschedule_to_new,
    "cancel": _cancel,
    "uncancel": _uncancel,
    "repeat": _nothing,
}
"""Each is followed by runs until all is quiet."""
