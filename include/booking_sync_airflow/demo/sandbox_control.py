"""The sandbox as the demo drives it: from outside, by its control endpoints."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

_TIMEOUT_SECONDS = 30.0
_MOVED = 3
_CANCELLED = 2
CONNECTED_WORKSPACE, CONNECTED_NAME = "ws_acme", "Acme Sales"
"""The workspace that the demo connects by itself, to the sandbox's first portal; the others are left to people."""


@dataclass(frozen=True, slots=True)
class SandboxControl:
    """Addresses and keys of a running sandbox; the names are those of its ready file."""

    calendar_url: str
    calendar_page: str
    api_key: str
    hubspot_url: str
    hubspot_page: str
    service_key: str
    portal_id: int
    authorize_url: str
    client_id: str
    client_secret: str

    @classmethod
    def from_ready_file(cls, file: Path) -> SandboxControl:
        """Read what the sandbox wrote once it served."""
        return cls(**json.loads(file.read_text()))

    def connections(self) -> list[dict[str, Any]]:
        """Return the two Airflow connections that lead here: to HubSpot by the OAuth app, for any number of portals."""
        extra = {"client_secret": self.client_secret, "authorize_url": self.authorize_url}
        return [
            {
                "connection_id": "calendar_default",
                "conn_type": "calendar",
                **_host_and_port(self.calendar_url),
                "password": self.api_key,
            },
            {
                "connection_id": "hubspot_default",
                "conn_type": "hubspot",
                **_host_and_port(self.hubspot_url),
                "login": self.client_id,
                "extra": json.dumps(extra),
            },
        ]

    def hubspot_writes(self) -> int:
        """Count the writing requests that HubSpot has seen so far."""
        history = self._get(self.hubspot_page, "history")["requests"]
        return sum(1 for request in history if request["is_write"])

    def change_minds(self) -> str:
        """Let some invitees move their meeting and others cancel it; say so in a sentence."""
        bookings = self._get(self.calendar_page, "state")["bookings"]
        theirs = [booking for booking in bookings if booking["workspace_id"] == CONNECTED_WORKSPACE]
        standing = sorted(filter(_stands, theirs), key=_start)[-_MOVED - _CANCELLED :]
        for booking in standing[:_MOVED]:
            times = {edge: (_moment(booking[edge]) + timedelta(days=1)).isoformat() for edge in ("start_at", "end_at")}
            self._act("reschedule_in_place", booking_id=booking["id"], **times)
        for booking in standing[_MOVED:]:
            self._act("cancel", booking_id=booking["id"])
        return f"{_MOVED} people move their meeting by a day, {_CANCELLED} cancel theirs"

    def _act(self, action: str, **fields: str) -> None:
        answer = requests.post(
            f"{self.calendar_page}__sandbox/actions", json={"action": action, **fields}, timeout=_TIMEOUT_SECONDS
        )
        answer.raise_for_status()

    @staticmethod
    def _get(page: str, name: str) -> dict[str, Any]:
        answer = requests.get(f"{page}__sandbox/{name}", timeout=_TIMEOUT_SECONDS)
        answer.raise_for_status()
        return dict(answer.json())


def _host_and_port(url: str) -> dict[str, Any]:
    """Give the port a field of its own: Airflow 3.3.2 refuses to test a connection that has none."""
    parts = urlsplit(url)
    return {"host": f"{parts.scheme}://{parts.hostname}{parts.path}", "port": parts.port}


def _stands(booking: dict[str, Any]) -> bool:
    """Whether the meeting will take place; the sample also holds bookings that cannot be read."""
    try:
        times = _moment(booking["start_at"]), _moment(booking["end_at"])
    except (KeyError, TypeError, ValueError):
        return False
    return booking["status"] == "scheduled" and times[0] < times[1]


def _start(booking: dict[str, Any]) -> str:
    return str(booking["start_at"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
