"""Run both sandbox servers from the command line until they are told to stop."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from booking_sandbox.hubspot_limits import DOCUMENTED_REQUESTS_PER_WINDOW
from booking_sandbox.moments import system_clock
from booking_sandbox.sample import load_sample
from booking_sandbox.server import Sandbox

_DOCUMENTED_SEARCHES_PER_SECOND = 5


def main(arguments: list[str] | None = None) -> int:
    """Start, say where, and wait for SIGINT or SIGTERM. HubSpot's real rate limits are switched on."""
    given = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Sandbox(seed=given.seed, calendar_port=given.calendar_port, hubspot_port=given.hubspot_port) as sandbox:
        sandbox.hubspot.switches.requests_per_window = DOCUMENTED_REQUESTS_PER_WINDOW
        sandbox.hubspot.switches.searches_per_second = _DOCUMENTED_SEARCHES_PER_SECOND
        for uri in given.redirect_uri:
            sandbox.hubspot.state.register_redirect_uri(uri)
        if not given.empty:
            load_sample(sandbox.calendar.state, sandbox.hubspot.state, system_clock(), given.seed)
        addresses = _addresses(sandbox)
        sys.stdout.write("".join(f"{name}: {value}\n" for name, value in addresses.items()))
        sys.stdout.flush()
        if given.ready_file is not None:
            _write_whole(given.ready_file, json.dumps(addresses))
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m booking_sandbox", description=__doc__)
    parser.add_argument("--calendar-port", type=int, default=0, help="port of the Calendar.com (default: a free one)")
    parser.add_argument("--hubspot-port", type=int, default=0, help="port of the HubSpot (default: a free one)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same ids and sample")
    parser.add_argument("--empty", action="store_true", help="start without the sample bookings and contacts")
    parser.add_argument(
        "--redirect-uri", action="append", default=[], help="where consents may return to, exactly (repeatable)"
    )
    parser.add_argument("--ready-file", type=Path, help="write addresses and keys there, as JSON, once both serve")
    return parser


def _addresses(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "calendar_url": sandbox.calendar.url,
        "calendar_page": sandbox.calendar.root_url + "/",
        "api_key": sandbox.calendar.api_key,
        "hubspot_url": sandbox.hubspot.url,
        "hubspot_page": sandbox.hubspot.root_url + "/",
        "service_key": sandbox.hubspot.service_key,
        "portal_id": sandbox.hubspot.state.portal().id,
        "authorize_url": sandbox.hubspot.authorize_url,
        "client_id": sandbox.hubspot.app.client_id,
        "client_secret": sandbox.hubspot.app.client_secret,
    }


def _write_whole(path: Path, text: str) -> None:
    """Write in one step, so that a script that waits for the file never reads half of it."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
