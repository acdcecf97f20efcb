"""``make rehearse``: see the package."""

from __future__ import annotations

import sys

import requests

from booking_sync_airflow.demo.processes import DemoError
from rehearsal.judge import RehearsalError
from rehearsal.stack import HOME
from rehearsal.story import play


def main() -> int:
    """Rehearse; 0 only if everything ended right."""
    try:
        play()
    except KeyboardInterrupt:
        sys.stdout.write("Stopped.\n")
        return 130
    except (DemoError, RehearsalError, requests.RequestException) as error:
        sys.stdout.write(f"\nThe rehearsal failed: {error}\nAll logs are under {HOME}.\n")
        return 1
    sys.stdout.write("Everything ended right.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
