"""The connection ``smtp_default`` that leads to a mail server of the tests."""

from __future__ import annotations

import json

from tests.mail_sink import SENDER, MailSink


def smtp_connection(sink: MailSink, *operators: str) -> str:
    """Return it as an environment variable holds it; the operators get alerts."""
    extra = {"disable_tls": True, "disable_ssl": True, "from_email": SENDER, "retry_limit": 1, "timeout": 10}
    port = sink.server().port
    to = {"alert_to": ", ".join(operators)} if operators else {}
    return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra | to})
