"""Connect App: which workspace goes to the portal that access was granted to, and what is checked on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Response

from booking_sync.connect_app import ConnectRefused, connect_app
from booking_sync.overview import CardState, Overview, PortalCard
from booking_sync.services import Services
from booking_sync.states import AccessState, ConnectRefusal
from booking_sync_airflow.web.access import Administrator, Visitor
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.cards import CardView, card_views
from booking_sync_airflow.web.integration_tabs import find_view
from booking_sync_airflow.web.listing import current_overview
from booking_sync_airflow.web.notices import done
from booking_sync_airflow.web.rendering import page

LONGEST_PORTAL_ID = 64
LONGEST_WORKSPACE_ID = 200

router = APIRouter(prefix="/connect")

_CHECKS = (
    ("The workspace can be read with the Calendar.com key", {ConnectRefusal.UNREADABLE_WORKSPACE}),
    ("The workspace is on Pro or above", {ConnectRefusal.PLAN}),
    (
        "HubSpot has granted access, with every scope that is needed",
        {ConnectRefusal.NO_ACCESS, ConnectRefusal.MISSING_SCOPE},
    ),
    ("No other workspace uses this HubSpot account", {ConnectRefusal.PORTAL_TAKEN}),
    (
        "It is the HubSpot account that this workspace had before, or you name the new one",
        {ConnectRefusal.OTHER_PORTAL},
    ),
    (
        "Our properties exist in HubSpot, and it is known whether HubSpot keeps them unique",
        {ConnectRefusal.NOT_PROVISIONED},
    ),
)
"""What is looked at, in the order of :func:`booking_sync.connect_app.connect_app`, with the refusals it can end in."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list. ``tone``: good, bad, or empty where it was not looked at yet."""

    title: str
    tone: str
    sentence: str | None = None


@router.get("")
def show_connect(visitor: Administrator, services: Backing, portal: str = "", workspace: str = "") -> Response:
    """Show what is about to be connected."""
    return _form(services, visitor, portal, workspace, None)


@router.post("")
def connect(
    visitor: Administrator,
    services: Backing,
    portal_id: Annotated[str, Form(max_length=LONGEST_PORTAL_ID)],
    workspace_id: Annotated[str, Form(max_length=LONGEST_WORKSPACE_ID)] = "",
    confirmed_portal: Annotated[str, Form(max_length=LONGEST_PORTAL_ID)] = "",
) -> Response:
    """Connect, or say which check failed and what to do."""
    try:
        connect_app(
            services,
            workspace_id=workspace_id,
            portal_id=portal_id,
            person=visitor.name,
            confirmed_portal=confirmed_portal,
        )
    except ConnectRefused as refused:
        return _form(services, visitor, portal_id, workspace_id, refused)
    return done(find_view(services, workspace_id).path, "connected")


def _form(
    services: Services, visitor: Visitor, portal_id: str, workspace_id: str, refused: ConnectRefused | None
) -> Response:
    overview = current_overview(services)
    portal = _portal(overview, portal_id)
    views = [view for view in card_views(overview) if _is_offered(view, portal_id)]
    return page(
        "connect.html",
        visitor,
        status_code=200 if refused is None else 409,
        portal=portal,
        portal_id=portal_id,
        views=views,
        chosen=workspace_id or (views[0].card.workspace_id if len(views) == 1 else ""),
        checks=_checks(refused) if refused else _known(portal),
        needs_name=refused is not None and refused.kind is ConnectRefusal.OTHER_PORTAL,
    )


def _is_offered(view: CardView, portal_id: str) -> bool:
    """Leave out workspaces that are at work with another portal."""
    card = view.card
    is_here = card.portal is not None and card.portal.id == portal_id
    return is_here or card.state in {CardState.NOT_CONNECTED, CardState.DISCONNECTED, CardState.NEEDS_RECONNECTING}


def _portal(overview: Overview, portal_id: str) -> PortalCard | None:
    cards = (card.portal for card in overview.cards)
    known = [portal for portal in (*overview.free_portals, *cards) if portal is not None]
    return next((portal for portal in known if portal.id == portal_id), None)


def _known(portal: PortalCard | None) -> list[Check]:
    """Return the list before anything was tried: only what access was granted to is known."""
    has_access = portal is not None and portal.access is AccessState.USABLE and not portal.missing_scopes
    return [
        Check(title, "good" if has_access and ConnectRefusal.NO_ACCESS in kinds else "") for title, kinds in _CHECKS
    ]


def _checks(refused: ConnectRefused) -> list[Check]:
    """Return the list: what comes before the refusal has passed, what comes after it was not looked at."""
    failed = next(number for number, (_, kinds) in enumerate(_CHECKS) if refused.kind in kinds)
    passed = [Check(title, "good") for title, _ in _CHECKS[:failed]]
    unseen = [Check(title, "") for title, _ in _CHECKS[failed + 1 :]]
    return [*passed, Check(_CHECKS[failed][0], "bad", str(refused)), *unseen]
