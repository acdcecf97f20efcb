"""Rendering of the pages: templates with autoescaping, and headers that let nothing in from outside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from starlette.responses import HTMLResponse

_FRAME_STYLE = "<style>:root{color-scheme:light dark}body{font:14px/1.5 system-ui,sans-serif;margin:8px}</style>"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'"
_HEADERS = {"Content-Security-Policy": _POLICY, "X-Frame-Options": "DENY"}
"""Like HubSpot's own pages, these cannot be shown in a frame of another page."""


def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["moment"] = readable_moment
    environment.filters["framed"] = framed
    return environment


def readable_moment(value: object) -> str:
    """``Sun 22 Nov 2026, 09:00 UTC``; what cannot be read as a moment is shown as it is."""
    if not value:
        return "-"
    try:
        return datetime.fromisoformat(str(value)).strftime("%a %d %b %Y, %H:%M UTC")
    except ValueError:
        return str(value)


def framed(body: str) -> str:
    """An activity's HTML as the document of a sandboxed frame; it is still escaped as an attribute."""
    return _FRAME_STYLE + body


_ENVIRONMENT = _environment()


def page(template: str, values: Mapping[str, object], http_status: int = 200) -> HTMLResponse:
    """Render a template of this package."""
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(values), http_status, headers=_HEADERS)
