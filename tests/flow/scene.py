"""One scene: a Calendar.com, a HubSpot, our services between them, and what must be true after every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from proof import ledger, oracle
from sqlalchemy import select

from booking_sandbox.calendar_state import CalendarState
from booking_sandbox.history import HistoryEntry
from booking_sandbox.hubspot_state import HubSpotState
from booking_sandbox.hubspot_switches import HubSpotSwitches
from booking_sandbox.server import Sandbox
from booking_sync.clients.bearer import BearerSource
from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.clients.mail import MailServer
from booking_sync.integration_settings import check_settings
from booking_sync.reconcile import reconcile
from booking_sync.remote import Remote
from booking_sync.report import RunReport
from booking_sync.request import RunRequest
from booking_sync.service_clients import HUBSPOT_LIMITS, Addresses, Clients
from booking_sync.services import Services, build_services
from booking_sync.settings import Settings
from booking_sync.store.database import reading, writing
from booking_sync.store.settings_history import save_settings
from booking_sync.store.tables import integration
from booking_sync.window import BACKFILL, MANUAL, RunTrigger, Window
from tests.compiled_statements import COMPILED
from tests.flow.clock import SceneClock
from tests.flow.listed import listing_mistakes

SECRET = "a secret for the scenes, long enough"
QUIET_SECONDS = 900.0
WITHIN_THE_QUIET_TIME = 300.0
WORKSPACE = "ws_1"


@dataclass
class Scene:
    """What a test plays with. Every run is followed by the checks that hold for any run."""

    sandbox: Sandbox
    clock: SceneClock
    database_url: str
    has_exact_audit: bool = True
    """Off in the few tests that write what has no effect, such as archiving what a person has deleted already."""
    broken: set[str] = field(default_factory=set)
    """Bookings that cannot be read, so that nothing is expected of them."""
    services: Services = field(init=False)
    _foreign: dict[str, dict[str, Any]] = field(default_factory=dict)
    _runs: int = 0

    def __post_init__(self) -> None:
        self.services = self.new_services()

    @property
    def calendar(self) -> CalendarState:
        return self.sandbox.calendar.state

    @property
    def hubspot(self) -> HubSpotState:
        return self.sandbox.hubspot.state

    @property
    def switches(self) -> HubSpotSwitches:
        return self.sandbox.hubspot.switches

    def new_services(self, hubspot_key: str | None = None, secret_key: str = SECRET) -> Services:
        """Build the services as a new process would; waiting moves the scene's clock and takes no time."""
        calendar, hubspot = self.sandbox.calendar, self.sandbox.hubspot
        key = hubspot_key or hubspot.service_key
        built = build_services(
            Settings(secret_keys=(secret_key,), quiet_seconds=QUIET_SECONDS),
            database_url=self.database_url,
            addresses=lambda: Addresses(calendar.url, calendar.api_key, hubspot.url, key),
            clock=self.clock,
        )
        return self.without_waiting(built, key)

    def without_waiting(self, built: Services, hubspot_key: str | BearerSource) -> Services:
        """Return services whose waits move the scene's clock, and that compile each statement once for all scenes."""
        calendar, waiting = self.sandbox.calendar, self.clock.advance
        clients = Clients(
            CalendarClient.from_connection(
                calendar.url, calendar.api_key, observer=built.calendar_requests, sleep=waiting
            ),
            HubSpotClient.from_connection(
                self.sandbox.hubspot.url,
                hubspot_key,
                limits=HUBSPOT_LIMITS,
                observer=built.hubspot_requests,
                sleep=waiting,
            ),
            built.tokens,
        )
        return replace(
            built,
            engine=built.engine.execution_options(compiled_cache=COMPILED),
            remote=Remote(lambda: clients),
        )

    def allow_floods(self) -> None:
        """Let plans through that move, cancel or archive a lot at once, as an operator would: by the settings (W5)."""
        raised = {f"guard_{what}_percent": 100.0 for what in ("recreates", "cancels", "archives")}
        self.services = replace(
            self.services, settings=replace(self.services.settings, guard_archives_most=1e6, **raised)
        )

    # --- what people do -----------------------------------------------------------------------------------------------

    def book(self, booking_id: str | None = None, **fields: Any) -> str:
        """Book a meeting and return its id."""
        made: str = self.calendar.book(WORKSPACE, booking_id=booking_id, **fields)["id"]
        return made

    def at(self, hours: float) -> datetime:
        """A time so many hours from the beginning of Tuesday."""
        return datetime(2026, 3, 3, tzinfo=self.clock.now.tzinfo) + timedelta(hours=hours)

    def move(self, booking_id: str, hours: float) -> None:
        """Reschedule a booking in place."""
        self.calendar.reschedule_in_place(booking_id, self.at(hours))

    def move_to_new(self, booking_id: str, hours: float, new_id: str | None = None) -> str:
        """Reschedule a booking by a new id, which is returned."""
        made: str = self.calendar.reschedule_to_new(booking_id, self.at(hours), new_id=new_id)["id"]
        return made

    def choose(self, **settings: Any) -> None:
        """Choose settings of the integration; a first run connects it."""
        if not self.rows(select(integration.c.id)):
            self.run()
        (row,) = self.rows(select(integration.c.id).where(integration.c.workspace_id == WORKSPACE))
        with writing(self.services.engine) as connection:
            save_settings(connection, row["id"], check_settings(settings), changed_by="ada", at=self.clock())

    def mail_over(self, server: MailServer) -> None:
        """Let notices be handed in at this mail server."""
        self.services = replace(self.services, mail_server=lambda: server)

    def add_foreign_activity(self, **fields: Any) -> str:
        """Log a meeting by hand that must never change."""
        activity_id = self.hubspot.add_activity(hs_timestamp="2026-03-01T10:00:00Z", **fields)
        self._foreign[activity_id] = next(one for one in self.hubspot.activities() if one["id"] == activity_id)
        return activity_id

    # --- runs ---------------------------------------------------------------------------------------------------------

    def run(self, *, may_be_red: bool = False, services: Services | None = None, **request: Any) -> RunReport:
        """Start a run by hand, a minute later; ``request`` fills the form."""
        self.clock.advance(60)
        return self.reconcile(self.trigger(MANUAL), RunRequest(**request), may_be_red=may_be_red, services=services)

    def run_scheduled(self, start: datetime, end: datetime, **how: Any) -> RunReport:
        """Let the scheduler run a data interval."""
        return self.reconcile(self.trigger("scheduled", Window(start, end)), RunRequest(), **how)

    def backfill(self, start: datetime, end: datetime, **how: Any) -> RunReport:
        """Let Airflow backfill a data interval."""
        return self.reconcile(self.trigger(BACKFILL, Window(start, end)), RunRequest(), **how)

    def trigger(self, run_type: str, interval: Window | None = None) -> RunTrigger:
        """Describe the next run."""
        self._runs += 1
        return RunTrigger("calendar_hubspot_sync", f"run {self._runs}", run_type, "ada", interval)

    def reconcile(
        self, trigger: RunTrigger, request: RunRequest, *, may_be_red: bool = False, services: Services | None = None
    ) -> RunReport:
        """Go through a run and check what holds after any run; green unless the test says that it may be red."""
        report = reconcile(services or self.services, trigger, request)
        self.check(report)
        assert may_be_red or not report.is_red, report.note
        return report

    def check(self, report: RunReport) -> None:
        """What holds after any run: the figures, the audit, the payloads, one direction."""
        for part in report.integrations:
            assert part.is_balanced or part.failure, report.note
        assert not ledger.audit_mistakes(self.services.engine, self.sandbox, is_exact=self.has_exact_audit)  # W7
        assert not ledger.payloads_left(self.services.engine)
        assert not listing_mistakes(self.services.engine)
        assert {entry.method for entry in self.sandbox.calendar.history} <= {"GET"}  # D1

    def run_after_quiet_time(self, **how: Any) -> RunReport:
        """Run again when unanswered requests have rested."""
        self.clock.advance(QUIET_SECONDS)
        return self.run(**how)

    def writes_of(self, run: Any) -> list[HistoryEntry]:
        """Return the write requests that HubSpot got during a call."""
        before = len(self.sandbox.hubspot.history.writes())
        run()
        return self.sandbox.hubspot.history.writes()[before:]

    def assert_repeating_writes_nothing(self) -> None:
        """Run the same again: no write request at all (W2)."""
        assert self.writes_of(self.run) == []

    # --- what is there ------------------------------------------------------------------------------------------------

    def activities(self, booking_id: str, *, include_archived: bool = False) -> list[dict[str, Any]]:
        """Return our activities of a booking, oldest first."""
        return oracle.activities_of(self.sandbox, booking_id, include_archived=include_archived)

    def activity(self, booking_id: str) -> dict[str, Any]:
        """Return the one live activity of a booking."""
        (found,) = self.activities(booking_id)
        return found

    def shown(self, booking_id: str) -> dict[str, str]:
        """Return the properties of a booking's one live activity."""
        properties: dict[str, str] = self.activity(booking_id)["properties"]
        return properties

    def emails_on(self, booking_id: str) -> list[str]:
        """Return the addresses of the contacts on a booking's activity."""
        by_id = {one["id"]: one["properties"].get("email", "") for one in self.hubspot.contacts()}
        return sorted(by_id[contact_id] for contact_id in self.activity(booking_id)["contact_ids"])

    def rows(self, statement: Any) -> list[dict[str, Any]]:
        """Read the mapping database."""
        with reading(self.services.engine) as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    def everything_is_right(self, *, except_for: Sequence[str] = ()) -> None:
        """Compare every booking with what HubSpot shows, and see that nothing foreign was touched (A6, D4)."""
        assert not oracle.mirroring_mistakes(self.sandbox, WORKSPACE, {*self.broken, *except_for})
        live = {one["id"]: one for one in self.hubspot.activities()}
        assert {activity_id: live.get(activity_id) for activity_id in self._foreign} == self._foreign
