"""A real SMTP server on loopback that keeps what it takes, and misbehaves on demand."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from icalendar import Calendar, Component

from booking_sync.clients.mail import MailSecurity, MailServer

SENDER = "calendar@acme.example"


class MailSink:
    """Use it as a context manager. ``mails`` are those that were taken, whatever the client was told."""

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, has_starttls: bool = False, password: str | None = None
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.connections = 0
        self.on_sender: Callable[[str], str] = lambda _address: "250 OK"
        self.on_recipient: Callable[[str], str] = lambda _address: "250 OK"
        """What is answered to an address; "cut" cuts the connection."""
        self.on_text: Callable[[EmailMessage], str] = lambda _mail: "250 OK"
        """What is answered to a mail; "cut" cuts the connection, "take and cut" after taking the mail."""
        self._password = password
        self._is_stopped = False
        extra: dict[str, Any] = {"tls_context": tls, "require_starttls": True} if tls and has_starttls else {}
        if password is not None:
            extra |= {"authenticator": self._log_in, "auth_required": True, "auth_require_tls": has_starttls}
        ssl_context = tls if tls and not has_starttls else None
        self._controller = Controller(
            self, hostname="127.0.0.1", port=_free_port(), ssl_context=ssl_context, ready_timeout=30, **extra
        )

    def __enter__(self) -> Self:
        self._controller.start()
        self.clear()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take no connection any more."""
        if not self._is_stopped:
            self._is_stopped = True
            self._controller.stop(no_assert=True)

    def clear(self) -> None:
        """Forget what was taken; the controller has tried the connection itself."""
        self.mails.clear()
        self.envelopes.clear()
        self.connections = 0

    def server(self, security: MailSecurity = MailSecurity.NONE, **fields: Any) -> MailServer:
        """Say how it is reached."""
        return MailServer("127.0.0.1", self._controller.port, SENDER, security=security, **fields)

    def mails_to(self, address: str) -> list[EmailMessage]:
        """Return what one person got, in order."""
        return [mail for mail in self.mails if mail["To"].addresses[0].addr_spec == address]

    # --- what aiosmtpd calls ------------------------------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.on_sender(address)
        if answer.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.on_recipient(address)
        if answer == "cut":
            server.transport.abort()
        elif answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        mail = message_from_bytes(bytes(envelope.content or b""), policy=default)
        answer = self.on_text(mail)
        if answer.startswith(("2", "take")):
            self.mails.append(mail)
            self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
        if answer.endswith("cut"):
            server.transport.abort()
        return answer

    def _log_in(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        is_right = data.password == str(self._password).encode()
        return AuthResult(success=is_right, handled=is_right)


def event_of(mail: EmailMessage) -> tuple[str, Component]:
    """Return method and event of a mail's iCalendar part, parsed by the library."""
    (part,) = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_payload(decode=True))
    (event,) = calendar.walk("VEVENT")
    assert part.get_param("method") == calendar["method"]
    return str(calendar["method"]), event


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
