"""Where Airflow is, as seen from outside: by its own ``[api] base_url``."""

from __future__ import annotations

from airflow.configuration import conf


def airflow_url() -> str:
    """Return Airflow's address without a slash at its end."""
    return str(conf.get("api", "base_url", fallback="") or "http://localhost:8080").rstrip("/")
