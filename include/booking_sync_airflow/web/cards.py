"""What the pages say of one integration: its state in words, with the tone in which they are said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from booking_sync.states import IntegrationState
from booking_sync.store.integrations import Integration
from booking_sync_airflow.web.address import pages_path

_LABELS = {
    IntegrationState.CONNECTED: ("Connected", "good"),
    IntegrationState.PAUSED: ("Paused", "warn"),
    IntegrationState.NEEDS_RECONNECTING: ("Needs reconnecting", "bad"),
    IntegrationState.DISCONNECTED: ("Disconnected", ""),
}


@dataclass(frozen=True, slots=True)
class Card:
    """One workspace and its HubSpot account."""

    integration_id: str
    workspace_id: str
    workspace_name: str
    label: str
    tone: str
    reason: str | None
    portal_id: str

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"{pages_path()}/integrations/{quote(self.workspace_id, safe='')}"


def card_of(integration: Integration) -> Card:
    """Describe an integration."""
    label, tone = _LABELS[integration.state]
    return Card(
        integration_id=integration.id,
        workspace_id=integration.workspace_id,
        workspace_name=integration.workspace_name,
        label=label,
        tone=tone,
        reason=integration.state_reason,
        portal_id=integration.portal_id,
    )


def current_integrations(recorded: Iterable[Integration]) -> list[Integration]:
    """Return one integration a workspace: of several portals the one that is in use, else the one used last."""
    current: dict[str, Integration] = {}
    for integration in sorted(
        recorded, key=lambda one: (one.state is not IntegrationState.DISCONNECTED, one.connected_at)
    ):
        current[integration.workspace_id] = integration
    return list(current.values())
