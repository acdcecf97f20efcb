"""The stage of the simulation: both services, a database and a clock in one process, used again for world after world.

Nothing sleeps, nothing listens, and everything that happens by chance comes from a seed.
"""

from __future__ import annotations

import itertools
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from sqlalchemy import Connection, Engine, RowMapping, Table, delete, insert, select

from booking_sandbox.calendar_app import CalendarService, calendar_application
from booking_sandbox.calendar_state import CalendarState
from booking_sandbox.hubspot_app import hubspot_application
from booking_sandbox.hubspot_schema import MEETINGS, PropertyDefinition, PropertyGroup
from booking_sandbox.hubspot_service import HubSpotService
from booking_sandbox.hubspot_switches import UniqueProperties
from booking_sandbox.pages.consent_pages import consent_pages
from booking_sandbox.server import CalendarHandle, HubSpotHandle
from booking_sync.clients import mail
from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.clients.hubspot_oauth import HubSpotOAuth
from booking_sync.clients.oauth_model import OAuthApp
from booking_sync.log_line import hide_nothing
from booking_sync.rate_gate import RateGates
from booking_sync.remote import Remote
from booking_sync.service_clients import HUBSPOT_LIMITS, OAUTH_LIMITS, Clients, NoPortal
from booking_sync.services import RequestCounter, Services
from booking_sync.settings import Settings
from booking_sync.store import lease
from booking_sync.store.database import open_database
from booking_sync.store.encryption import Vault
from booking_sync.store.tables import installation, integration, metadata
from booking_sync.store.tables import portal as portal_table
from booking_sync.tokens import PortalTokens
from tests.compiled_statements import COMPILED
from tests.flow.clock import MONDAY_MORNING, SceneClock
from tests.simulation.mail import SERVER, PostOffice
from tests.simulation.wire import CALENDAR_HOST, HUBSPOT_HOST, served_here

SECRET = "a secret for the simulation, long enough"
WORKSPACE = "ws_1"
SETTINGS = Settings(secret_keys=(SECRET,), quiet_seconds=900.0, lease_seconds=180.0, requests_in_flight=1)


@dataclass(frozen=True, slots=True)
class Connected:
    """What a connected portal has: rows of the mapping database, and our properties."""

    rows: dict[Table, list[dict[str, Any]]]
    properties: dict[str, dict[str, PropertyDefinition]]
    groups: dict[str, dict[str, PropertyGroup]]


class Processes:
    """The worker processes of a world. Which of them are dead is what a worker on the same machine would see."""

    def __init__(self) -> None:
        self._current: ContextVar[int] = ContextVar("simulated_process", default=0)
        self.clear()

    def clear(self) -> None:
        """Forget all processes."""
        self._numbers = itertools.count(1)
        self.dead: set[int] = set()

    @contextmanager
    def new(self) -> Iterator[int]:
        """Be another process inside the block; gives its id."""
        token = self._current.set(next(self._numbers))
        try:
            yield self._current.get()
        finally:
            self._current.reset(token)

    def this(self) -> dict[str, Any]:
        """Stand for the lease's look at its own process."""
        return {"host": "simulated", "process_id": self._current.get(), "process_started_at": 0.0}

    def is_gone(self, row: RowMapping) -> bool:
        """Stand for the lease's look at the holder's process."""
        return row["process_id"] in self.dead


@dataclass(frozen=True, slots=True)
class BothServices:
    """What the oracles look at; has the shape of a running sandbox."""

    calendar: CalendarHandle
    hubspot: HubSpotHandle
    mail: PostOffice


@dataclass
class Stage:
    """Use it as a context manager, one at a time; :meth:`clear` makes it ready for the next world."""

    engine: Engine
    clock: SceneClock = field(default_factory=SceneClock)
    processes: Processes = field(default_factory=Processes)
    sandbox: BothServices = field(init=False)
    _stack: ExitStack = field(default_factory=ExitStack)
    connected: dict[UniqueProperties, Connected] = field(default_factory=dict)
    """What a first run has made, by kind of portal; worlds that begin connected share it."""
    walks: dict[Any, Any] = field(default_factory=dict)
    """What scenarios do without faults, for the search."""

    def __post_init__(self) -> None:
        calendar = CalendarService(CalendarState(self.clock, 7))
        hubspot = HubSpotService(self.clock, 7)
        self.sandbox = BothServices(
            CalendarHandle(f"https://{CALENDAR_HOST}", calendar),
            HubSpotHandle(f"https://{HUBSPOT_HOST}", hubspot),
            PostOffice(),
        )
        self._applications = {
            CALENDAR_HOST: calendar_application(calendar, []),
            HUBSPOT_HOST: hubspot_application(hubspot, consent_pages(hubspot)),
        }

    @classmethod
    def on(cls, database_url: str) -> Self:
        """Make a stage with a database at that address."""
        return cls(open_database(database_url).execution_options(compiled_cache=COMPILED))

    def __enter__(self) -> Self:
        self._stack.enter_context(served_here(self._applications))
        self._stack.enter_context(patch.object(mail, "_logged_in", self.sandbox.mail.connect))
        logger = logging.getLogger("booking_sync")
        self._stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)  # faults are expected here, and writing them down takes its time
        self._stack.enter_context(patch.object(lease, "database_now", self._database_now))
        self._stack.enter_context(patch.object(lease, "_this_process", self.processes.this))
        self._stack.enter_context(patch.object(lease, "_is_gone", self.processes.is_gone))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def close(self) -> None:
        """Let the database go."""
        self.engine.dispose()

    def clear(self, unique_properties: UniqueProperties, *, seed: int = 0) -> None:
        """Forget everything; what is left is an empty portal and a workspace without bookings."""
        random.seed(seed)  # the jitter of pauses
        self.clock.now = MONDAY_MORNING
        self.processes.clear()
        self.sandbox.calendar.service.reset()
        self.sandbox.hubspot.service.reset()
        self.sandbox.mail.reset()
        self.sandbox.hubspot.switches.unique_properties_on_meetings = unique_properties
        self.sandbox.calendar.state.add_workspace(WORKSPACE, "Acme Sales")
        with self.engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))

    def open_workspaces(self, count: int) -> None:
        """Let there be so many workspaces, all of them passed on to the one portal."""
        for number in range(1, count + 1):
            self.sandbox.calendar.state.add_workspace(f"ws_{number}", f"Team {number}")

    def services(self, new_id: Callable[[], str], *, is_oauth: bool = False) -> Services:
        """Build services as a new process would; waiting moves the clock and takes no time."""
        calendar, hubspot = self.sandbox.calendar, self.sandbox.hubspot
        of_calendar, of_hubspot = RequestCounter(), RequestCounter()
        wait, vault = self.clock.advance, Vault(SETTINGS.secret_keys)
        key: str | NoPortal = NoPortal() if is_oauth else hubspot.service_key
        clients = Clients(
            CalendarClient.from_connection(calendar.url, calendar.api_key, observer=of_calendar, sleep=wait),
            HubSpotClient.from_connection(hubspot.url, key, limits=HUBSPOT_LIMITS, observer=of_hubspot, sleep=wait),
            self._tokens(vault) if is_oauth else None,
        )
        return Services(
            settings=SETTINGS,
            engine=self.engine,
            vault=vault,
            remote=Remote(lambda: clients),
            rates=RateGates(self.engine, self.clock, SETTINGS.rate_share_percent),
            clock=self.clock,
            new_id=new_id,
            calendar_requests=of_calendar,
            hubspot_requests=of_hubspot,
            mail_server=lambda: SERVER,
        )

    def _tokens(self, vault: Vault) -> PortalTokens:
        hubspot, wait = self.sandbox.hubspot, self.clock.advance
        app = OAuthApp(hubspot.app.client_id, hubspot.app.client_secret, hubspot.authorize_url)
        version = SETTINGS.hubspot_api_version
        oauth = HubSpotOAuth.from_connection(hubspot.url, app, api_version=version, limits=OAUTH_LIMITS, sleep=wait)
        return PortalTokens(self.engine, vault, oauth, self.clock, hide_nothing, wait)

    def _database_now(self, _connection: Connection) -> Any:
        return self.clock.now

    def connection_made(self) -> Connected:
        """Return what stays of a portal that our runs have worked with, when all records are forgotten."""
        portal = self.sandbox.hubspot.state.portal()
        with self.engine.connect() as connection:
            rows = {
                table: [dict(row) for row in connection.execute(select(table)).mappings()]
                for table in (installation, portal_table, integration)
            }
        properties = {name: dict(definitions) for name, definitions in portal.properties.items()}
        return Connected(rows, properties, {name: dict(groups) for name, groups in portal.groups.items()})

    def connect(self, made: Connected) -> None:
        """Put that back, an hour later: the portal has our properties, and the mapping knows it."""
        self.clock.advance(3_600)
        portal = self.sandbox.hubspot.state.portal()
        portal.properties = {name: dict(definitions) for name, definitions in made.properties.items()}
        portal.groups = {name: dict(groups) for name, groups in made.groups.items()}
        for definition in made.properties[MEETINGS.name].values():
            if definition.has_unique_value:
                portal.store.declare_unique(MEETINGS.name, definition.name)
        with self.engine.begin() as connection:
            for table, rows in made.rows.items():
                connection.execute(insert(table), rows)
