"""Both sandbox servers on loopback, in threads of this process."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette

from booking_sandbox.calendar_app import BASE_PATH, CalendarService, calendar_application
from booking_sandbox.calendar_state import DEFAULT_API_KEY, CalendarState
from booking_sandbox.calendar_switches import CalendarSwitches
from booking_sandbox.control import calendar_control, hubspot_control
from booking_sandbox.history import History
from booking_sandbox.hubspot_app import hubspot_application
from booking_sandbox.hubspot_apps import App
from booking_sandbox.hubspot_portals import DEFAULT_SERVICE_KEY
from booking_sandbox.hubspot_service import HubSpotService
from booking_sandbox.hubspot_state import HubSpotState
from booking_sandbox.hubspot_switches import HubSpotSwitches
from booking_sandbox.moments import Clock, system_clock
from booking_sandbox.pages.calendar_deeds import calendar_deeds
from booking_sandbox.pages.calendar_pages import calendar_pages
from booking_sandbox.pages.connected_apps_pages import connected_apps_pages
from booking_sandbox.pages.consent_pages import AUTHORIZE_PATH, consent_pages
from booking_sandbox.pages.hubspot_pages import hubspot_pages
from booking_sandbox.transport import CuttableProtocol

HOST = "127.0.0.1"
START_SECONDS = 15.0
STOP_SECONDS = 5.0


class LoopbackServer:
    """One ASGI application on a loopback port, served by a thread."""

    def __init__(self, application: Starlette, port: int, name: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, port))
        config = uvicorn.Config(
            application,
            http=CuttableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name=name, daemon=True)

    @property
    def root_url(self) -> str:
        """The address without a path."""
        return f"http://{HOST}:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Serve, and return once connections are accepted.

        Raises:
            RuntimeError: the server did not start in time.
        """
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError(f"the {self._thread.name} did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving and wait for the thread."""
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        self._socket.close()


@dataclass(frozen=True, slots=True)
class CalendarHandle:
    """The running Calendar.com as tests and scripts see it."""

    root_url: str
    service: CalendarService
    api_key: str = DEFAULT_API_KEY

    @property
    def url(self) -> str:
        """Base URL of the API, with ``/e``."""
        return self.root_url + BASE_PATH

    @property
    def state(self) -> CalendarState:
        """Workspaces and bookings."""
        return self.service.state

    @property
    def switches(self) -> CalendarSwitches:
        """Ways to misbehave."""
        return self.service.switches

    @property
    def history(self) -> History:
        """Every request so far."""
        return self.service.state.history


@dataclass(frozen=True, slots=True)
class HubSpotHandle:
    """The running HubSpot as tests and scripts see it. ``service_key`` is the first portal's."""

    root_url: str
    service: HubSpotService
    service_key: str = DEFAULT_SERVICE_KEY

    @property
    def url(self) -> str:
        """Base URL of the API."""
        return self.root_url

    @property
    def authorize_url(self) -> str:
        """Where an app sends people for their consent."""
        return self.root_url + AUTHORIZE_PATH

    @property
    def app(self) -> App:
        """The OAuth app that is registered from the start."""
        return self.service.state.apps.app()

    @property
    def state(self) -> HubSpotState:
        """Portals and their records."""
        return self.service.state

    @property
    def switches(self) -> HubSpotSwitches:
        """Ways to misbehave."""
        return self.service.switches

    @property
    def history(self) -> History:
        """Every request so far."""
        return self.service.state.history


class Sandbox:
    """Both servers. Use it as a context manager, or call :meth:`start` and :meth:`stop`; port 0 takes a free one."""

    def __init__(
        self, seed: int = 7, clock: Clock = system_clock, calendar_port: int = 0, hubspot_port: int = 0
    ) -> None:
        calendar = CalendarService(CalendarState(clock, seed))
        hubspot = HubSpotService(clock, seed)
        calendar_routes = [*calendar_control(calendar), *calendar_pages(calendar), *calendar_deeds(calendar)]
        hubspot_routes = [
            *hubspot_control(hubspot),
            *hubspot_pages(hubspot),
            *consent_pages(hubspot),
            *connected_apps_pages(hubspot),
        ]
        calendar_server = LoopbackServer(
            calendar_application(calendar, calendar_routes), calendar_port, "Calendar.com sandbox"
        )
        hubspot_server = LoopbackServer(hubspot_application(hubspot, hubspot_routes), hubspot_port, "HubSpot sandbox")
        self._servers = (calendar_server, hubspot_server)
        self.calendar = CalendarHandle(calendar_server.root_url, calendar)
        self.hubspot = HubSpotHandle(hubspot_server.root_url, hubspot)

    def start(self) -> None:
        """Start both servers."""
        for server in self._servers:
            server.start()

    def stop(self) -> None:
        """Stop both servers."""
        for server in self._servers:
            server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
