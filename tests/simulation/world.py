"""One simulated world: bookings, a portal, runs that may be hit by faults, and the checks at the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from booking_sandbox.calendar_state import CalendarState
from booking_sandbox.hubspot_state import HubSpotState
from booking_sandbox.hubspot_switches import HubSpotSwitches, UniqueProperties
from booking_sync.audit import run_audit
from booking_sync.boundary import watched
from booking_sync.errors import BookingSyncError, Fenced, LeaseHeld
from booking_sync.reconcile import reconcile
from booking_sync.report import RunReport
from booking_sync.request import AuditRequest, RunRequest
from booking_sync.services import Services
from booking_sync.store.tables import mapping
from booking_sync.window import BACKFILL, MANUAL, RunTrigger, Window
from tests.simulation import mail, oracle
from tests.simulation.deeds import DEEDS, KNOWN, OWNER, at
from tests.simulation.faults import Fault, Harm, Killed, Planted, Striker
from tests.simulation.oracle import Expected
from tests.simulation.overlap import Overlap, let_overlap, turns_by_chance
from tests.simulation.page import PAGE
from tests.simulation.stage import SETTINGS, Stage

BETWEEN_RUNS_SECONDS = 60.0
REST_SECONDS = SETTINGS.quiet_seconds + 60.0
A_DAY_SECONDS = 90_000.0
MOST_RUNS = 3
"""After how many clean runs all must be right, counted from when the last late request has landed."""
MOST_TRIES = 3
"""How often Airflow tries a task."""
TASK_FAILURES = (Planted, BookingSyncError, DBAPIError)


class World:
    """Make it with :meth:`on`. ``do`` takes deeds and runs as words; ``finish`` runs until all is quiet."""

    def __init__(
        self, stage: Stage, striker: Striker | None = None, *, is_repeated: bool = False, is_oauth: bool = False
    ) -> None:
        """``is_repeated``: Airflow tries a failed run again, instead of leaving it to the next one.

        ``is_oauth``: there is no service key; a person gives access on the page.
        """
        self.stage = stage
        self.clock = stage.clock
        self.striker = striker or Striker(stage.sandbox, ())
        self.expected = Expected()
        self.reports: list[RunReport] = []
        self.wrong: list[str] = []
        self.lost_keys: dict[str, Any] = {}
        self.told: list[str] = []
        """All words so far; the same again makes the same world."""
        self._is_repeated = is_repeated
        self._is_repairing = False
        self._is_oauth = is_oauth
        self._run_count = 0
        self._ids = itertools.count(1)
        self.hubspot.add_owner(OWNER, first_name="Grace", last_name="Hopper")
        known = self.hubspot.add_contact(email=KNOWN.lower(), firstname="Countess", lastname="of Lovelace")
        title = "Meeting - Calendar.com: Intro call"
        self.hubspot.add_activity(contact_ids=[known], hs_meeting_title=title, hs_timestamp=at(0).isoformat())
        self._foreign = oracle.foreign_objects(stage.sandbox)

    @classmethod
    def on(
        cls,
        stage: Stage,
        unique_properties: UniqueProperties = "allowed",
        *,
        is_connected: bool = True,
        seed: int = 0,
        workspaces: int = 1,
        **options: Any,
    ) -> World:
        """Clear the stage for a new world. A connected one has been worked with before."""
        if is_connected and unique_properties not in stage.connected:
            stage.clear(unique_properties)
            first = cls(stage)
            first.do("book first")
            first.do("run")
            stage.connected[unique_properties] = stage.connection_made()
        stage.clear(unique_properties, seed=seed)
        if is_connected:
            stage.connect(stage.connected[unique_properties])
        stage.open_workspaces(workspaces)
        return cls(stage, **options)

    @property
    def calendar(self) -> CalendarState:
        return self.stage.sandbox.calendar.state

    @property
    def hubspot(self) -> HubSpotState:
        return self.stage.sandbox.hubspot.state

    @property
    def switches(self) -> HubSpotSwitches:
        return self.stage.sandbox.hubspot.switches

    def version_of(self, booking_id: str) -> int:
        version: int = self.calendar.booking(booking_id)["version"]
        return version

    def activities_of(self, booking_id: str) -> list[dict[str, Any]]:
        """Our live activities of a booking."""
        return [one for one in oracle.ours(self.stage.sandbox) if oracle.booking_id_of(one) == booking_id]

    def is_mapped(self, activity_id: str) -> bool:
        """Say whether we know of an activity that we made."""
        with self.stage.engine.connect() as connection:
            found = connection.execute(select(mapping.c.booking_id).where(mapping.c.activity_id == activity_id))
            return found.first() is not None

    # --- what happens -------------------------------------------------------------------------------------------------

    def do(self, words: str) -> None:
        """Let something happen: a deed of a person, or a run of ours."""
        self.told.append(words)
        verb, *arguments = words.split()
        if verb in DEEDS:
            DEEDS[verb](self, *arguments)
            self._foreign = oracle.foreign_objects(self.stage.sandbox)
        else:
            self.RUNS[verb](self, *arguments)

    def run(self) -> None:
        """Somebody starts a run by hand."""
        self._reconcile(MANUAL, RunRequest())

    def run_scheduled(self) -> None:
        """The scheduler runs the last quarter of an hour."""
        now = self.clock.now
        self._reconcile("scheduled", RunRequest(), Window(now - timedelta(minutes=15), now))

    def run_dry(self) -> None:
        before = len(self.stage.sandbox.hubspot.history.writes())
        self._reconcile(MANUAL, RunRequest(dry_run=True))
        if len(self.stage.sandbox.hubspot.history.writes()) != before:
            self.wrong.append("a dry run wrote to HubSpot")  # W4

    def run_backfill(self) -> None:
        """A backfill covers the day of the world."""
        self._reconcile(BACKFILL, RunRequest(), Window(self.clock.now - timedelta(days=1), self.clock.now))

    def run_by_ids(self, *booking_ids: str) -> None:
        self._reconcile(MANUAL, RunRequest(booking_ids=booking_ids))

    def audit(self, word: str = "") -> None:
        """The daily audit looks, and mends where it is asked to."""
        self._is_repairing |= word == "repair"
        self.clock.advance(BETWEEN_RUNS_SECONDS)
        trigger = RunTrigger("calendar_hubspot_audit", self._next_run_id(), MANUAL, "ada")
        self._tried(lambda services: run_audit(services, trigger, AuditRequest(repair=word == "repair")))

    def crash(self, after: str, *harm: str) -> None:
        """Let something go wrong at the so-manieth boundary from here."""
        self.striker.arm(Fault(int(after), Harm(" ".join(harm))))
        self.expected.has_ghosts |= Harm(" ".join(harm)) is Harm.VERY_LATE

    def page(self, button: str) -> None:
        """A person presses something on the Integrations page, again where it failed; why it did, the page says."""
        so_far = len(self.wrong)
        for _ in range(MOST_TRIES):
            if self._tried(lambda services: PAGE[button](services, self.stage.sandbox.hubspot)):
                break
        del self.wrong[so_far:]

    def overlap(self, seed: str, longest: str = "inf") -> None:
        """Two runs at once, and the turns that the seed says; nobody sleeps longer than so many seconds."""
        self.clock.advance(BETWEEN_RUNS_SECONDS)
        chance = Random(int(seed))  # noqa: S311 - to be repeatable
        turns = turns_by_chance(chance, 2, 60, longest=float(longest))
        self.wrong += let_overlap(self, [self.trigger(MANUAL), self.trigger(MANUAL)], Overlap(turns, is_fine=True))
        self.wrong += oracle.problems_of_any_moment(self.stage)
        self.wrong += oracle.archived_too_early(self.stage)

    RUNS: Mapping[str, Callable[..., None]] = {
        "page": page,
        "overlap": overlap,
        "crash": crash,
        "run": run,
        "scheduled": run_scheduled,
        "dry": run_dry,
        "backfill": run_backfill,
        "ids": run_by_ids,
        "audit": audit,
    }

    @property
    def run_count(self) -> int:
        """How many runs there were, those repeated not counted."""
        return self._run_count

    def services(self) -> Services:
        """Build services as a new process would."""
        return self.stage.services(lambda: f"{next(self._ids):032x}", is_oauth=self._is_oauth)

    def trigger(self, run_type: str, interval: Window | None = None) -> RunTrigger:
        """Describe the next run."""
        return RunTrigger("calendar_hubspot_sync", self._next_run_id(), run_type, "ada", interval)

    def _next_run_id(self) -> str:
        self._run_count += 1
        return f"run {self._run_count}"

    def _reconcile(self, run_type: str, request: RunRequest, interval: Window | None = None) -> None:
        self.clock.advance(BETWEEN_RUNS_SECONDS)
        trigger = self.trigger(run_type, interval)
        self._tried(lambda services: self.reports.append(reconcile(services, trigger, request)))
        self.wrong += oracle.problems_of_any_moment(self.stage)
        self.wrong += oracle.archived_too_early(self.stage)

    def _tried(self, run: Callable[[Services], object]) -> bool:
        """Let a process run, and another one where it failed and Airflow repeats it; say whether one ended well."""
        for _ in range(MOST_TRIES):
            with self.stage.processes.new() as process, self.striker.worker(), watched(self.striker):
                try:
                    run(self.services())
                except Killed as killed:
                    if killed.is_seen:
                        self.stage.processes.dead.add(process)
                except TASK_FAILURES as failure:
                    self._note_failure(failure)
                else:
                    return True
            if not self._is_repeated:
                break
            self.clock.advance(BETWEEN_RUNS_SECONDS)
        return False

    def _note_failure(self, failure: Exception) -> None:
        is_expected = self.striker.has_struck or self.lost_keys or isinstance(failure, LeaseHeld | Fenced)
        if not is_expected:
            self.wrong.append(f"a run failed without any fault: {type(failure).__name__}: {failure}")

    # --- the end ------------------------------------------------------------------------------------------------------

    def finish(self) -> list[str]:
        """Run without faults until all is right, and return what is wrong: nothing, if the promise holds."""
        self.striker.rest()
        self._let_late_requests_land()
        wrong: list[str] = []
        for _ in range(MOST_RUNS):
            self._rest(REST_SECONDS)
            self.run()
            if self._is_repairing:  # it comes every day
                self.audit("repair")
            wrong = self.problems()
            if not wrong:
                break
        return self.wrong + (wrong or self._problems_of_one_more_run())

    def problems(self) -> list[str]:
        """What is wrong now that all should be quiet."""
        may_be_unknown = any(one.step.startswith(("telling.", "mail.")) for one in self.striker.struck)
        of_mails = mail.problems(self.stage, may_be_unknown=may_be_unknown)
        return oracle.problems(self.stage, self.expected, self._foreign) + of_mails

    def _let_late_requests_land(self) -> None:
        """Run every quarter of an hour until nothing is on its way any more."""
        while self.hubspot.portal().late._waiting:
            self._rest(REST_SECONDS)
            self.run()

    def _problems_of_one_more_run(self) -> list[str]:
        self._rest(A_DAY_SECONDS)
        writes = self.stage.sandbox.hubspot.history.writes
        before = len(writes())
        self.run()
        report = self.reports[-1]
        wrong = [f"the repeated run wrote: {one.method} {one.path}" for one in writes()[before:]]  # W2
        wrong += [f"the last run is red: {report.reason}"] if report.is_red else []
        return wrong + oracle.personal_data_left(self.stage)

    def _rest(self, seconds: float) -> None:
        self.clock.advance(seconds)
