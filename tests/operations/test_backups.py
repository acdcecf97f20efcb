"""Fault 119 by the commands of an operator: yesterday's backup is put back while HubSpot is a day ahead."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from booking_sandbox.server import Sandbox
from booking_sync.errors import ConfigurationError
from booking_sync.restoring import restore
from booking_sync.store import schema
from booking_sync.store.backup import back_up, put_back
from booking_sync.store.database import connect_database, writing
from booking_sync.store.encryption import Vault
from booking_sync.store.lease import FENCES_SKIPPED, hold_lease
from booking_sync.store.tables import change, installation, lease, mapping
from tests.docs.commands import blocks
from tests.faults.deeds import cancel, rename
from tests.faults.test_121_upgrades import as_of
from tests.faults.ways import CREATE
from tests.flow.clock import SceneClock
from tests.flow.conftest import a_scene
from tests.flow.scene import Scene
from tests.operations.own_commands import own_command

A_DAY = 86_400.0
KEY = "a key without a comma"
TO = "backup.file"


@pytest.fixture
def scene(
    running_sandbox: Sandbox, clock_of_all_scenes: SceneClock, database_url: str, marker_mode: str
) -> Iterator[Scene]:
    with a_scene(running_sandbox, clock_of_all_scenes, database_url, marker_mode) as made:
        made.add_foreign_activity(hs_meeting_title="Meeting - Calendar.com: Intro call")
        for number in range(8):
            made.book(f"bk_{number}")
        made.run()
        made.move("bk_0", 9)
        cancel(made, "bk_1")
        made.run()
        yield made


def live_a_day(scene: Scene) -> None:
    """Let people do everything that they do in a day; at its end one create was never answered."""
    for hours in (9, 10):
        scene.move("bk_2", hours)
        scene.run()
    scene.move("bk_0", 15)
    rename(scene, "bk_3")
    cancel(scene, "bk_4")
    scene.move_to_new("bk_5", 12, "bk_5_moved")
    scene.book("bk_new")
    scene.run()
    scene.move("bk_new", 13)
    scene.run()
    scene.clock.advance(A_DAY)
    scene.switches.commit_then_status(502, path=CREATE)
    scene.book("bk_lost")
    scene.run()


def restore_into(scene: Scene, backup: Path | None) -> str | None:
    """Restore as ``make restore`` does, and go on with what was restored; None: it has been put back already."""
    scene.services.engine.dispose()
    engine = connect_database(scene.database_url)
    before = restore(engine, scene.services.vault, backup)
    engine.dispose()
    scene.services = scene.new_services()
    scene.has_exact_audit = False  # what was written since is in no audit any more
    return before


@pytest.mark.parametrize("marker_mode", ["allowed", "ignored"])
def test_fault_119_after_a_day_old_backup_is_restored_every_booking_is_there_once(scene: Scene, tmp_path: Path) -> None:
    back_up(scene.services.engine, tmp_path / TO)
    assert oct((tmp_path / TO).stat().st_mode)[-3:] == "600"
    live_a_day(scene)
    before = {one["id"] for one in scene.hubspot.activities()}
    restore_into(scene, tmp_path / TO)
    assert scene.rows(select(func.count()).select_from(mapping))[0]["count_1"] == 8
    scene.sandbox.hubspot.history.clear()
    scene.run()
    assert {one["id"] for one in scene.hubspot.activities()} == before  # nothing is made twice, nothing archived
    scene.everything_is_right()
    scene.assert_repeating_writes_nothing()
    scene.move("bk_2", 16)
    cancel(scene, "bk_new")
    scene.run()
    scene.everything_is_right()


def test_a_backup_with_open_changes_is_taken_while_a_worker_is_at_work(scene: Scene, tmp_path: Path) -> None:
    scene.switches.commit_then_status(502, path=CREATE)
    scene.book("bk_lost")
    scene.run()
    with hold_lease(scene.services.engine, "ws_1@424242", holder="run 7 apply_create", seconds=180):
        back_up(scene.services.engine, tmp_path / TO)
    with pytest.raises(ConfigurationError, match="exists already"):
        back_up(scene.services.engine, tmp_path / TO)
    scene.run_after_quiet_time()
    engine = connect_database(scene.database_url)
    with writing(engine) as connection:
        connection.execute(delete(change))
    restore_into(scene, tmp_path / TO)
    assert {row["state"] for row in scene.rows(select(change.c.state))} >= {"unknown"}
    (held,) = scene.rows(select(lease))
    assert (held["holder"], held["fence"] > FENCES_SKIPPED) == (None, True)
    scene.run_after_quiet_time()
    assert len(scene.activities("bk_lost", include_archived=True)) == 1
    scene.everything_is_right()


def test_a_backup_of_an_earlier_release_is_upgraded_as_it_is_restored(
    scene: Scene, new_database: Callable[[], str], tmp_path: Path
) -> None:
    back_up(as_of("0012", scene, new_database()), tmp_path / TO)
    assert restore_into(scene, tmp_path / TO) == "0012"
    scene.run()
    scene.everything_is_right()


def test_nothing_is_restored_under_a_running_worker_or_with_what_is_no_backup(scene: Scene, tmp_path: Path) -> None:
    before = scene.rows(select(mapping).order_by(mapping.c.booking_id))
    back_up(scene.services.engine, tmp_path / TO)
    engine = connect_database(scene.database_url)
    with (
        hold_lease(engine, "ws_1@424242", holder="run 7 apply_create", seconds=180),
        pytest.raises(ConfigurationError, match="Stop the runs first: run 7 apply_create"),
    ):
        put_back(engine, tmp_path / TO)
    whole = (tmp_path / TO).read_bytes()
    for number, content in enumerate((b"", b"nothing of ours", whole[: len(whole) // 2])):
        broken = tmp_path / f"broken_{number}"
        broken.write_bytes(content)
        with pytest.raises(ConfigurationError, match="no whole backup"):
            put_back(engine, broken)
    assert scene.rows(select(mapping).order_by(mapping.c.booking_id)) == before


def test_another_programs_database_is_not_replaced(
    scene: Scene, new_database: Callable[[], str], tmp_path: Path
) -> None:
    back_up(scene.services.engine, tmp_path / TO)
    other = connect_database(new_database())
    with other.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE dag_run (id INTEGER)")
    with pytest.raises(ConfigurationError, match="tables that this version does not know: dag_run"):
        put_back(other, tmp_path / TO)


def test_a_restore_into_a_new_database_says_when_the_key_does_not_fit(
    scene: Scene, new_database: Callable[[], str], tmp_path: Path
) -> None:
    back_up(scene.services.engine, tmp_path / TO)
    with pytest.raises(ConfigurationError, match="BOOKING_SYNC_SECRET_KEY does not fit"):
        restore(connect_database(new_database()), Vault(["quite another key"]), tmp_path / TO)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_commands_do_it_and_say_so(scene: Scene, tmp_path: Path) -> None:
    key = {"BOOKING_SYNC_SECRET_KEY": KEY}
    with writing(scene.services.engine) as connection:
        connection.execute(update(installation).values(salt=Vault([KEY]).encrypt_bytes(b"salt")))
    made = own_command("backup", scene.database_url, tmp_path, tmp_path / "backups", **key)
    (backup,) = (tmp_path / "backups").iterdir()
    assert f"-> {backup} ({backup.stat().st_size:,} bytes)" in made.stdout, made.stderr
    put = own_command("restore", scene.database_url, tmp_path, backup, **key)
    assert f"schema {schema.head_revision()} -> {schema.head_revision()}" in put.stdout, put.stderr
    assert list((tmp_path / "backups").iterdir()) == [backup]
    again = own_command("restore", scene.database_url, tmp_path, backup.with_suffix(".other"), **key)
    assert (again.returncode, again.stderr) == (1, f"There is no file {backup.with_suffix('.other')}.\n")


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("command", ["backup", "prune", "rotate"])
def test_a_shell_that_leads_to_no_database_is_told_so_and_none_is_made(
    command: str, database_kind: str, tmp_path: Path
) -> None:
    nowhere = tmp_path / f"{database_kind}.db"
    arguments = [tmp_path / "backups"] if command == "backup" else []
    done = own_command(command, f"sqlite:///{nowhere}", tmp_path, *arguments, BOOKING_SYNC_SECRET_KEY=KEY)
    assert done.returncode == 1
    assert done.stderr.startswith(f"There is no mapping database at sqlite:///{nowhere}.")
    assert not nowhere.exists()
    assert not list(tmp_path.glob("backups/*"))


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_what_postgresqls_own_tools_put_back_in_containers_ends_right(scene: Scene, tmp_path: Path) -> None:
    backup, restoring = (one for one in blocks() if one.page.name == "deployment.md" and "postgres p" in one.text)
    type_without_docker(backup.commands, scene, tmp_path)
    live_a_day(scene)
    for _ in range(2):  # the second backup is of what was restored
        type_without_docker(restoring.commands, scene, tmp_path)
        assert restore_into(scene, None) == schema.head_revision()
        scene.sandbox.hubspot.history.clear()
        scene.run()
        scene.everything_is_right()
        scene.assert_repeating_writes_nothing()
        type_without_docker(backup.commands, scene, tmp_path)


def type_without_docker(commands: list[str], scene: Scene, folder: Path) -> None:
    """Run those commands of PostgreSQL that would run in its container, with the names of the test's database."""
    scene.services.engine.dispose()
    location = scene.services.engine.url
    inside = "docker compose exec -T postgres "
    script = "\n".join(["set -e", *(one.removeprefix(inside) for one in commands if one.startswith(inside))])
    script = script.replace("--username=booking_sync", f"--username={location.username}")
    script = re.sub(r"\bbooking_sync(?= |$)", str(location.database), script, flags=re.MULTILINE)
    here = {**os.environ, "PGHOST": str(location.query["host"])}
    done = subprocess.run(["/bin/sh", "-c", script], cwd=folder, env=here, capture_output=True, text=True, check=False)  # noqa: S603 - our own page
    assert done.returncode == 0, done.stderr
