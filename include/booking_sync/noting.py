"""Noting down what people have to be told, in the transaction that records the change that it is about (M1).

What is news is read off the mapping: what it says until now, against what it is about to say. So a change that is
recorded once is told once, whichever way its record came about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from booking_sync.clients.mail import MailServer
from booking_sync.model import Booking
from booking_sync.notice import News, Notice, calendar_uid, dump_notice, is_over, news_of, notices_of
from booking_sync.notice_counts import WITHOUT_SERVER
from booking_sync.states import NoticeKind, RecordedState
from booking_sync.store import contact_links, mappings, notices, part_figures
from booking_sync.store.changes import StoredChange
from booking_sync.store.encryption import email_hash
from booking_sync.store.notices import NewNotice, Told
from booking_sync.window import BACKFILL
from booking_sync.work import Work

Recording = Sequence[tuple[StoredChange, Booking]]
"""Changes that are about to be recorded, each with its booking."""


def note_news(work: Work, connection: Connection, recording: Recording, at: datetime) -> None:
    """Put into the outbox what these records mean to people; call it before the mapping is changed.

    Newer news overtakes what still waits to be told of the same meeting, and so does a cancellation that is undone.
    """
    if not work.settings.notify:
        return
    former_ids = {stored.id: stored.old_booking_id or booking.id for stored, booking in recording}
    before = mappings.load_recorded(connection, work.integration.id, former_ids.values())
    told: list[tuple[StoredChange, News]] = []
    outdated: set[str] = set()
    for stored, booking in recording:
        former = before.get(former_ids[stored.id])
        news = news_of(booking, former, is_successor=stored.old_booking_id is not None)
        if news is not None or (former is not None and former.state is RecordedState.CANCELED):
            outdated |= {booking.id, former_ids[stored.id]}
        if news is not None and _is_told(work, news, at):
            told.append((stored, news))
    notices.overtake(connection, work.integration.id, outdated, at=at)
    if told and isinstance(work.services.mail_server(), MailServer):
        _put_out(work, connection, told, at)
    elif told:
        part_figures.add_counts(connection, work.run.id, work.integration.id, {WITHOUT_SERVER: len(told)})


def _is_told(work: Work, news: News, at: datetime) -> bool:
    """Say whether people want to hear of it.

    Not of what was before the integration was connected (K5), not when the meeting is over, and not of cancellations
    that a backfill passes on as history.
    """
    is_history = news.booking.updated_at < work.integration.connected_at
    is_backfilled = work.run.run_type == BACKFILL and news.former is None
    return not (is_history or is_backfilled or is_over(news.booking, at))


def _put_out(work: Work, connection: Connection, told: Sequence[tuple[StoredChange, News]], at: datetime) -> None:
    salt = contact_links.installation_salt(connection, work.services.vault)
    ids = {id_ for stored, _ in told for id_ in (stored.booking_id, stored.old_booking_id) if id_}
    known = notices.told_of(connection, work.integration.id, ids)
    new = [one for stored, news in told for one in _new_notices(work, stored, news, known, salt, at)]
    notices.insert_notices(connection, work.integration.id, new, at=at)


def _new_notices(
    work: Work, stored: StoredChange, news: News, known: dict[str, Told], salt: bytes, at: datetime
) -> Iterator[NewNotice]:
    """Yield a notice for each person. A meeting keeps its identity when it comes as a new booking (R2)."""
    booking = news.booking
    first_id = stored.old_booking_id or booking.id
    last = known.get(booking.id) or known.get(first_id) or Told(calendar_uid(booking.workspace_id, first_id), 0)
    for one in notices_of(news, uid=last.uid, sequence=last.sequence + 1, at=at):
        hashed = email_hash(salt, one.recipient.email)
        yield NewNotice(
            id=notice_id(work.integration.id, booking, news.kind, hashed),
            booking_id=booking.id,
            booking_version=booking.version,
            change_id=stored.id,
            kind=news.kind,
            role=_role(one),
            email_hash=hashed,
            calendar_uid=one.uid,
            sequence=one.sequence,
            meeting_ends_at=booking.end_at,
            payload=work.services.vault.encrypt(dump_notice(one)),
        )


def notice_id(integration_id: str, booking: Booking, kind: NoticeKind, hashed: str) -> str:
    """Return the identity of one mail: the same change tells the same person once, whoever works it out again."""
    identity = json.dumps([integration_id, booking.id, booking.version, kind, hashed], separators=(",", ":"))
    return sha256(identity.encode("ascii")).hexdigest()


def _role(one: Notice) -> str:
    return "host" if one.is_host else "invitee"
