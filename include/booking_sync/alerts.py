"""What operators should be told of without looking: which troubles there are now, and which are news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from booking_sync.approval import SYNC_DAG_ID
from booking_sync.services import Services
from booking_sync.states import AlertKind, IntegrationState, RefusedState
from booking_sync.store import alerts, integrations, refused_plans
from booking_sync.store.alerts import Alert, Trouble
from booking_sync.store.database import reading, writing
from booking_sync.store.tables import IS_IN_FLIGHT, change, integration, run
from booking_sync.utc_minute import utc_minute

UNANSWERED_FOR = timedelta(hours=1)
"""From when on a request without an answer is for people: what rests is settled long before, by itself."""


def news(services: Services) -> list[Alert]:
    """Look what is wrong now, and return what nobody has been told of yet; it is claimed for whoever asks."""
    now = services.clock()
    with reading(services.engine) as connection:
        found = [*troubles(connection, now, timedelta(seconds=services.settings.freshness_seconds))]
    with writing(services.engine) as connection:
        alerts.record_troubles(connection, found, now)
        return alerts.claim_untold(connection, now)


def note_told(services: Services, told: Sequence[Alert]) -> None:
    """Note that operators have been told."""
    with writing(services.engine) as connection:
        alerts.note_told(connection, [one.id for one in told], services.clock())


def give_up(services: Services, untold: Sequence[Alert]) -> None:
    """Leave to the next one who looks what could not be told."""
    with writing(services.engine) as connection:
        alerts.give_up_claim(connection, [one.id for one in untold])


def troubles(connection: Connection, now: datetime, freshness: timedelta) -> Iterator[Trouble]:
    """Look what is wrong now; ``freshness``: how long nothing may have been passed on."""
    yield from _broken(connection)
    yield from _refused(connection)
    yield from _unanswered(connection, now)
    no_run = _no_run(connection, now - freshness)
    yield from [no_run] if no_run else _stale(connection, now - freshness)


def _broken(connection: Connection) -> Iterator[Trouble]:
    is_broken = integration.c.state == IntegrationState.NEEDS_RECONNECTING
    columns = (integration.c.id, integration.c.workspace_name, integration.c.state_reason)
    for id_, name, reason in connection.execute(select(*columns).where(is_broken)):
        because = f" ({reason})" if reason else ""
        sentence = f"{name}: HubSpot has to be connected again{because}. Nothing is passed on until then."
        yield Trouble(AlertKind.RECONNECT, id_, sentence)


def _refused(connection: Connection) -> Iterator[Trouble]:
    waiting = [one for one in refused_plans.held_back_plans(connection) if one.state is RefusedState.WAITING]
    names = _names(connection) if waiting else {}
    for plan in waiting:
        name = names.get(plan.integration_id, plan.integration_id)
        why = "; ".join(plan.reasons)
        sentence = f"{name}: plan {plan.checksum} with {plan.size} changes is refused: {why}. Nothing of it is written."
        yield Trouble(AlertKind.REFUSED, f"{plan.checksum} {plan.id}", sentence)


def _unanswered(connection: Connection, now: datetime) -> Iterator[Trouble]:
    columns = (change.c.integration_id, func.count(), func.min(change.c.sent_at))
    statement = (
        select(*columns).where(IS_IN_FLIGHT, change.c.sent_at < now - UNANSWERED_FOR).group_by(change.c.integration_id)
    )
    found = list(connection.execute(statement))
    names = _names(connection) if found else {}
    for id_, count, since in found:
        requests = "1 request" if count == 1 else f"{count} requests"
        unanswered = f"{requests} to HubSpot without an answer since {utc_minute(since)}"
        sentence = f"{names[id_]}: {unanswered}: what came of it is unknown."
        yield Trouble(AlertKind.UNANSWERED, id_, sentence)


def _no_run(connection: Connection, least: datetime) -> Trouble | None:
    """Say that no sync has ended for too long, if there is anything to be passed on."""
    if connection.execute(select(integration.c.id).where(*_IS_WORKING).limit(1)).first() is None:
        return None
    is_ended = (run.c.dag_id == SYNC_DAG_ID) & run.c.closed_at.is_not(None)
    last = connection.execute(
        select(run.c.closed_at).where(is_ended).order_by(run.c.opened_at.desc()).limit(1)
    ).scalar()
    if last is None or last >= least:
        return None
    return Trouble(
        AlertKind.NO_RUN, "", f"No sync has ended since {utc_minute(last)}: nothing is passed on to anybody."
    )


def _stale(connection: Connection, least: datetime) -> Iterator[Trouble]:
    columns = (integration.c.id, integration.c.workspace_name, integration.c.watermark)
    late = select(*columns).where(*_IS_WORKING, integration.c.watermark < least)
    for id_, name, watermark in connection.execute(late):
        sentence = f"{name}: what changed since {utc_minute(watermark)} is not passed on yet."
        yield Trouble(AlertKind.STALE, id_, sentence)


def _names(connection: Connection) -> dict[str, str]:
    return {one.id: one.workspace_name for one in integrations.all_integrations(connection)}


_IS_WORKING = (integration.c.state == IntegrationState.CONNECTED, integration.c.paused_at.is_(None))
