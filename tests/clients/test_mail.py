"""Mail over SMTP against a real server: protected, logged in, and clear about what was taken."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from booking_sync.clients.mail import MailSecurity
from booking_sync.errors import NotSent, OutcomeUnknown, Refused
from tests.mail_sink import MailSink

MESSAGE = b"Subject: Hello\r\nTo: ada@example.com\r\n\r\n.one dot\r\n..two\r\n.\r\nend\r\n"
ADA = "ada@example.com"
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd knows STARTTLS only


@pytest.fixture(params=[MailSecurity.TLS, MailSecurity.STARTTLS])
def protected(request: pytest.FixtureRequest, certificate: Path) -> Iterator[tuple[MailSink, MailSecurity]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    security: MailSecurity = request.param
    # aiosmtpd connects to itself when it starts, without a look at the certificate
    with MailSink(tls=context, has_starttls=security is MailSecurity.STARTTLS, password="open sesame") as sink:
        yield sink, security


def test_a_mail_goes_over_a_protected_connection_after_the_login(
    protected: tuple[MailSink, MailSecurity], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, security = protected
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with sink.server(security, login="acme", password="open sesame").connect() as session:
        session.hand_in(MESSAGE, ADA)

    assert [to for _, [to] in sink.envelopes] == [ADA]


def test_a_server_that_cannot_prove_its_name_gets_nothing(protected: tuple[MailSink, MailSecurity]) -> None:
    sink, security = protected

    with pytest.raises(NotSent, match="SSLCertVerificationError"):
        sink.server(security, login="acme", password="open sesame").connect()
    with sink.server(security, login="acme", password="open sesame", is_verified=False).connect() as session:
        session.hand_in(MESSAGE, ADA)


def test_a_wrong_password_is_not_a_lost_mail(
    protected: tuple[MailSink, MailSecurity], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, security = protected
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with pytest.raises(NotSent, match="535") as refused:
        sink.server(security, login="acme", password="wrong").connect()

    assert "wrong" not in str(refused.value)


def test_a_server_without_starttls_gets_nothing_where_it_is_demanded() -> None:
    with MailSink() as sink, pytest.raises(NotSent, match="SMTPNotSupportedError"):
        sink.server(MailSecurity.STARTTLS).connect()


def test_lines_that_begin_with_a_dot_arrive_as_they_are() -> None:
    with MailSink() as sink, sink.server().connect() as session:
        session.hand_in(MESSAGE, ADA)

        assert sink.mails[0].get_content().splitlines() == [".one dot", "..two", ".", "end"]


@pytest.mark.parametrize(
    ("answer", "expected", "is_open"),
    [
        ("550 no", Refused, True),
        ("451 later", NotSent, True),
        ("421 closing", NotSent, False),
        ("take and cut", OutcomeUnknown, False),
        ("cut", OutcomeUnknown, False),
    ],
)
def test_what_is_answered_to_the_text_decides(answer: str, expected: type[Exception], *, is_open: bool) -> None:
    with MailSink() as sink, sink.server().connect() as session:
        sink.on_text = lambda _mail: answer
        with pytest.raises(expected) as failed:
            session.hand_in(MESSAGE, ADA)

        assert session.is_open is is_open
        assert ADA not in str(failed.value)


@pytest.mark.parametrize(("answer", "expected"), [("550 who?", Refused), ("450 busy", NotSent), ("cut", NotSent)])
def test_what_is_answered_to_a_recipient_decides(answer: str, expected: type[Exception]) -> None:
    with MailSink() as sink, sink.server().connect() as session:
        sink.on_recipient = lambda _address: answer
        with pytest.raises(expected):
            session.hand_in(MESSAGE, ADA)

        assert sink.mails == []


def test_after_a_refused_mail_the_same_connection_takes_others() -> None:
    answers: Iterator[str] = iter(["550 no"])
    refuse_once: Callable[[str], str] = lambda _address: next(answers, "250 OK")  # noqa: E731 - it has a type so
    with MailSink() as sink, sink.server().connect() as session:
        sink.on_recipient = refuse_once
        with pytest.raises(Refused):
            session.hand_in(MESSAGE, "bob@example.com")
        session.hand_in(MESSAGE, ADA)

        assert (len(sink.mails), sink.connections) == (1, 1)
