"""Changing the secret key: afterwards the old one opens nothing, and nothing needs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, LargeBinary, MetaData, Table, insert, select

from booking_sandbox.server import Sandbox
from booking_sync import rotation
from booking_sync.errors import ConfigurationError
from booking_sync.store.access_tables import consent, portal_access
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import Vault
from booking_sync.store.sealed import SEALED
from booking_sync.store.tables import mapping
from tests.faults.ways import CREATE
from tests.flow.clock import SceneClock
from tests.flow.conftest import a_scene
from tests.flow.scene import Scene
from tests.operations.own_commands import own_command
from tests.store.conftest import NOW

OLD, NEW = "the secret that was used from the start", "the secret that comes after it"
LONG = rotation.AT_ONCE * 2 + 7


@pytest.fixture
def scene(running_sandbox: Sandbox, clock_of_all_scenes: SceneClock, database_url: str) -> Iterator[Scene]:
    """A scene with something in every encrypted column but those of notices and of a run that is under way."""
    with a_scene(running_sandbox, clock_of_all_scenes, database_url, "allowed") as made:
        made.services = made.new_services(secret_key=OLD)
        made.book("bk_done")
        made.run()
        made.switches.commit_then_status(502, path=CREATE)
        made.book("bk_lost")
        made.run()
        plant_tokens(made)
        yield made


def plant_tokens(scene: Scene) -> None:
    """Put an OAuth portal and a consent that is under way beside it."""
    vault = scene.services.vault
    tokens = {"access_token": vault.encrypt("access"), "refresh_token": vault.encrypt("refresh")}
    access = {"portal_id": "7", "state": "usable", "generation": 1, "scopes": [], "granted_by": "ada"}
    begun = {"state_hash": "s", "browser_hash": "b", "person": "ada", "redirect_uri": "https://airflow.test"}
    with writing(scene.services.engine) as connection:
        connection.execute(insert(portal_access), {**access, **tokens, "granted_at": NOW, "expires_at": NOW})
        verifier = vault.encrypt("verifier")
        connection.execute(insert(consent), {**begun, "code_verifier": verifier, "begun_at": NOW, "expires_at": NOW})


def contents(engine: Engine) -> list[bytes]:
    """Everything encrypted that the database holds."""
    with reading(engine) as connection:
        found = [
            content
            for table, names in SEALED
            for row in connection.execute(select(*(table.c[name] for name in names)))
            for content in row
        ]
    return [content for content in found if content is not None]


def test_every_encrypted_column_is_among_those_that_are_rotated(engine: Engine) -> None:
    tables = MetaData()
    tables.reflect(engine)
    binary = {(table.name, column.name) for table in tables.sorted_tables for column in of_bytes(table)}
    assert binary == {(table.name, name) for table, names in SEALED for name in names}


def of_bytes(table: Table) -> list[Any]:
    return [column for column in table.c if isinstance(column.type, LargeBinary)]


def test_after_a_rotation_the_old_key_is_needed_for_nothing(scene: Scene) -> None:
    engine = scene.services.engine
    before = contents(engine)
    counts = rotation.rotate(engine, Vault([NEW, OLD]))
    assert counts == {"installation": 1, "portal_access": 1, "consent": 1, "change": 2, "mapping": 1}
    after = contents(engine)
    new, old = Vault([NEW]), Vault([OLD])
    assert {new.decrypt_bytes(one) for one in after} == {old.decrypt_bytes(one) for one in before}
    for one in after:
        with pytest.raises(ConfigurationError):
            old.decrypt_bytes(one)
    assert rotation.rotate(engine, new) == {}  # nothing is left to do, and repeating does no harm


def test_runs_go_on_with_the_new_key_alone(scene: Scene) -> None:
    rotation.rotate(scene.services.engine, Vault([NEW, OLD]))
    scene.services = scene.new_services(secret_key=NEW)
    scene.run_after_quiet_time()
    assert len(scene.activities("bk_lost", include_archived=True)) == 1
    scene.move("bk_done", 9)
    scene.run()
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()


def test_without_the_old_key_nothing_is_changed(scene: Scene) -> None:
    before = contents(scene.services.engine)
    with pytest.raises(ConfigurationError, match="BOOKING_SYNC_SECRET_KEY does not fit"):
        rotation.rotate(scene.services.engine, Vault([NEW]))
    assert contents(scene.services.engine) == before


def test_many_rows_are_rotated_slice_by_slice(scene: Scene) -> None:
    engine, vault = scene.services.engine, scene.services.vault
    (row,) = scene.rows(select(mapping))
    with writing(engine) as connection:
        rows = [
            {
                **row,
                "booking_id": f"bk_{number:05}",
                "activity_id": str(10**9 + number),
                "appearance": vault.encrypt("x"),
            }
            for number in range(LONG)
        ]
        connection.execute(insert(mapping), rows)
    assert rotation.rotate(engine, Vault([NEW, OLD]))["mapping"] == LONG + 1
    new = Vault([NEW])
    assert [new.decrypt(one["appearance"]) for one in scene.rows(select(mapping))].count("x") == LONG


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_the_command_says_what_it_did(scene: Scene, tmp_path: Path) -> None:
    url = scene.services.engine.url.render_as_string(hide_password=False)
    done = own_command("rotate", url, tmp_path, BOOKING_SYNC_SECRET_KEY=f"{NEW},{OLD}")
    assert "1 installation, 1 portal_access, 1 consent, 2 change, 1 mapping\n" in done.stdout, done.stderr
    assert done.stdout.endswith("names 1 older key: no longer needed here.\n")
    with pytest.raises(ConfigurationError):
        Vault([OLD]).decrypt_bytes(contents(scene.services.engine)[0])
