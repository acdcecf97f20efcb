"""A sandbox and the services on it, as every benchmark of a whole run needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from booking_sandbox.server import Sandbox
from booking_sync.clients.oauth_model import OAuthApp
from booking_sync.reconcile import manual_trigger, reconcile
from booking_sync.report import RunReport
from booking_sync.request import RunRequest
from booking_sync.service_clients import Addresses
from booking_sync.services import Services, build_services, utc_now
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
        addresses = addresses_of(sandbox, has_oauth_app=has_oauth_app)
        yield sandbox, services_on(addresses, f"sqlite:///{Path(folder) / 'mapping.db'}", clock)


def addresses_of(sandbox: Sandbox, *, has_oauth_app: bool = False) -> Addresses:
    """Return what is needed to work with a sandbox."""
    calendar, hubspot = sandbox.calendar, sandbox.hubspot
    app = OAuthApp(hubspot.app.client_id, hubspot.app.client_secret, hubspot.authorize_url)
    return Addresses(calendar.url, calendar.api_key, hubspot.url, app if has_oauth_app else hubspot.service_key)


def services_on(addresses: Addresses, database_url: str, clock: Callable[[], datetime] = utc_now) -> Services:
    """Open the services. A benchmark moves and cancels everything at once, which the plan guard would hold back."""
    return build_services(
        Settings(
            secret_keys=("a key for the benchmark only",), guard_recreates_percent=100.0, guard_cancels_percent=100.0
        ),
        database_url=database_url,
        addresses=lambda: addresses,
        clock=clock,
    )


def reconciled(services: Services) -> RunReport:
    """Let one run pass on what has changed.

    Raises:
        RuntimeError: the run is red, so that nothing it shows is a figure.
    """
    report = reconcile(services, manual_trigger(services.new_id(), "benchmark"), RunRequest())
    if report.is_red:
        raise RuntimeError(report.reason)
    return report
