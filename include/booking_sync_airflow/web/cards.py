"""A card of the overview in words, with the tone in which each is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from booking_sync.overview import Card, CardState, Health, Overview
from booking_sync.readiness import PLAN_REASON
from booking_sync.states import AccessState
from booking_sync_airflow.web.address import pages_path
from booking_sync_airflow.web.links import run_url

_STATES = {
    CardState.NOT_CONNECTED: ("Not connected", ""),
    CardState.CONNECTED: ("Connected", "good"),
    CardState.PAUSED: ("Paused", "warn"),
    CardState.NEEDS_RECONNECTING: ("Needs reconnecting", "bad"),
    CardState.DISCONNECTED: ("Disconnected", ""),
}
_HEALTH = {
    Health.IDLE: ("Idle", ""),
    Health.WAITING: ("Waiting for a run", ""),
    Health.HEALTHY: ("Healthy", "good"),
    Health.ATTENTION: ("Something waits", "warn"),
    Health.FAILING: ("Last run failed", "bad"),
}
_URGENCY = (
    CardState.NEEDS_RECONNECTING,
    CardState.CONNECTED,
    CardState.PAUSED,
    CardState.NOT_CONNECTED,
    CardState.DISCONNECTED,
)
_COUNTS = {
    "create": "created",
    "recreate": "recreated",
    "cancel": "cancelled",
    "update": "updated",
    "kept": "waiting",
}


@dataclass(frozen=True, slots=True)
class CardView:
    """One card as a template shows it; ``is_oauth`` says how HubSpot is reached."""

    card: Card
    is_oauth: bool

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"{pages_path()}/integrations/{quote(self.card.workspace_id, safe='')}"

    @property
    def label(self) -> str:
        """Its state."""
        return _STATES[self.card.state][0]

    @property
    def tone(self) -> str:
        """How good that is."""
        return _STATES[self.card.state][1]

    @property
    def why(self) -> str | None:
        """Why nothing is passed on, as a sentence."""
        reason = (self.card.why or "").removeprefix(f"{PLAN_REASON}: ").strip()
        return f"{reason[0].upper()}{reason[1:].rstrip('.')}." if reason else None

    @property
    def health(self) -> tuple[str, str]:
        """The health badge: words and tone."""
        return _HEALTH[self.card.health]

    @property
    def needs_a_look(self) -> bool:
        """Whether the page Booking sync has more to say of the health."""
        return self.card.health in {Health.ATTENTION, Health.FAILING}

    @property
    def may_grant(self) -> bool:
        """Whether GRANT HUBSPOT ACCESS is the next thing to do."""
        is_waiting = self.card.state in {CardState.NOT_CONNECTED, CardState.DISCONNECTED, CardState.NEEDS_RECONNECTING}
        return self.is_oauth and is_waiting and self.card.cannot_connect is None

    @property
    def is_active(self) -> bool:
        """Whether there is something to disconnect."""
        return self.card.integration_id is not None and self.card.state is not CardState.DISCONNECTED

    @property
    def is_working(self) -> bool:
        """Whether runs pass anything on."""
        return self.card.state is CardState.CONNECTED

    @property
    def is_paused_by_person(self) -> bool:
        """Whether resuming is a person's business; a pause for the plan ends by itself."""
        return self.card.state is CardState.PAUSED and self.card.is_paused_by_person

    @property
    def may_connect_again(self) -> bool:
        """Whether a button connects it again without HubSpot being asked: its account is that of the service key."""
        return not self.is_oauth and self.card.state is CardState.DISCONNECTED

    @property
    def may_uninstall(self) -> bool:
        """Whether the app can be uninstalled from here: that takes access."""
        portal = self.card.portal
        return self.is_oauth and portal is not None and portal.access is AccessState.USABLE

    @property
    def counts(self) -> dict[str, int]:
        """What the last day brought, in words; what is nought is left out."""
        given = self.card.counts_of_day
        return {words: given[name] for name, words in _COUNTS.items() if given.get(name)}

    @property
    def scopes(self) -> str:
        """Whether HubSpot granted what is needed."""
        portal = self.card.portal
        if portal is None or portal.access is None:
            return "those of the service key" if not self.is_oauth else "none"
        return f"{len(portal.missing_scopes)} missing" if portal.missing_scopes else "all granted"

    @property
    def budget(self) -> str:
        """How much of HubSpot's limits the last run has used, by what HubSpot said then."""
        said = self.card.last_run.budget if self.card.last_run else {}
        if "daily_limit" in said and "daily_remaining" in said:
            return f"{said['daily_limit'] - said['daily_remaining']:,} of {said['daily_limit']:,} a day used"
        if "burst_limit" in said and "burst_remaining" in said:
            return f"at most {said['burst_limit'] - said['burst_remaining']:,} of {said['burst_limit']:,} in 10 seconds"
        return ""

    @property
    def last_run_url(self) -> str | None:
        """The last run in Airflow."""
        last = self.card.last_run
        return None if last is None else run_url(last.dag_id, last.dag_run_id)

    @property
    def portal_url(self) -> str | None:
        """The meetings of the portal in HubSpot."""
        portal = self.card.portal
        if portal is None or not portal.ui_domain:
            return None
        return f"https://{portal.ui_domain}/contacts/{quote(portal.id, safe='')}/objects/0-1"


def card_views(overview: Overview) -> list[CardView]:
    """Return every card, the most urgent first."""
    views = [CardView(card, overview.is_oauth) for card in overview.cards]
    return sorted(views, key=lambda view: (_URGENCY.index(view.card.state), view.card.workspace_name.casefold()))


def by_state(views: list[CardView]) -> Mapping[str, int]:
    """Count the cards by state, for the sentence on top of the page."""
    counts: dict[str, int] = {}
    for view in views:
        counts[view.label] = counts.get(view.label, 0) + 1
    return counts
