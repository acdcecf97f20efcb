"""Values that must come out nowhere, one for every field that can hold one, and a way to look for them everywhere."""

from __future__ import annotations

import base64
import html
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from proof.postgres_programs import find_binaries
from sqlalchemy import inspect, make_url, text

from booking_sync.store.database import connect_database

SECRETS = {
    "Calendar.com's API key": "cal-canary-KEY-4f1d9a",
    "HubSpot's service key": "pat-na1-canary-KEY-77c2e0",
    "the OAuth client secret": "canary-CLIENT-SECRET-9b3a",
    "the secret key": "canary-SECRET-KEY-of-this-installation-51",
    "the retired secret key": "canary-SECRET-KEY-that-was-rotated-out-52",
    "the mail server's password": "canary-MAIL-PASSWORD-b0d1",
    "the database's password": "canary-DATABASE-PASSWORD-77",
}

INVITEE = {
    "id": "in_c1",
    "name": "Canarina Piepmatz",
    "first_name": "Canarina",
    "last_name": "Piepmatz",
    "email": "canarina.piepmatz@canary-mail.example",
    "phone": "+49 1555 4420517",
    "time_zone": "Europe/Berlin",
}
GUEST = "canary.guest@canary-guests.example"
REFUSED = "refused.canary@canary-refused.example"
BROKEN = "broken.canary@canary-broken.example"
HOST = {"id": "us_c1", "name": "Hortensia Vogelhaus", "email": "hortensia@canary-hosts.example"}
ANSWERS = [
    {"question_id": "q_1", "question": "What is it about?", "answer": "answer-canary: my salary"},
    {"question_id": "q_2", "question": "Which topics?", "answer": ["choice-canary one", "choice-canary two"]},
]
TEXTS = {
    "description": "note-canary: please call the back door",
    "location": {"kind": "address", "value": "street-canary 12", "join_url": "https://meet.example/join-canary"},
    "tracking": {"utm_source": "utm-canary"},
}
REASON = "reason-canary: my mother is ill"

OF_INVITEES = {
    "name": "piepmatz",
    "first name": "canarina",
    "address": "canary-mail.example",
    "phone": "4420517",
    "guest": "canary-guests.example",
    "refused address": "canary-refused.example",
    "broken address": "canary-broken.example",
    "answer": "answer-canary",
    "choice": "choice-canary",
    "note": "note-canary",
    "street": "street-canary",
    "join link": "join-canary",
    "campaign": "utm-canary",
    "reason": "reason-canary",
}
OF_HOSTS = {"host": "vogelhaus", "host's first name": "hortensia", "host's address": "canary-hosts.example"}


def a_booking() -> dict[str, Any]:
    """Return the fields of a booking with a canary in each that a person can fill."""
    return {"host": HOST, "invitees": [INVITEE], "guests": [GUEST], "answers": ANSWERS, **TEXTS}


def broken_bookings() -> list[dict[str, Any]]:
    """Return bookings that cannot be understood, each with canaries where something else is expected."""
    whole = {
        "status": "scheduled",
        "version": 1,
        "event": {"id": "ev", "name": "Intro"},
        "start_at": "2026-12-01T10:00:00Z",
        "end_at": "2026-12-01T10:30:00Z",
        "created_at": "2026-11-01T10:00:00Z",
        "host": HOST,
        "invitees": [{**INVITEE, "email": BROKEN}],
    }
    return [
        {**whole, "id": "bk_broken_1", "start_at": BROKEN},
        {**whole, "id": "bk_broken_2", "invitees": [{**INVITEE, "answers": {"answer-canary": BROKEN}}]},
        {**whole, "id": "bk_broken_3", "status": REASON, "version": BROKEN},
        {**whole, "id": "bk_broken_4", "invitees": BROKEN, "host": [BROKEN]},
    ]


def echo(status_code: str = "VALIDATION_ERROR") -> str:
    """Return an error of HubSpot's that repeats what it was sent, as HubSpot's do."""
    said = f"Email address {INVITEE['email']} of {INVITEE['name']} is invalid; {TEXTS['description']}"
    inner = {"message": said, "code": "INVALID_EMAIL", "context": {"email": [INVITEE["email"]]}}
    return json.dumps({"status": "error", "category": status_code, "message": said, "errors": [inner]})


def found(what: Iterable[tuple[str, str]], where: str) -> list[str]:
    """Return the names of the canaries that a text holds, in any letter case and in the usual encodings."""
    haystack = where.lower()
    return sorted({name for name, canary in what for spelled in _spellings(canary) if spelled.lower() in haystack})


def _spellings(canary: str) -> set[str]:
    encoded = {base64.b64encode(canary.encode()[offset:]).decode().rstrip("=")[1:-2] for offset in range(3)}
    return {canary, quote(canary, safe=""), quote_plus(canary), html.escape(canary), *encoded}


def dump(database_url: str) -> str:
    """Return everything in a database: each value as text, and what its own means of backup write."""
    engine = connect_database(database_url)
    names = inspect(engine).get_table_names()
    with engine.connect() as connection:
        rows = [row for name in names for row in connection.execute(text(f'SELECT * FROM "{name}"'))]  # noqa: S608 - table names of our own
    engine.dispose()
    backup = _files(database_url) if engine.dialect.name == "sqlite" else _pg_dump(database_url)
    assert backup
    return "\n".join([backup, *(_as_text(value) for row in rows for value in row)])


def read_files(folder: Path) -> str:
    """Return all files below a folder, whatever is in them."""
    return "\n".join(path.read_bytes().decode("latin-1") for path in sorted(folder.rglob("*")) if path.is_file())


def _files(database_url: str) -> str:
    """Read the file with its journal, so what was deleted and not yet overwritten is looked at too."""
    path = Path(str(make_url(database_url).database))
    return "\n".join(one.read_bytes().decode("latin-1") for one in path.parent.glob(f"{path.name}*"))


def _pg_dump(database_url: str) -> str:
    binaries, url = find_binaries(), make_url(database_url)
    assert binaries is not None
    command = [str(binaries / "pg_dump"), "-h", str(url.query["host"]), "-U", "tests", str(url.database)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own command


def _as_text(value: object) -> str:
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
