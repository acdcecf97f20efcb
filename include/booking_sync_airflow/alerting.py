"""Telling operators of trouble: by mail, and in the ways that an installation adds. Once for each, until it is over."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from booking_sync.services import Services
    from booking_sync.settings import Settings
    from booking_sync.store.alerts import Alert

MOST_LISTED = 50
"""How many alerts one message lists."""

LONGEST_SUBJECT = 200

log = logging.getLogger(__name__)

Target = Callable[[str, str, Mapping[str, Any]], None]
"""Takes a subject, a text in plain lines, and Airflow's context; raises where nobody could be told."""


@dataclass(frozen=True, slots=True)
class Line:
    """One alert, and the page where it is to be mended; ``remedy`` is what a person does there."""

    sentence: str
    remedy: str
    link: str


@dataclass(frozen=True, slots=True)
class Message:
    """What operators are told: several alerts at once."""

    subject: str
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The message in plain lines."""
        return "\n".join(f"- {line.sentence}\n  {line.link}" for line in self.lines)

    @property
    def html(self) -> str:
        """The message as a page."""
        items = (
            f'<li><bdi>{escape(line.sentence)}</bdi> <a href="{escape(line.link)}">{escape(line.remedy)}</a></li>'
            for line in self.lines
        )
        return _PAGE.format(items="\n".join(items))


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Booking sync</title></head>
<body style="font-family: sans-serif; line-height: 1.5; overflow-wrap: anywhere">
<ul>
{items}
</ul>
<p><small>This mail was sent automatically by the booking sync in Airflow. Each of these is told once, until it is
over.</small></p>
</body>
</html>
"""


Send = Callable[[Message, Mapping[str, Any]], None]


def alert_operators(services: Services, context: Mapping[str, Any]) -> list[str]:
    """Tell what is news, and return the sentences that reached nobody: they are for the colour of the run.

    Where nobody is to be told, the run is the alert, once. Where telling failed, whoever looks next tries again.
    """
    from booking_sync import alerts  # noqa: PLC0415 - DAG files and plugins must not pay for it

    own = own_targets(services.settings)
    news = alerts.news(services)
    if not news:
        return []
    sentences = [one.sentence for one in news]
    for sentence in sentences:
        log.warning("Alert: %s", sentence)
    targets = [*mail_targets(), *own]
    told = [_is_told(target, _message(news), context) for target in targets]
    if targets and not any(told):
        alerts.give_up(services, news)
        return sentences
    alerts.note_told(services, news)
    return [] if targets else sentences


def own_targets(settings: Settings) -> list[Send]:
    """Return the ways of telling operators that this installation has added.

    Raises:
        ConfigurationError: a function that the settings name is not there.
    """
    return [_adapted(_imported(path)) for path in settings.alert_callbacks]


def mail_targets() -> list[Send]:
    """Return the way by mail, if the mail server's connection says to whom."""
    from booking_sync_airflow.connections import extra_fields, optional_connection  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.mail_connection import SMTP_CONNECTION  # noqa: PLC0415 - DAG files and plugins must not pay for it

    connection = optional_connection(SMTP_CONNECTION)
    named = str(extra_fields(connection).get("alert_to") or "") if connection else ""
    to = [one.strip() for one in named.split(",") if one.strip()]
    return [lambda message, context: send_mail(to, message, context)] if to else []


def send_mail(to: Sequence[str], message: Message, context: Mapping[str, Any]) -> None:
    """Send a message through the connection ``smtp_default``, with Airflow's own notifier."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier  # noqa: PLC0415 - DAG files must not pay for it

    from booking_sync_airflow.mail_connection import SMTP_CONNECTION  # noqa: PLC0415 - DAG files must not pay for it

    notifier = SmtpNotifier(
        to=list(to),
        subject=message.subject,
        html_content=message.html,
        mime_subtype="alternative",
        custom_headers={"Auto-Submitted": "auto-generated"},  # RFC 3834: no out-of-office reply to this
        smtp_conn_id=SMTP_CONNECTION,
    )
    notifier.notify(context)  # type: ignore[arg-type]  # of a deadline it is a smaller one, and nothing of it is used


async def tell_operators_of_deadline(context: Mapping[str, Any]) -> None:
    """Look for trouble; Airflow's triggerer calls this when the watch has missed its deadline."""
    import asyncio  # noqa: PLC0415 - DAG files and plugins must not pay for it

    await asyncio.to_thread(tell_operators, context)


def tell_operators(context: Mapping[str, Any]) -> None:
    """Look for trouble where there is no run that could be red: what reaches nobody is left to the next run."""
    from booking_sync_airflow.steps import open_services  # noqa: PLC0415 - DAG files and plugins must not pay for it

    services = open_services()
    if own_targets(services.settings) or mail_targets():
        alert_operators(services, context)


def _imported(path: str) -> Target:
    from importlib import import_module  # noqa: PLC0415 - DAG files and plugins must not pay for it

    from booking_sync.errors import ConfigurationError  # noqa: PLC0415 - DAG files and plugins must not pay for it

    module, _, name = path.rpartition(".")
    try:
        target: Target = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise ConfigurationError(f"BOOKING_SYNC_ALERT_CALLBACKS: there is no function {path}.") from None
    return target


def _adapted(target: Target) -> Send:
    return lambda message, context: target(message.subject, message.text, context)


def _is_told(target: Send, message: Message, context: Mapping[str, Any]) -> bool:
    try:
        target(message, context)
    except Exception as error:  # noqa: BLE001 - one way that does not work must not keep the others from working
        log.error("An alert could not be sent: %s: %s", type(error).__name__, error)  # noqa: TRY400 - the trace says nothing more
        return False
    return True


def _message(news: Sequence[Alert]) -> Message:
    from booking_sync.plain_text import shorten  # noqa: PLC0415 - DAG files and plugins must not pay for it

    listed = tuple(Line(one.sentence, *remedy_of(one)) for one in news[:MOST_LISTED])
    more = len(news) - len(listed)
    subject = f"Booking sync: {news[0].sentence}" if len(news) == 1 else f"Booking sync: {len(news)} alerts"
    rest = (Line(f"… and {more} more.", "See all integrations", _page("/plugin/integrations")),) if more else ()
    return Message(shorten(subject, LONGEST_SUBJECT), listed + rest)


def remedy_of(alert: Alert) -> tuple[str, str]:
    """Return what a person does about it, and the page for that."""
    from urllib.parse import quote  # noqa: PLC0415 - DAG files and plugins must not pay for it

    from booking_sync.states import AlertKind  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.identity import REQUIRED_ACTIONS, SYNC_DAG_ID  # noqa: PLC0415 - DAG files and plugins must not pay for it

    workspace = quote(alert.subject.rpartition("@")[0], safe="")
    of_integration = f"/plugin/integrations/booking-sync/integrations/{workspace}"
    pages = {
        AlertKind.REFUSED: ("Approve or reject it", f"/{REQUIRED_ACTIONS}"),
        AlertKind.NO_RUN: ("See its runs", f"/dags/{SYNC_DAG_ID}"),
        AlertKind.UNANSWERED: ("See what waits", "/plugin/booking-sync"),
        AlertKind.RECONNECT: ("Connect it again", of_integration),
        AlertKind.STALE: ("See how it is going", of_integration),
    }
    remedy, path = pages[alert.kind]
    return remedy, _page(path)


def _page(path: str) -> str:
    from booking_sync_airflow.airflow_address import airflow_url  # noqa: PLC0415 - DAG files must not pay for it

    return airflow_url() + path
