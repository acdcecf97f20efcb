"""A sandbox and the services on it, as every benchmark of a whole run needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from booking_sandbox.server import Sandbox
from booking_sync.clients.hubspot_oauth import OAuthApp
from booking_sync.services import Services, build_services
from booking_sync.settings import Settings


class Watch:
    """The machine's clock, set forward by hand: scheduled runs are a quarter of an hour apart."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC) + self._ahead

    def wait_for_the_next_run(self) -> None:
        """Let a quarter of an hour pass."""
        self._ahead += timedelta(minutes=15)


@contextmanager
def scene(watch: Watch | None = None, *, has_oauth_app: bool = False) -> Iterator[tuple[Sandbox, Services]]:
    """Start an empty sandbox and open a mapping database of its own; HubSpot by service key or by OAuth app."""
    clock = watch or Watch()
    with TemporaryDirectory() as folder, Sandbox(seed=1, clock=clock) as sandbox:
        hubspot = sandbox.hubspot
        app = OAuthApp(hubspot.app.client_id, hubspot.app.client_secret, hubspot.authorize_url)
        yield (
            sandbox,
            build_services(
                # A benchmark moves and cancels everything at once, which the plan guard would hold back.
                Settings(
                    secret_keys=("a key for the benchmark only",),
                    guard_recreates_percent=100.0,
                    guard_cancels_percent=100.0,
                ),
                database_url=f"sqlite:///{Path(folder) / 'mapping.db'}",
                calendar_url=sandbox.calendar.url,
                calendar_key=sandbox.calendar.api_key,
                hubspot_url=hubspot.url,
                hubspot_key=app if has_oauth_app else hubspot.service_key,
                clock=clock,
            ),
        )
