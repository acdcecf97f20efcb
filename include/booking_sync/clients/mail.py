"""Mail over SMTP: strict about what a mail server took, silent about what was said and to whom.

SMTP has no way to ask later whether a mail was taken. So it is decided step by step: until the text of the mail is on
its way nothing has been taken; after that only the server's answer counts, and where that is lost nobody knows.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

from booking_sync.boundary import Act, Moment, reach
from booking_sync.errors import NotSent, OutcomeUnknown, Refused

STEP_SECONDS = 15.0
"""How long one answer may take. Less than ten answers come between two looks at the lease, which lasts longer."""

_DONE = 250
_WAITING_FOR_TEXT = 354
_CLOSING = 421
_WILL_FORWARD = 251
_FIRST_FINAL = 500

_DOT_AT_LINE_START = re.compile(rb"(?m)^\.")


class MailSecurity(StrEnum):
    """How the way to the mail server is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class NoMailServer:
    """Why no mail can be sent, in a sentence for the operator."""

    why: str = "The connection smtp_default is not set up."


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and from whom it comes. ``is_verified``: the server has to prove its name."""

    host: str
    port: int
    sender_email: str
    sender_name: str = ""
    login: str = ""
    password: str = field(default="", repr=False)
    security: MailSecurity = MailSecurity.TLS
    is_verified: bool = True

    def connect(self) -> MailSession:
        """Open a connection that takes mails, until the end of a ``with`` block.

        Raises:
            NotSent: the server cannot be reached, does not protect the connection, or refuses the login.
        """
        try:
            return MailSession(_logged_in(self), self.sender_email)
        except smtplib.SMTPResponseException as refused:
            raise NotSent(
                f"The mail server {self.host} refuses the connection or the login ({refused.smtp_code}).",
                status=refused.smtp_code,
                code="REFUSED_BEFORE_MAIL",
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(
                f"The mail server {self.host} cannot be used ({type(error).__name__}).", code=type(error).__name__
            ) from None


class MailSession:
    """One connection to a mail server, for one mail after the other. Not shared between threads."""

    def __init__(self, smtp: smtplib.SMTP, sender_email: str) -> None:
        self._smtp = smtp
        self._sender = sender_email
        self.is_open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(smtplib.SMTPException, OSError):
            self._smtp.quit()
        self._smtp.close()

    def hand_in(self, message: bytes, recipient: str) -> None:
        """Hand one mail in for one person.

        Raises:
            Refused: the server will not take this mail, or none for this person.
            NotSent: the server has certainly not taken it; ``is_open`` says whether it may take others.
            OutcomeUnknown: the mail was handed over, and the answer was lost.
        """
        reach(Act.REQUEST, Moment.BEFORE)
        failure: Refused | NotSent | OutcomeUnknown | None = None
        try:
            self._envelope(recipient)
            self._text(message)
        except (Refused, NotSent, OutcomeUnknown) as failed:
            failure = failed
        reach(Act.REQUEST, Moment.AFTER)
        if failure is not None:
            raise failure

    def _envelope(self, recipient: str) -> None:
        """Say from whom and to whom, and ask to hand the text over: nothing has been taken yet."""
        try:
            sender = self._smtp.mail(self._sender)
            taker = self._smtp.rcpt(recipient) if sender[0] == _DONE else sender
            ready = self._smtp.docmd("DATA") if taker[0] in (_DONE, _WILL_FORWARD) else taker
        except (smtplib.SMTPException, OSError) as error:
            self.is_open = False
            raise NotSent("The mail server went away before it took the mail.", code=type(error).__name__) from None
        if sender[0] != _DONE:
            self.is_open = False  # it takes no mail from us, to whomever
            raise NotSent(f"The mail server does not take mail from our sender ({sender[0]}).", status=sender[0])
        if ready[0] != _WAITING_FOR_TEXT:
            self._forget(ready[0])

    def _text(self, message: bytes) -> None:
        """Hand the text over. From here on nobody knows until the server says so."""
        try:
            self._smtp.send(_DOT_AT_LINE_START.sub(b"..", message.removesuffix(b"\r\n")) + b"\r\n.\r\n")
            code, _ = self._smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self.is_open = False
            raise OutcomeUnknown("The mail server's answer was lost.", code=type(error).__name__) from None
        if code != _DONE:
            self._forget(code)

    def _forget(self, code: int) -> None:
        """Give a mail up that the server has refused, and say whether for good."""
        if code in (_CLOSING, -1):
            self.is_open = False
        else:
            try:
                self._smtp.rset()
            except (smtplib.SMTPException, OSError):
                self.is_open = False
        if code >= _FIRST_FINAL:
            raise Refused(f"The mail server refused the mail ({code}).", status=code, code=str(code))
        raise NotSent(f"The mail server does not take the mail now ({code}).", status=code, code=str(code))


def _logged_in(server: MailServer) -> smtplib.SMTP:
    """Connect, protect the connection as demanded, and log in."""
    context = ssl.create_default_context()
    if not server.is_verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    smtp: smtplib.SMTP = (
        smtplib.SMTP_SSL(server.host, server.port, timeout=STEP_SECONDS, context=context)
        if server.security is MailSecurity.TLS
        else smtplib.SMTP(server.host, server.port, timeout=STEP_SECONDS)
    )
    try:
        smtp.ehlo()
        if server.security is MailSecurity.STARTTLS:
            smtp.starttls(context=context)
            smtp.ehlo()
        if server.login and server.password:
            smtp.login(server.login, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp
