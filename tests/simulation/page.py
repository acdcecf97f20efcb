"""What people do in Airflow, on our pages and its own, and what it does for them beside the runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

import requests

from booking_sandbox.server import HubSpotHandle
from booking_sync.alerts import give_up, news, note_told
from booking_sync.booking_search import find_bookings_of_invitee
from booking_sync.connect_app import connect_app
from booking_sync.disconnecting import CONFIRMATION, disconnect, uninstall
from booking_sync.erase import erase_invitee
from booking_sync.grants import begin_grant, finish_grant
from booking_sync.ignoring import ignore, take_up
from booking_sync.pausing import pause, resume
from booking_sync.questions import decide as decide_on_plan
from booking_sync.questions import note_asked, note_withdrawn, open_questions
from booking_sync.retention import prune
from booking_sync.retrying import retry
from booking_sync.scopes import OPTIONAL_SCOPES
from booking_sync.services import Services
from booking_sync.store.integrations import integration_id
from tests.sandbox.oauth_walk import CALLBACK, decide
from tests.simulation.stage import WORKSPACE

PORTAL = "424242"
PERSON = "ada"


def grant(services: Services, hubspot: HubSpotHandle) -> None:
    """Press GRANT HUBSPOT ACCESS, and agree on HubSpot's page."""
    hubspot.state.register_redirect_uri(CALLBACK)
    begun = begin_grant(services, person=PERSON, redirect_uri=CALLBACK)
    shown = requests.get(begun.authorize_url, timeout=10)
    answer = decide(hubspot, shown, portal=int(PORTAL), optional_scope=OPTIONAL_SCOPES)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    came_back = {name: values[0] for name, values in query.items()}
    finish_grant(services, person=PERSON, browser_secret=begun.browser_secret, answer=came_back)


def reject(services: Services, _: HubSpotHandle) -> None:
    """Be asked about a refused plan, reject it, and have the question taken away."""
    (plan,) = open_questions(services).new
    note_asked(services, plan.id)
    decide_on_plan(services, plan.id, is_approved=False, person=PERSON, at=services.clock())
    note_withdrawn(services, plan.id)


PAGE: Mapping[str, Callable[[Services, HubSpotHandle], object]] = {
    "grant": grant,
    "connect": lambda services, _: connect_app(services, workspace_id=WORKSPACE, portal_id=PORTAL, person=PERSON),
    "pause": lambda services, _: pause(services, integration_id(WORKSPACE, PORTAL), person=PERSON),
    "resume": lambda services, _: resume(services, integration_id(WORKSPACE, PORTAL), person=PERSON),
    "disconnect": lambda services, _: disconnect(services, integration_id(WORKSPACE, PORTAL), person=PERSON),
    "erase": lambda services, _: erase_invitee(services, "canary.a@example.com", person=PERSON),
    "ignore": lambda services, _: ignore(
        services, integration_id(WORKSPACE, PORTAL), "a", person=PERSON, reason="a test"
    ),
    "take-up": lambda services, _: take_up(services, integration_id(WORKSPACE, PORTAL), "a", person=PERSON),
    "retry": lambda services, _: retry(services, integration_id(WORKSPACE, PORTAL), "a", person=PERSON),
    "find": lambda services, _: find_bookings_of_invitee(services, "canary.a@example.com"),
    "reject": reject,
    "tell": lambda services, _: note_told(services, news(services)),
    "fail-to-tell": lambda services, _: give_up(services, news(services)),
    "prune": lambda services, _: prune(services.engine, services.clock, services.settings.retention_days),
    "uninstall": lambda services, _: uninstall(
        services, integration_id(WORKSPACE, PORTAL), person=PERSON, typed=CONFIRMATION
    ),
}
"""What can be pressed, and what the audit does each day. The first goes through HubSpot's consent page."""
