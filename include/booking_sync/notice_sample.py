"""A notice as people would get it, for the page on which it is switched on. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from booking_sync.model import Booking
from booking_sync.notice import NamedAddress, News, calendar_uid, notices_of
from booking_sync.notice_mail import notice_mail
from booking_sync.states import NoticeKind

SOMEBODY = NamedAddress("notices@example.com", "")
"""Nothing is sent, so it does not matter from whom."""


@dataclass(frozen=True, slots=True)
class NoticeSample:
    """Subject and text of a mail."""

    subject: str = field(repr=False)
    text: str = field(repr=False)


def notice_sample(booking: Booking, *, at: datetime) -> NoticeSample | None:
    """Return what the last person concerned, an invitee if there is one, would be told; None: nobody has an address."""
    news = News(NoticeKind.RESCHEDULED, booking, None)
    uid = calendar_uid(booking.workspace_id, booking.id)
    notices = list(notices_of(news, uid=uid, sequence=1, at=at))
    if not notices:
        return None
    mail = notice_mail(notices[-1], SOMEBODY, message_id="sample")
    body = mail.get_body(("plain",))
    return NoticeSample(str(mail["Subject"]), "" if body is None else str(body.get_content()).strip())
