"""Which integrations a run may work on, and what there is to say about the others."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from booking_sync.model import Workspace
from booking_sync.states import IntegrationState
from booking_sync.store import integrations
from booking_sync.store.integrations import Integration

UNREADABLE = "the Calendar.com key in calendar_default cannot read this workspace any more; nothing is passed on"

PLAN_REASON = "plan"
"""Marks a pause as one of ours, which ends by itself when the plan is back; a person's pause does not."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The integrations that a run may work on, what there is to say about the others, and what is wrong since now."""

    ready: tuple[Integration, ...]
    notices: tuple[str, ...]
    problems: tuple[str, ...]


def plan_reason(workspace: Workspace) -> str:
    """Say why a workspace below Pro is not worked on (K1)."""
    return f"{PLAN_REASON}: {workspace.plan} does not include the HubSpot integration; it needs Pro or above"


def pause_for_plan(connection: Connection, workspace: Workspace, integration: Integration) -> str:
    """Pause an integration whose workspace is below Pro; nothing is deleted (K1). Returns what there is to say."""
    reason = plan_reason(workspace)
    if integration.state is IntegrationState.CONNECTED:
        integrations.set_state(connection, integration.id, IntegrationState.PAUSED, reason)
    return f"{workspace.name}: paused ({reason})"


def is_paused_for_plan(integration: Integration) -> bool:
    """Say whether it was us who paused, and for the plan."""
    is_ours = (integration.state_reason or "").startswith(f"{PLAN_REASON}:")
    return integration.state is IntegrationState.PAUSED and is_ours


def idle_notice(integration: Integration) -> str:
    """Say why nothing is passed on."""
    return f"{integration.workspace_name}: nothing is passed on ({integration.why_idle})"
