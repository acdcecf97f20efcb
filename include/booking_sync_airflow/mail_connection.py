"""Airflow's connection ``smtp_default`` as a mail server, with the fields of Airflow's own SMTP provider.

Airflow's provider documentation, "SMTP connection": the extra field has ``from_email``, ``disable_ssl``,
``disable_tls`` and ``ssl_context``. Unlike there, a connection that is TLS from the start is not upgraded once more.
"""

from __future__ import annotations

from email.utils import parseaddr

from airflow.sdk import Connection

from booking_sync.clients.address import is_this_machine
from booking_sync.clients.mail import MailSecurity, MailServer, NoMailServer
from booking_sync.errors import ConfigurationError
from booking_sync.model import normalise_email
from booking_sync.notice import NamedAddress
from booking_sync_airflow.connections import extra_fields, optional_connection

SMTP_CONNECTION = "smtp_default"
PORTS = {MailSecurity.TLS: 465, MailSecurity.STARTTLS: 587, MailSecurity.NONE: 25}


def find_mail_server(connection_id: str = SMTP_CONNECTION) -> MailServer | NoMailServer:
    """Return where mail is handed in, or why nobody can be told anything. Nothing is sent or asked yet."""
    connection = optional_connection(connection_id)
    if connection is None:
        return NoMailServer(f"The connection {connection_id} is not set up.")
    try:
        extra = extra_fields(connection)
    except ConfigurationError as error:
        return NoMailServer(str(error))
    server = _server(connection, extra)
    wrong = _what_is_wrong(connection_id, server, extra)
    return server if wrong is None else NoMailServer(wrong)


def _server(connection: Connection, extra: dict[str, object]) -> MailServer:
    security = MailSecurity.TLS
    if extra.get("disable_ssl"):
        security = MailSecurity.NONE if extra.get("disable_tls") else MailSecurity.STARTTLS
    name, address = parseaddr(str(extra.get("from_email") or connection.login or ""))
    return MailServer(
        host=(connection.host or "").strip(),
        port=connection.port or PORTS[security],
        sender_email=_sender(address),
        sender_name=name,
        login=connection.login or "",
        password=connection.password or "",
        security=security,
        is_verified=extra.get("ssl_context") != "none",
    )


def _sender(address: str) -> str:
    """Return the address as mail servers take it; "" where there is none that they all take."""
    try:
        return NamedAddress(normalise_email(address) or "", "").on_the_wire.removeprefix("@")
    except ValueError:
        return ""


def _what_is_wrong(connection_id: str, server: MailServer, extra: dict[str, object]) -> str | None:
    if not server.host:
        return f"The connection {connection_id} has no host."
    if not server.sender_email:
        return f"The connection {connection_id} does not say from whom mails come: put from_email into its extra field."
    if extra.get("auth_type", "basic") != "basic":
        return f"The connection {connection_id} wants {extra['auth_type']}; only login and password are supported."
    if server.security is MailSecurity.NONE and server.password and not is_this_machine(server.host):
        return f"The connection {connection_id} would send its password in the clear: leave SSL or TLS on."
    return None
