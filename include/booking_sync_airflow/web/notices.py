"""The sentence on top of a page after something was done; the address only names it, so nobody can put words there."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, status
from fastapi.responses import RedirectResponse

PARAMETER = "done"


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence, and the tone in which it is said."""

    sentence: str
    tone: str = "good"


_NOTICES = {
    "saved": Notice("The settings are saved."),
    "unchanged": Notice("Everything was set like that already; nothing was saved.", ""),
}


def notices_of(request: Request) -> list[Notice]:
    """Return what there is to say."""
    name = request.query_params.get(PARAMETER, "")
    return [_NOTICES[name]] if name in _NOTICES else []


def done(path: str, name: str) -> RedirectResponse:
    """Send the browser to a page after something was done, so that reloading it does not do it again."""
    return RedirectResponse(f"{path}?{PARAMETER}={name}", status.HTTP_303_SEE_OTHER)
