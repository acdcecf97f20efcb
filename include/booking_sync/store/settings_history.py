"""The settings of integrations as stored, with who changed them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from booking_sync.integration_settings import IntegrationSettings, read_settings
from booking_sync.store.access_tables import settings_history
from booking_sync.store.tables import integration


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """One change: the settings that it concerned, as JSON, before and after."""

    at: datetime
    changed_by: str
    before: dict[str, Any]
    after: dict[str, Any]


def load_settings(connection: Connection, integration_id: str) -> IntegrationSettings:
    """Return the settings of an integration.

    Raises:
        IntegrationUnavailable: what is stored was not written by us.
    """
    statement = select(integration.c.settings).where(integration.c.id == integration_id)
    return read_settings(connection.execute(statement).scalar_one())


def save_settings(
    connection: Connection, integration_id: str, settings: IntegrationSettings, *, changed_by: str, at: datetime
) -> bool:
    """Store settings, and who changed which of them; return False, and store nothing, where all are as before.

    What was stored and cannot be read is replaced, and counts as changed.
    """
    row = select(integration.c.settings).where(integration.c.id == integration_id).with_for_update()
    stored: dict[str, Any] = connection.execute(row).scalar_one()
    wanted = settings.model_dump(mode="json")
    defaults = IntegrationSettings().model_dump(mode="json")
    changed = sorted(name for name in wanted if stored.get(name, defaults[name]) != wanted[name])
    if not changed:
        return False
    kept = {name: value for name, value in stored.items() if name not in wanted}
    stored_anew: dict[str, Any] = {"settings": {**kept, **wanted}}
    if "mark_completed" in changed and settings.mark_completed:
        stored_anew["completed_until"] = at  # meetings that have ended already are left as they are
    connection.execute(update(integration).where(integration.c.id == integration_id).values(stored_anew))
    values = {
        "integration_id": integration_id,
        "at": at,
        "changed_by": changed_by[:250],
        "before": {name: stored.get(name, defaults[name]) for name in changed},
        "after": {name: wanted[name] for name in changed},
    }
    connection.execute(settings_history.insert().values(values))
    return True


def settings_changes(connection: Connection, integration_id: str, *, most: int = 100) -> list[SettingsChange]:
    """Return the latest changes, newest first."""
    columns = (settings_history.c[name] for name in SettingsChange.__dataclass_fields__)
    statement = select(*columns).where(settings_history.c.integration_id == integration_id)
    newest_first = statement.order_by(settings_history.c.id.desc()).limit(most)
    return [SettingsChange(**row) for row in connection.execute(newest_first).mappings()]
