"""Sending what the outbox holds, each mail at most once (M1).

Before a mail is handed over, that is committed; right after the server's answer, what came of it. What the server has
certainly not taken waits for the next run. A mail whose answer was lost, or over which a worker died, is never sent
again: SMTP cannot be asked, and nobody is to get the same news twice.

Nothing here holds the sync up: a mail that fails is counted and told, and no error of a mail server comes out of here.
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta

from sqlalchemy import Connection

from booking_sync.clients.mail import MailServer, MailSession
from booking_sync.errors import BookingSyncError, Fenced, LeaseHeld, NotSent, OutcomeUnknown, Refused
from booking_sync.log_line import log_line
from booking_sync.notice import NamedAddress, load_notice
from booking_sync.notice_counts import count_name
from booking_sync.services import Services
from booking_sync.shard import for_each_integration, load_due
from booking_sync.states import NoticeState, RunState
from booking_sync.store import notices, part_figures, runs, work_left
from booking_sync.store.database import reading
from booking_sync.store.runs import IntegrationRun
from booking_sync.work import Work

logger = logging.getLogger(__name__)

NEWS_HOURS = 24
"""How long a mail server may refuse to take a notice before nobody wants to read it any more."""

TURN_SECONDS = 60.0
"""How long one integration's mails may take in one run; the others wait for the next."""

MOST_MAILS = 2_000
"""How many mails of one integration a run looks at."""

MOST_CONNECTIONS = 3
"""How often a run connects to a mail server that goes away."""


def tell(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Send what waits for the integrations of a shard, and return how many mails came to which end.

    Integrations without anything to tell cost one query together. One that another run works on is left to that run.
    """
    with reading(services.engine) as connection:
        ids = work_left.integrations_to_tell(connection)
        is_dry_run = bool(ids) and runs.load_run(connection, run_id).is_dry_run
    if not ids or is_dry_run:
        return {}
    try:
        due = load_due(services, run_id, shard, {RunState.PLANNED, RunState.STOPPED}).among(ids)
        return for_each_integration(services, due, "notices", _tell_one)
    except (LeaseHeld, Fenced) as busy:
        logger.info(log_line("notices left to another run", run=run_id, why=busy))
        return {}


def wipe_old_notices(connection: Connection, at: datetime) -> None:
    """Wipe notices that no run has come to, because their integration rests."""
    notices.wipe_old(connection, noted_before=at - timedelta(hours=2 * NEWS_HOURS), at=at)


def _tell_one(work: Work, _part: IntegrationRun) -> dict[str, int]:
    """Send the mails of one integration; only the database and the lease may end it with an error."""
    counts = _tidied(work)
    try:
        server = work.services.mail_server()
        if isinstance(server, MailServer):
            counts.update(_Sending(work, server).all_waiting())
    except BookingSyncError:
        raise
    except Exception as error:  # noqa: BLE001 - a mistake of ours with mails must not make the sync fail
        where = "".join(traceback.format_tb(error.__traceback__))  # without the message: it may quote people
        line = log_line("notices stopped", run=work.run.id, integration=work.integration.id, error=type(error).__name__)
        logger.error("%s\n%s", line, where)  # noqa: TRY400 - exception() would log the message too
    with work.recording() as (connection, _):
        counts[NoticeState.WAITING] = notices.count_waiting(connection, work.integration.id)
        named = {count_name(state): count for state, count in counts.items() if count}
        part_figures.add_counts(connection, work.run.id, work.integration.id, named)
    return named


def _tidied(work: Work) -> Counter[NoticeState]:
    """End what can no longer be sent."""
    integration_id = work.integration.id
    with work.recording() as (connection, at):
        unknown = notices.settle_interrupted(connection, integration_id, at=at)
        expired = notices.expire(connection, integration_id, noted_before=at - timedelta(hours=NEWS_HOURS), at=at)
        if not work.settings.notify:
            notices.overtake_all(connection, integration_id, at=at)
    return Counter({NoticeState.UNKNOWN: unknown, NoticeState.EXPIRED: expired})


class _Sending:
    """One integration's mails in one run, over as few connections as the server allows."""

    def __init__(self, work: Work, server: MailServer) -> None:
        self._work = work
        self._server = server
        self._sender = NamedAddress(server.sender_email, server.sender_name)
        self._connections = 0
        self._ends_at = work.services.clock() + timedelta(seconds=TURN_SECONDS)

    def all_waiting(self) -> Counter[NoticeState]:
        """Send everything that waits, each once, until the server gives up or the turn is over."""
        counts: Counter[NoticeState] = Counter()
        with reading(self._work.services.engine) as connection:
            ids = notices.waiting_ids(connection, self._work.integration.id, most=MOST_MAILS)
        with ExitStack() as connections:
            session: MailSession | None = None
            for notice_id in ids:
                if session is None or not session.is_open:
                    session = self._connected(connections)
                if session is None or self._work.services.clock() >= self._ends_at:
                    break
                if (ended := self._sent(session, notice_id)) is not None:
                    counts[ended] += 1
        return counts

    def _connected(self, connections: ExitStack) -> MailSession | None:
        """Connect, or connect again; None where the mail server is not there for us now."""
        if self._connections >= MOST_CONNECTIONS:
            return None
        self._connections += 1
        try:
            return connections.enter_context(self._server.connect())
        except NotSent as failed:
            ids = {"run": self._work.run.id, "integration": self._work.integration.id}
            logger.warning(log_line("notices wait", **ids, why=failed))
            return None

    def _sent(self, session: MailSession, notice_id: str) -> NoticeState | None:
        """Send one mail; return how that ended, None where it waits again or newer news came first."""
        with self._work.recording() as (connection, _):
            payload = notices.claim(connection, notice_id)
        if payload is None:
            return None
        try:
            session.hand_in(*self._written(notice_id, payload))
        except NotSent as failed:
            with self._work.recording() as (connection, _):
                notices.put_back(connection, notice_id, str(failed.code))
            return None
        except OutcomeUnknown as lost:
            return self._ended(notice_id, NoticeState.UNKNOWN, str(lost.code))
        except Refused as refused:
            return self._ended(notice_id, NoticeState.REFUSED, str(refused.code))
        return self._ended(notice_id, NoticeState.SENT, None)

    def _ended(self, notice_id: str, state: NoticeState, error_code: str | None) -> NoticeState:
        with self._work.recording() as (connection, at):
            notices.end(connection, notice_id, state, at=at, error_code=error_code)
        return state

    def _written(self, notice_id: str, payload: bytes) -> tuple[bytes, str]:
        """Return the mail, and the address that it goes to.

        Raises:
            Refused: it cannot be written as a mail, which the next run would not change.
        """
        from booking_sync.notice_mail import notice_mail  # noqa: PLC0415 - tasks without mails must not pay for it

        notice = load_notice(self._work.services.vault.decrypt(payload))
        try:
            mail = notice_mail(notice, self._sender, message_id=notice_id)
            return mail.as_bytes(), mail["To"].addresses[0].addr_spec
        except Exception as error:  # noqa: BLE001 - whatever people typed, the others get their mails (W6)
            code = f"CANNOT_BE_WRITTEN {type(error).__name__}"
            raise Refused("The notice cannot be written as a mail.", code=code) from None
