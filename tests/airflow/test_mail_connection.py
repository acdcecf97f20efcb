"""The connection ``smtp_default`` as a mail server, or the sentence that says what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from booking_sync.clients.mail import MailSecurity, MailServer, NoMailServer
from booking_sync_airflow.mail_connection import find_mail_server

ADDRESS = {"from_email": "calendar@acme.example"}


def set_connection(monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any] | str = "", **fields: Any) -> None:
    value = {"conn_type": "smtp", "host": "mail.example", **fields, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(value))


def test_without_the_connection_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)

    assert find_mail_server() == NoMailServer("The connection smtp_default is not set up.")


@pytest.mark.parametrize(
    ("extra", "security", "port"),
    [
        ({}, MailSecurity.TLS, 465),
        ({"disable_tls": True}, MailSecurity.TLS, 465),
        ({"disable_ssl": True}, MailSecurity.STARTTLS, 587),
        ({"disable_ssl": True, "disable_tls": True}, MailSecurity.NONE, 25),
    ],
)
def test_the_way_is_protected_unless_both_are_switched_off(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any], security: MailSecurity, port: int
) -> None:
    set_connection(monkeypatch, {**ADDRESS, **extra})
    found = find_mail_server()

    assert isinstance(found, MailServer)
    assert (found.security, found.port, found.is_verified) == (security, port, True)


def test_all_fields_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"from_email": "Acme Calendar <calendar@acme.example>", "ssl_context": "none"}
    set_connection(monkeypatch, extra, port=2465, login="acme", password="secret")

    assert find_mail_server() == MailServer(
        "mail.example", 2465, "calendar@acme.example", "Acme Calendar", "acme", "secret", is_verified=False
    )
    assert "secret" not in repr(find_mail_server())


def test_mails_come_from_the_login_where_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    set_connection(monkeypatch, login="calendar@acme.example", password="secret")
    found = find_mail_server()

    assert isinstance(found, MailServer)
    assert found.sender_email == "calendar@acme.example"


def test_a_sender_with_an_international_domain_is_one_for_every_server(monkeypatch: pytest.MonkeyPatch) -> None:
    set_connection(monkeypatch, {"from_email": "Acme <calendar@Bücher.example>"})
    found = find_mail_server()

    assert isinstance(found, MailServer)
    assert found.sender_email == "calendar@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("extra", "fields", "words"),
    [
        (ADDRESS, {"host": ""}, "has no host"),
        ({}, {}, "put from_email"),
        ({"from_email": "nobody"}, {}, "put from_email"),
        ({"from_email": "jürgen@acme.example"}, {}, "put from_email"),
        ({**ADDRESS, "auth_type": "oauth2"}, {}, "wants oauth2"),
        ({**ADDRESS, "disable_ssl": True, "disable_tls": True}, {"login": "a", "password": "b"}, "in the clear"),
        ("{", {}, "must be a JSON object"),
    ],
)
def test_what_is_wrong_with_it_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any] | str, fields: dict[str, Any], words: str
) -> None:
    set_connection(monkeypatch, extra, **fields)
    found = find_mail_server()

    assert isinstance(found, NoMailServer)
    assert words in found.why


def test_a_password_may_go_unprotected_to_this_very_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {**ADDRESS, "disable_ssl": True, "disable_tls": True}
    set_connection(monkeypatch, extra, host="127.0.0.1", login="a", password="b")

    assert isinstance(find_mail_server(), MailServer)
