"""A mail server without a socket, and what must be true of what it took: told once, and what stands in the end (M1)."""

from __future__ import annotations

import smtplib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from booking_sandbox.faults import FaultKind
from booking_sync.clients.mail import MailServer
from booking_sync.notice import calendar_uid
from booking_sync.states import NoticeState
from booking_sync.store.notice_tables import notice
from booking_sync.store.tables import integration, mapping, mapping_history
from tests.mail_sink import event_of

if TYPE_CHECKING:
    from tests.simulation.stage import Stage

SERVER = MailServer("mail.test", 25, "calendar@acme.example")
SHOWN_TIMES = ("created", "adopted", "updated", "taken_over")
"""Events of the history after which an activity shows the booking's times."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """What happens to the next mail."""

    kind: FaultKind


@dataclass
class Faults:
    """Has the shape of a sandbox service's faults."""

    waiting: list[PlannedFault] = field(default_factory=list)

    def add(self, kind: FaultKind, *, seconds: float) -> PlannedFault:
        """Let something happen to the next mail; nothing of a mail takes effect later."""
        del seconds
        self.waiting.append(PlannedFault(kind))
        return self.waiting[-1]


@dataclass
class Switches:
    """Has the shape of a sandbox service's switches."""

    faults: Faults = field(default_factory=Faults)


@dataclass
class PostOffice:
    """Takes mails. ``mails`` are those that people get, whatever the sender was told."""

    switches: Switches = field(default_factory=Switches)
    mails: list[EmailMessage] = field(default_factory=list)

    def reset(self) -> None:
        """Forget everything."""
        self.mails.clear()
        self.switches.faults.waiting.clear()

    def connect(self, _server: MailServer) -> smtplib.SMTP:
        """Stand for ``mail._logged_in``."""
        return _Conversation(self)  # type: ignore[return-value]  # has what is used of it


class _Conversation:
    """One connection, as far as a client of ours talks."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office
        self._kind: FaultKind | None = None

    def mail(self, _sender: str) -> tuple[int, bytes]:
        waiting = self._office.switches.faults.waiting
        self._kind = waiting.pop(0).kind if waiting else None
        if self._kind is FaultKind.DROP_BEFORE:
            raise smtplib.SMTPServerDisconnected
        return 250, b"OK"

    def rcpt(self, _recipient: str) -> tuple[int, bytes]:
        return 250, b"OK"

    def docmd(self, _command: str) -> tuple[int, bytes]:
        return 354, b"go on"

    def send(self, text: bytes) -> None:
        self._office.mails.append(message_from_bytes(text.removesuffix(b"\r\n.\r\n"), policy=default))

    def getreply(self) -> tuple[int, bytes]:
        if self._kind is FaultKind.COMMIT_THEN_HANG:
            raise smtplib.SMTPServerDisconnected
        return 250, b"OK"

    def quit(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""


def problems(stage: Stage, *, may_be_unknown: bool) -> list[str]:
    """Return what is wrong with what people were told, now that all should be quiet."""
    with stage.engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(notice)).mappings()]
        columns = (mapping_history.c.booking_id, mapping_history.c.start_at, mapping_history.c.event)
        history = connection.execute(select(*columns).order_by(mapping_history.c.id)).all()
        successors = connection.execute(select(mapping.c.booking_id, mapping.c.replaced_by)).all()
        settings = connection.execute(select(integration.c.settings)).scalars().all()
    if not any(one.get("notify") for one in settings):
        return [f"{len(stage.sandbox.mail.mails)} mails that nobody wants"] * bool(stage.sandbox.mail.mails)
    found = _told_twice(stage.sandbox.mail.mails) + _problems_of_rows(rows, may_be_unknown=may_be_unknown)
    unknown = {row["booking_id"] for row in rows if row["state"] == NoticeState.UNKNOWN}
    for chain in _chains({row.booking_id: row.replaced_by for row in successors}):
        if not unknown & set(chain):
            found += _problems_of_meeting(stage, chain, [row for row in history if row.booking_id in chain])
    return found


def _told_twice(mails: list[EmailMessage]) -> list[str]:
    ids = Counter(str(one["Message-ID"]) for one in mails)
    news = Counter((str(one["To"]), str(event["uid"]), event["sequence"]) for one, (_, event) in _parsed(mails))
    twice = [f"{count} mails with {what}" for what, count in ids.items() if count > 1]
    return twice + [f"{count} mails with number {what[2]}" for what, count in news.items() if count > 1]


def _problems_of_rows(rows: list[dict[str, Any]], *, may_be_unknown: bool) -> list[str]:
    ends = (NoticeState.SENT, NoticeState.OVERTAKEN, *([NoticeState.UNKNOWN] * may_be_unknown))
    found = [f"a notice of {row['booking_id']} is {row['state']}" for row in rows if row["state"] not in ends]
    return found + [f"a notice of {row['booking_id']} keeps its text" for row in rows if row["payload"] is not None]


def _problems_of_meeting(stage: Stage, chain: list[str], history: list[Any]) -> list[str]:
    """Everybody's last mail says what stands, if anything but the first booking was ever recorded."""
    calendar = stage.sandbox.calendar.state
    booking = calendar.booking(chain[-1])
    is_moved = len({row.start_at for row in history if row.event in SHOWN_TIMES}) > 1
    is_canceled = booking["status"] == "canceled"
    if not (is_moved or is_canceled):
        return []
    uids = {calendar_uid(booking["workspace_id"], id_) for id_ in chain}
    people = [booking["host"], *(one for one in booking["invitees"] if one["status"] == "active")]
    wrong = []
    for person in people:
        mails = [one for one in stage.sandbox.mail.mails if person["email"].lower() in str(one["To"])]
        told = [(method, event) for _, (method, event) in _parsed(mails) if event["uid"] in uids]
        if not told:
            wrong.append(f"somebody was told nothing of {chain[-1]}")
            continue
        method, event = max(told, key=lambda one: int(one[1]["sequence"]))
        is_right = method == "CANCEL" if is_canceled else method == "REQUEST" and _starts(event, booking)
        wrong += [] if is_right else [f"the last mail about {chain[-1]} does not say what stands"]
    return wrong


def _starts(event: Any, booking: dict[str, Any]) -> bool:
    return bool(event.decoded("dtstart") == datetime.fromisoformat(booking["start_at"]))


def _chains(successors: dict[str, str | None]) -> list[list[str]]:
    """Return the bookings of each meeting, the newest last."""
    chains = []
    for first in successors.keys() - set(successors.values()):
        chain = [first]
        while (following := successors.get(chain[-1])) is not None:
            chain.append(following)
        chains.append(chain)
    return chains


def _parsed(mails: list[EmailMessage]) -> list[tuple[EmailMessage, tuple[str, Any]]]:
    return [(one, event_of(one)) for one in mails]
