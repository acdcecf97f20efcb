"""A notice as a mail: text, HTML and iCalendar as alternatives of one another (M1).

What people typed reaches the headers in one line and without control characters, and the ``email`` package encodes
it; it refuses a line break by itself. HTML is escaped by the template engine.
"""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from booking_sync.bounded_html import web_address
from booking_sync.notice import NamedAddress, Notice
from booking_sync.notice_calendar import METHODS, notice_calendar
from booking_sync.plain_text import shorten
from booking_sync.states import NoticeKind
from booking_sync.time_span import span_in_utc, span_in_zone, zone_named

LONGEST_SUBJECT_PART = 150

SUBJECTS = {NoticeKind.RESCHEDULED: "Rescheduled", NoticeKind.CANCELED: "Canceled"}
NEW_HOST = "New host"

HEADLINES = {
    NoticeKind.RESCHEDULED: "This meeting has been rescheduled.",
    NoticeKind.CANCELED: "This meeting has been canceled.",
}
NEW_HOST_HEADLINE = "This meeting has a new host. Its time stays the same."

CANCELERS = {"host": "by the host", "invitee": "by the invitee"}

UTC_NAMES = frozenset({"UTC", "Etc/UTC"})

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f].*[^\x00-\x7f]")

LONGEST_ENCODED_NAME = 40
"""How many bytes of a name beyond ASCII fit into one encoded word (RFC 2047) for certain."""


def notice_mail(notice: Notice, sender: NamedAddress, *, message_id: str) -> EmailMessage:
    """Return the mail. The same notice has the same ``message_id`` however often it is tried.

    So mail servers and programs that get it twice can tell.

    Raises:
        ValueError: an address cannot be written in a mail.
    """
    mail = EmailMessage(policy=SMTP)
    what = NEW_HOST if notice.is_only_host_new else SUBJECTS[notice.kind]
    mail["Subject"] = _foldable(f"{what}: {shorten(notice.title, LONGEST_SUBJECT_PART)}")
    mail["From"] = _header_address(sender)
    mail["To"] = _header_address(notice.recipient)
    if notice.host_email and not notice.is_host:
        mail["Reply-To"] = _header_address(NamedAddress(notice.host_email, notice.host_name))
    mail["Date"] = notice.noted_at
    mail["Message-ID"] = f"<{message_id}@{sender.email.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply to this
    texts = _texts(notice)
    mail.set_content(_environment().get_template("notice.txt").render(texts), cte="quoted-printable")
    mail.add_alternative(_environment().get_template("notice.html").render(texts), "html", cte="quoted-printable")
    mail.add_alternative(notice_calendar(notice, sender), "calendar", cte="base64")
    *_, calendar = mail.iter_parts()
    calendar.set_param("method", METHODS[notice.kind])
    return mail


def _texts(notice: Notice) -> dict[str, object]:
    names = [one.name or one.email for one in notice.people]
    is_canceled = notice.kind is NoticeKind.CANCELED
    return {
        "headline": NEW_HOST_HEADLINE if notice.is_only_host_new else HEADLINES[notice.kind],
        "event_name": notice.title,
        "when_label": "Was to take place:" if is_canceled else "New time:" if notice.former_start_at else "When:",
        "when": _when(notice),
        "former": _former(notice),
        "with_whom": ", ".join(names) if notice.is_host else notice.host_name or notice.host_email or "",
        "left_out": notice.people_left_out,
        "location": "" if is_canceled or notice.location == notice.join_url else notice.location,
        "join_url": "" if is_canceled else web_address(notice.join_url) or "",
        "canceler": CANCELERS.get(notice.canceled_by, "") if is_canceled else "",
        "reason": notice.cancel_reason if is_canceled else "",
    }


def _when(notice: Notice) -> list[str]:
    """Return the time in the person's zone, where it is known, and in UTC."""
    zone = _own_zone(notice)
    local = [span_in_zone(notice.start_at, notice.end_at, zone)] if zone else []
    return [*local, span_in_utc(notice.start_at, notice.end_at)]


def _former(notice: Notice) -> str:
    if notice.former_start_at is None or notice.former_end_at is None:
        return ""
    zone = _own_zone(notice)
    if zone is None:
        return span_in_utc(notice.former_start_at, notice.former_end_at)
    return span_in_zone(notice.former_start_at, notice.former_end_at, zone)


def _own_zone(notice: Notice) -> ZoneInfo | None:
    """Return the person's zone where it is known, and is not UTC, which is told anyway."""
    zone = zone_named(notice.time_zone)
    return None if zone is None or zone.key in UTC_NAMES else zone


def _header_address(person: NamedAddress) -> Address:
    """Return the address for a header, without a name that Python 3.11 would garble: it does where it has to fold one.

    Raises:
        ValueError: it cannot be written in a mail.
    """
    is_safe = person.name.isascii() or len(person.name.encode()) <= LONGEST_ENCODED_NAME
    return Address(display_name=person.name if is_safe else "", addr_spec=person.on_the_wire)


def _foldable(text: str) -> str:
    """Return the text with spaces that survive: Python 3.11 loses a plain one between two encoded words (gh-92081)."""
    return _BEYOND_ASCII.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), text)


@cache
def _environment() -> Environment:
    """Return the one Jinja environment of this process; a name that a template is not given is an error."""
    return Environment(
        loader=PackageLoader("booking_sync"),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
