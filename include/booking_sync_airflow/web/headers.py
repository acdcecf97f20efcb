"""The headers on every answer: nothing is cached, framed by others, guessed, or loaded from elsewhere."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
    "img-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
}
HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    # Not no-referrer: with that browsers hide the origin of our own forms as well.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
}


def content_security_policy(**more: str) -> str:
    """Return the policy; ``more`` adds sources to directives, spelled with underscores."""
    added = {name.replace("_", "-"): source for name, source in more.items()}
    return "; ".join(f"{name} {source} {added.get(name, '')}".strip() for name, source in _POLICY.items())


class SecurityHeaders:
    """Adds the headers to every answer of the app, whoever made it; a page may have brought its own policy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and the answer back."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("content-security-policy", content_security_policy())
            await send(message)

        await self._app(scope, receive, send_with_headers)
