"""The stylesheet, the script and the icon, by name; nothing else on disk can be asked for."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from booking_sync_airflow.web.address import pages_path

MEDIA_TYPES = {
    "icon-dark.svg": "image/svg+xml",
    "icon.svg": "image/svg+xml",
    "pages.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "plan-dark.svg": "image/svg+xml",
    "plan.svg": "image/svg+xml",
    "status-dark.svg": "image/svg+xml",
    "status.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, with the hash that its address and a content security policy carry."""

    content: bytes
    media_type: str
    digest: bytes

    @property
    def policy_source(self) -> str:
        """How a content security policy allows this very content inside a page."""
        return f"'sha256-{base64.b64encode(self.digest).decode()}'"


@cache
def asset(name: str) -> Asset:
    """Read an asset, once.

    Raises:
        KeyError: there is none of that name.
    """
    media_type = MEDIA_TYPES[name]
    content = (files(__package__) / "static" / name).read_bytes()
    return Asset(content, media_type, hashlib.sha256(content).digest())


def asset_url(name: str) -> str:
    """Return the address of an asset; it changes with the content, so that browsers may keep it for ever."""
    return f"{pages_path()}/static/{name}?v={asset(name).digest.hex()[:12]}"
