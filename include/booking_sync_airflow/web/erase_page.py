"""Erasing an invitee by e-mail address. The address is in the form's body only: never in an address, log or answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from booking_sync.erase import Erased, erase_invitee
from booking_sync.errors import InvalidRequest, LeaseHeld
from booking_sync_airflow.web.access import Administrator, Visitor
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.form_values import ON
from booking_sync_airflow.web.rendering import page

router = APIRouter(prefix="/erase")

_UNSURE = "Tick the box to say that you mean it; nothing has been erased."
_BUSY = "A run is at work, and could write down again what is being erased. Try again when it is over."


@router.get("")
def show_erase(visitor: Administrator) -> Response:
    """Show the form."""
    return _shown(visitor)


@router.post("")
def erase(
    visitor: Administrator,
    services: Backing,
    email: Annotated[str, Form()] = "",
    sure: Annotated[str, Form()] = "",
) -> Response:
    """Erase everything that is kept of this person, and say how much it was."""
    if sure != ON:
        return _shown(visitor, problem=("sure", _UNSURE), status_code=422)
    try:
        erased = erase_invitee(services, email, person=visitor.name)
    except InvalidRequest as error:
        return _shown(visitor, problem=("email", str(error)), status_code=422)
    except LeaseHeld:
        return _shown(visitor, problem=("email", _BUSY), status_code=409)
    return _shown(visitor, erased=erased)


def _shown(
    visitor: Visitor,
    *,
    erased: Erased | None = None,
    problem: tuple[str, str] = ("", ""),
    status_code: int = 200,
) -> Response:
    return page(
        "erase.html", visitor, status_code=status_code, erased=erased, wrong_field=problem[0], sentence=problem[1]
    )
