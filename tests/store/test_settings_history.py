"""Settings of an integration in the database: kept whole, with who changed which of them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, update

from booking_sync.integration_settings import DEFAULT_SETTINGS, check_settings
from booking_sync.store.database import reading, writing
from booking_sync.store.settings_history import load_settings, save_settings, settings_changes
from booking_sync.store.tables import integration
from tests.store.conftest import INTEGRATION, NOW


def test_an_integration_begins_with_the_defaults(engine: Engine) -> None:
    with reading(engine) as connection:
        assert load_settings(connection, INTEGRATION) == DEFAULT_SETTINGS
        assert settings_changes(connection, INTEGRATION) == []


def test_every_change_is_kept_with_who_made_it(engine: Engine) -> None:
    first = check_settings({"guests": "associate"})
    second = check_settings({"guests": "associate", "mark_completed": True})
    later = NOW + timedelta(minutes=1)
    with writing(engine) as connection:
        assert save_settings(connection, INTEGRATION, first, changed_by="ada", at=NOW)
        assert save_settings(connection, INTEGRATION, second, changed_by="grace", at=later)
    with reading(engine) as connection:
        assert load_settings(connection, INTEGRATION) == second
        newest, oldest = settings_changes(connection, INTEGRATION)
    assert (oldest.changed_by, oldest.at) == ("ada", NOW)
    assert (oldest.before, oldest.after) == ({"guests": "ignore"}, {"guests": "associate"})
    assert (newest.changed_by, newest.at) == ("grace", later)
    assert (newest.before, newest.after) == ({"mark_completed": False}, {"mark_completed": True})


def test_saving_what_is_there_already_changes_nothing(engine: Engine) -> None:
    with writing(engine) as connection:
        assert not save_settings(connection, INTEGRATION, DEFAULT_SETTINGS, changed_by="ada", at=NOW)
    with reading(engine) as connection:
        assert settings_changes(connection, INTEGRATION) == []


def test_settings_that_cannot_be_read_are_mended_by_saving(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(integration).values(settings={"guests": "all", "of_a_newer_version": 1}))
        assert save_settings(connection, INTEGRATION, DEFAULT_SETTINGS, changed_by="ada", at=NOW)
    with reading(engine) as connection:
        assert load_settings(connection, INTEGRATION) == DEFAULT_SETTINGS
        (change,) = settings_changes(connection, INTEGRATION)
    assert change.before == {"guests": "all"}
