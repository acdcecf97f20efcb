"""What operators are alerted to: once for each trouble until it is over, then once again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from booking_sync import alerts
from booking_sync.states import AlertKind
from booking_sync.store import integrations
from booking_sync.store.alert_tables import alert
from booking_sync.store.database import writing
from booking_sync.store.tables import integration
from tests.flow.scene import WORKSPACE, Scene
from tests.flow.test_plan_guard import MANY, cancel, passed_on, refused_run, waiting


def told(scene: Scene) -> list[tuple[AlertKind, str]]:
    """Look for news, tell it, and return what was told."""
    news = alerts.news(scene.services)
    alerts.note_told(scene.services, news)
    return [(one.kind, one.sentence) for one in news]


def kinds(scene: Scene) -> list[AlertKind]:
    return [kind for kind, _ in told(scene)]


def integration_id(scene: Scene) -> str:
    (row,) = scene.rows(select(integration.c.id).where(integration.c.workspace_id == WORKSPACE))
    return str(row["id"])


def break_access(scene: Scene) -> None:
    with writing(scene.services.engine) as connection:
        (row,) = connection.execute(select(integration.c.portal_id)).all()
        integrations.break_integrations(connection, row.portal_id, "HubSpot takes its tokens no more")


def mend_access(scene: Scene) -> None:
    with writing(scene.services.engine) as connection:
        integrations.resume_connection(connection, integration_id(scene))


def test_where_all_is_well_nobody_is_alerted(scene: Scene) -> None:
    passed_on(scene)
    assert told(scene) == []


def test_an_integration_that_needs_reconnecting_is_told_once_until_it_is_mended_then_once_again(scene: Scene) -> None:
    scene.run()
    break_access(scene)
    ((kind, sentence),) = told(scene)
    assert kind is AlertKind.RECONNECT
    assert "HubSpot has to be connected again (HubSpot takes its tokens no more)" in sentence
    assert told(scene) == []
    mend_access(scene)
    assert told(scene) == []
    break_access(scene)
    assert kinds(scene) == [AlertKind.RECONNECT]
    assert len(scene.rows(select(alert))) == 2


def test_each_refused_plan_is_an_alert_of_its_own(scene: Scene) -> None:
    cancel(scene, passed_on(scene))
    refused_run(scene)
    ((kind, sentence),) = told(scene)
    assert kind is AlertKind.REFUSED
    assert f"plan {waiting(scene)} with {MANY} changes is refused: it cancels {MANY} of {MANY} live" in sentence
    scene.run()
    assert told(scene) == []
    scene.calendar.edit("bk_000", event_name="Renamed")
    refused_run(scene)
    assert kinds(scene) == [AlertKind.REFUSED]
    scene.run(approve_plan=waiting(scene))
    assert told(scene) == []
    assert all(row["cleared_at"] for row in scene.rows(select(alert)))


def test_a_request_without_an_answer_is_told_after_an_hour(scene: Scene) -> None:
    scene.run()
    scene.book()
    scene.switches.commit_then_status(path="meetings/batch/create")
    scene.run()
    assert told(scene) == []
    scene.clock.advance(3601)
    with writing(scene.services.engine) as connection:  # the sync itself goes on, only this integration is left out
        connection.execute(update(integration).values(paused_at=scene.clock()))
    ((kind, sentence),) = told(scene)
    assert kind is AlertKind.UNANSWERED
    assert ": 1 request to HubSpot without an answer since" in sentence


def test_no_run_at_all_is_one_alert_and_not_one_for_each_integration(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Other Sales")
    scene.run()
    scene.clock.advance(3601)
    ((kind, sentence),) = told(scene)
    assert kind is AlertKind.NO_RUN
    assert "No sync has ended since" in sentence
    scene.run()
    assert told(scene) == []


def test_an_integration_that_is_left_behind_is_told_although_the_sync_runs(scene: Scene) -> None:
    scene.calendar.add_workspace("ws_2", "Other Sales")
    scene.run()
    scene.clock.advance(3601)
    scene.run(workspaces=("ws_2",))
    ((kind, sentence),) = told(scene)
    assert kind is AlertKind.STALE
    assert "is not passed on yet" in sentence


def test_nobody_is_alerted_to_what_a_person_has_paused(scene: Scene) -> None:
    scene.run()
    with writing(scene.services.engine) as connection:
        connection.execute(update(integration).values(paused_at=scene.clock()))
    scene.clock.advance(86_400)
    assert told(scene) == []


def test_what_could_not_be_told_is_told_by_the_next_and_two_at_once_do_not_tell_it_twice(scene: Scene) -> None:
    scene.run()
    break_access(scene)
    first = alerts.news(scene.services)
    assert alerts.news(scene.services) == []  # somebody is about to tell it
    alerts.give_up(scene.services, first)
    again = alerts.news(scene.services)
    assert again == first
    scene.clock.advance(timedelta(minutes=11).total_seconds())
    assert alerts.news(scene.services) == first  # who claimed it has died
