"""A session of our own, beside Airflow's: every form carries a token of it.

Airflow's own cookie is not used for that: auth managers replace it whenever they refresh their token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import cached_property

from airflow.configuration import conf
from fastapi import HTTPException, Request, Response, status

from booking_sync_airflow.airflow_address import airflow_url
from booking_sync_airflow.web.address import pages_path
from booking_sync_airflow.web.plain_input import refuse_nul

COOKIE = "booking_sync_session"
FIELD = "csrf_token"
_COOKIE_BYTES = 32
_COOKIE_LENGTH = 43  # 32 bytes as URL-safe base64


@dataclass(frozen=True)
class Session:
    """One person in one browser. ``value`` is what the cookie holds, and is secret."""

    value: str
    user_id: str
    is_new: bool

    @cached_property
    def token(self) -> str:
        """What every form must carry: nobody can make it without the cookie, the user and Airflow's secret."""
        key = str(conf.get("api", "secret_key")).encode()
        message = f"booking-sync form\n{self.value}\n{self.user_id}".encode()
        return hmac.new(key, message, hashlib.sha256).hexdigest()


def session_of(request: Request, user_id: str) -> Session:
    """Return the session that the cookie names, or a new one."""
    value = request.cookies.get(COOKIE, "")
    if len(value) == _COOKIE_LENGTH and value.isascii():
        return Session(value, user_id, is_new=False)
    return Session(secrets.token_urlsafe(_COOKIE_BYTES), user_id, is_new=True)


def remember(session: Session, response: Response) -> None:
    """Set the cookie of a new session."""
    if session.is_new:
        response.set_cookie(
            COOKIE,
            session.value,
            path=pages_path(),
            secure=airflow_url().startswith("https:"),
            httponly=True,
            samesite="lax",
        )


async def require_token(request: Request, session: Session) -> None:
    """Refuse a form that one of our pages did not write for this person and browser, or that holds what none can hold.

    Raises:
        HTTPException: 403, or 400.
    """
    form = await request.form()
    token = form.get(FIELD)
    if not isinstance(token, str) or not hmac.compare_digest(token.encode(), session.token.encode()):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "This form is out of date. Go back, reload the page, try again.")
    refuse_nul(form.values())
