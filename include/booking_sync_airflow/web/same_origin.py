"""Refuses whatever another site lets a browser send (cross-site request forgery), before anything else looks at it.

Airflow 3.3's simple auth manager sets its cookie without SameSite, and other ports of the same host count as the same
site anyway, so the cookie alone proves nothing about who has written a form.
"""

from __future__ import annotations

from fastapi import HTTPException, Request, status

from booking_sync_airflow.airflow_address import airflow_url
from booking_sync_airflow.web.address import origin_of

SAFE_METHODS = frozenset({"GET", "HEAD"})


def refuse_other_origins(request: Request) -> None:
    """Let a writing request through only where the browser says that one of our own pages sent it.

    Browsers send ``Origin`` with every POST, and ``Sec-Fetch-Site`` wherever the connection is trusted; a request with
    neither comes from no page of ours.

    Raises:
        HTTPException: 403.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_foreign_site = site is not None and site != "same-origin"
    is_foreign_origin = origin is not None and origin.lower() not in _own_origins(request)
    if is_foreign_site or is_foreign_origin or (site is None and origin is None):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "This request did not come from a page of this Airflow.")


def _own_origins(request: Request) -> set[str]:
    """Airflow's public address, and the one under which the browser has reached it (localhost for 127.0.0.1)."""
    return {origin_of(airflow_url()), origin_of(str(request.base_url))}
