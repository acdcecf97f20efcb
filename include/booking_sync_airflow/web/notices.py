"""The sentence on top of a page after something was done; the address only names it, so nobody can put words there."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response, status
from fastapi.responses import RedirectResponse

from booking_sync.errors import InvalidRequest
from booking_sync_airflow.web.rendering import problem_page

PARAMETER = "done"


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence, and the tone in which it is said."""

    sentence: str
    tone: str = "good"


_NOTICES = {
    "connected": Notice("Connected. Bookings that change from now on are passed on to HubSpot."),
    "disconnected": Notice("Disconnected. Nothing is passed on any more, and the access is given back to HubSpot."),
    "disconnecting": Notice(
        "Disconnected. Nothing is passed on any more. HubSpot could not be told yet; the next run tries it again.",
        "warn",
    ),
    "paused": Notice("Paused. What changes meanwhile is passed on when you resume."),
    "queued": Notice(
        "A run is waiting, because the DAG calendar_hubspot_sync is paused in Airflow: it begins when you unpause it.",
        "warn",
    ),
    "ignored": Notice("Ignored until the booking changes. It is listed on the page Booking sync."),
    "retrying": Notice("A run has been started; what it did appears here when it is over."),
    "taken-up": Notice("Taken up again: the next run reads the booking and decides anew."),
    "resumed": Notice("Resumed. The next run passes on what has changed meanwhile."),
    "started": Notice("A run has been started; its result appears here when it is over."),
    "uninstalled": Notice("Uninstalled. The app is out of the HubSpot account, and nothing is passed on any more."),
    "uninstalling": Notice(
        "Nothing is passed on any more. HubSpot could not be told to uninstall the app yet; the next run tries again.",
        "warn",
    ),
    "saved": Notice("The settings are saved."),
    "unchanged": Notice("Everything was set like that already; nothing was saved.", ""),
}


def notices_of(request: Request) -> list[Notice]:
    """Return what there is to say."""
    name = request.query_params.get(PARAMETER, "")
    return [_NOTICES[name]] if name in _NOTICES else []


def done(path: str, name: str) -> RedirectResponse:
    """Send the browser to a page after something was done, so that reloading it does not do it again."""
    return RedirectResponse(f"{path}{'&' if '?' in path else '?'}{PARAMETER}={name}", status.HTTP_303_SEE_OTHER)


def refused(error: InvalidRequest, path: str) -> Response:
    """Say why nothing was done, with a way back to a page."""
    return problem_page(status.HTTP_409_CONFLICT, "Nothing was changed", str(error), back=path)
