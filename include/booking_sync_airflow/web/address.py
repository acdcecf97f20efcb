"""Where our pages are, as seen from outside: always by Airflow's own ``[api] base_url``, never by the Host header."""

from __future__ import annotations

from urllib.parse import urlsplit

from booking_sync_airflow.airflow_address import airflow_url

URL_PREFIX = "/booking-sync"
URL_ROUTE = "integrations"
"""Where Airflow shows the Integrations page in its own frame: ``/plugin/<this>``."""


def pages_path() -> str:
    """Return the path that all our addresses begin with; Airflow itself may live under a path."""
    return urlsplit(airflow_url()).path + URL_PREFIX


def framed_url(path: str) -> str:
    """Return the address under which Airflow shows one of our pages in its own frame."""
    return f"{airflow_url()}/plugin/{URL_ROUTE}{URL_PREFIX}{path}"


def redirect_uri() -> str:
    """Return where HubSpot sends people back to; it must be registered in the HubSpot app exactly like this."""
    return f"{airflow_url()}{URL_PREFIX}/oauth/callback"


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, as browsers spell an origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
