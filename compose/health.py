"""Exit with 0 if a component of Airflow is alive, as the API server knows it: ``health.py scheduler``.

Airflow's own ``airflow jobs check`` says the same, but imports all of Airflow for it, which takes seconds of processor
time at each check.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request

_TIMEOUT_SECONDS = 10.0


def main(component: str) -> int:
    """Ask the API server; a component that has missed its heartbeats is not healthy."""
    address = os.environ.get("AIRFLOW_API_ADDRESS", "http://airflow-apiserver:8080")
    with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own server
        found = json.load(answer).get(component) or {}
    status = str(found.get("status"))
    sys.stdout.write(f"{component}: {status}\n")
    return 0 if status == "healthy" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
