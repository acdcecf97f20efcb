"""The tab Plan: what a run will do or did, for whom, in pages; and its export."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, insert, select

from booking_sandbox.server import Sandbox
from booking_sync.services import utc_now
from booking_sync.store.database import reading, writing
from booking_sync.store.intervention_tables import ignored_booking
from booking_sync.store.read_tables import untouched_booking
from booking_sync.store.tables import change, drift, integration_run
from booking_sync.store.tables import run as run_table
from booking_sync_airflow.identity import AUDIT_DAG_ID
from booking_sync_airflow.web.plan_csv import COLUMNS, DANGEROUS, safe_cell
from tests.airflow.web.browsing import ADMIN, OPERATOR, VIEWER, Browser, User, words
from tests.airflow.web.runs import run
from tests.docs.pages import ROOT, plain
from tests.docs.pages import table as table_of

pytestmark = pytest.mark.airflow

ADA = {"id": "in_1", "name": "Ada Lovelace", "email": "ada@example.com"}
START = utc_now().replace(microsecond=0, second=0) + timedelta(days=1)


def plan(run_id: str = "manual__1", dag_id: str = "calendar_hubspot_sync", *, page: str = "/plan", **asked: str) -> str:
    more = "".join(f"&{name}={quote(value)}" for name, value in asked.items())
    return f"{page}?dag_id={dag_id}&run_id={quote(run_id, safe='')}{more}"


@pytest.fixture
def bookings(acme: str, sandbox: Sandbox) -> list[str]:
    """Three bookings of Ada's that a run has passed on; since then one moved, one was cancelled, one renamed."""
    calendar = sandbox.calendar.state
    made: list[str] = [
        calendar.book(acme, start_at=START, end_at=START + timedelta(minutes=30), invitees=[ADA])["id"]
        for _ in range(3)
    ]
    assert not run("manual__0", booking_ids=made).is_red
    calendar.reschedule_in_place(made[0], START + timedelta(hours=3))
    calendar.cancel(made[1])
    calendar.edit(made[2], event_name="A better name")
    calendar.edit(made[0], host={**calendar.booking(made[0])["host"], "name": "=HYPERLINK(1)"})
    return made


def test_a_dry_run_shows_old_and_new_of_everything_and_writes_nothing(  # W4
    browser: Callable[[User], Browser], sandbox: Sandbox, bookings: list[str]
) -> None:
    before = len(sandbox.hubspot.history.writes())
    assert not run(booking_ids=bookings, dry_run=True).is_red

    operator = browser(OPERATOR)
    said = {group: words(operator.get(plan(group=group))) for group in ("recreate", "cancel", "update", "create")}

    assert len(sandbox.hubspot.history.writes()) == before
    later = START + timedelta(hours=3)
    assert "Dry run: this is what a real run would do." in said["recreate"]
    assert f"start {START:%Y-%m-%d %H:%M} UTC → {later:%Y-%m-%d %H:%M} UTC" in said["recreate"]
    assert "(rule R1)" in said["recreate"]
    assert "title " in said["cancel"]
    assert "→ [Canceled] " in said["cancel"]
    assert "outcome SCHEDULED → CANCELED" in said["cancel"]
    assert "→ Meeting - Calendar.com: A better name" in said["update"]
    assert "Nothing in this group." in said["create"]
    assert all("Lovelace" not in text and "ada@" not in text for text in said.values())


def test_the_tab_has_the_checksum_the_records_and_the_way_to_each_booking(
    browser: Callable[[User], Browser], mapping: Engine, bookings: list[str], sandbox: Sandbox
) -> None:
    run(booking_ids=bookings, dry_run=True)
    run("manual__2", booking_ids=bookings)
    shown = browser(VIEWER).get(plan("manual__2", group="recreate"))

    with reading(mapping) as connection:
        of_runs = select(integration_run.c.plan_checksum).join(run_table, run_table.c.id == integration_run.c.run_id)
        *_, previewed, applied = connection.execute(of_runs.order_by(run_table.c.opened_at)).scalars()
    assert previewed == applied
    assert applied in words(shown)
    assert words(browser(VIEWER).get(plan())).count(previewed) == 1
    live = sandbox.hubspot.state.activities(portal_id=424_242)
    assert any(f"record/0-47/{one['id']}" in shown.text for one in live)
    assert f"/booking-sync/bookings/{bookings[0]}?integration=" in shown.text
    assert "Done" in words(shown)
    every = {one["id"] for one in sandbox.hubspot.state.activities(portal_id=424_242, include_archived=True)}
    created = set(re.findall(r"record/0-47/(\d+)", browser(VIEWER).get(plan("manual__0", group="create")).text))
    assert len(created) == len(bookings)
    assert created <= every


def test_names_of_hosts_are_for_operators(browser: Callable[[User], Browser], bookings: list[str]) -> None:
    run("manual__9", booking_ids=bookings[:1])

    page, csv_page = plan("manual__0", group="create"), plan("manual__0", page="/plan.csv")
    viewer, operator = browser(VIEWER), browser(OPERATOR)

    assert "host changes; names are for operators" in words(viewer.get(page))
    assert "names are for operators" not in words(operator.get(page))
    (_, for_viewer, *_), (_, for_operator, *_) = (table(one.get(csv_page).text) for one in (viewer, operator))
    host = COLUMNS.index("host_new")
    assert for_viewer[host] == ""
    assert for_operator[host]


def test_items_are_searched_and_filtered_by_the_server(browser: Callable[[User], Browser], bookings: list[str]) -> None:
    run(booking_ids=bookings)
    viewer = browser(VIEWER)

    found = words(viewer.get(plan("manual__0", q=bookings[1].upper())))
    none = words(viewer.get(plan("manual__0", q="100%_")))
    kept = words(viewer.get(plan("manual__0", state="kept")))

    assert bookings[1] in found
    assert bookings[0] not in found
    assert "Nothing fits the filter." in none
    assert "Nothing fits the filter." in kept


def test_what_was_rejected_or_waits_is_listed_with_its_reason(
    browser: Callable[[User], Browser], acme: str, sandbox: Sandbox
) -> None:
    broken = sandbox.calendar.state.book(acme, start_at=START, end_at=START + timedelta(minutes=30))["id"]
    sandbox.calendar.state.edit(broken, end_at=START - timedelta(hours=1))
    run(booking_ids=[broken])

    said = words(browser(VIEWER).get(plan(group="rejected")))

    assert "Rejected 1" in said
    assert "end_at: before start_at" in said


def test_a_run_of_another_dag_and_one_that_has_not_begun_are_told_so(browser: Callable[[User], Browser]) -> None:
    viewer = browser(VIEWER)

    assert "makes no plans" in words(viewer.get(plan(dag_id="somebody_elses")))
    assert "No plan yet" in words(viewer.get(plan("manual__never")))
    assert viewer.get(plan("manual__never", page="/plan.csv")).status_code == 404
    assert viewer.get("/plan").status_code == 400


def test_what_was_left_as_it_is_is_listed_found_and_exported(
    browser: Callable[[User], Browser], acme: str, sandbox: Sandbox, bookings: list[str]
) -> None:
    run(booking_ids=bookings)
    same = sandbox.calendar.state.book(acme, start_at=START, end_at=START + timedelta(minutes=30))["id"]
    run("manual__2", booking_ids=[same])
    run("manual__3", booking_ids=[same, bookings[0]])
    viewer = browser(VIEWER)

    shown = viewer.get(plan("manual__3"))
    found, none = (words(viewer.get(plan("manual__3", group="unchanged", q=sought))) for sought in (same, "bk_404"))
    header, *rows = table(viewer.get(plan("manual__3", page="/plan.csv", q=same)).text)
    by_state = table(viewer.get(plan("manual__3", page="/plan.csv", state="done")).text)

    assert "Unchanged 2" in words(shown)
    assert "The activity in HubSpot shows it already" in words(shown)
    assert f"/booking-sync/bookings/{same}?integration=" in shown.text
    activity_id = next(one["id"] for one in sandbox.hubspot.state.activities() if _is_of(one, same))
    assert f"record/0-47/{activity_id}" in shown.text
    assert same in found
    assert bookings[0] not in found
    assert "Nothing fits the filter." in none
    (row,) = (dict(zip(header, row, strict=True)) for row in rows)
    assert (row["group"], row["state"], row["booking_id"], row["booking_version"], row["activity_id"]) == (
        *("unchanged", "unchanged", same, "1"),
        activity_id,
    )
    assert row["hubspot_url"].endswith(activity_id)
    assert by_state == [header]


def _is_of(activity: dict[str, Any], booking_id: str) -> bool:
    return bool(activity["properties"].get("calendar_booking_id") == booking_id)


def test_a_reason_that_a_person_typed_is_no_formula_and_no_markup_either(
    browser: Callable[[User], Browser], mapping: Engine, bookings: list[str]
) -> None:
    run("manual__3", booking_ids=bookings)
    with writing(mapping) as connection:
        (integration_id,) = connection.execute(select(integration_run.c.integration_id).distinct()).scalars()
        of_run = select(run_table.c.id).where(run_table.c.dag_run_id == "manual__3")
        mine = {"integration_id": integration_id, "booking_id": "=1+1", "booking_version": 1}
        connection.execute(
            insert(untouched_booking),
            mine | {"run_id": connection.execute(of_run).scalar_one(), "verdict": "ignored"},
        )
        said = {"ignored_by": "otto", "ignored_at": START, "reason": "<b>no</b>"}
        connection.execute(insert(ignored_booking), mine | said)

    shown = browser(VIEWER).get(plan("manual__3", group="unchanged"))
    rows = table(browser(VIEWER).get(plan("manual__3", page="/plan.csv")).text)

    assert "A person had said to leave it as it is until it changes. otto: “&lt;b&gt;no&lt;/b&gt;”." in shown.text
    assert not [cell for row in rows for cell in row if cell.startswith(DANGEROUS)]
    assert "'=1+1" in {row[COLUMNS.index("booking_id")] for row in rows}


def test_a_long_list_of_what_was_left_as_it_is_has_pages(
    browser: Callable[[User], Browser], mapping: Engine, bookings: list[str]
) -> None:
    run("manual__3", booking_ids=bookings[:1])
    with writing(mapping) as connection:
        of_run = select(integration_run.c.run_id, integration_run.c.integration_id)
        mine = connection.execute(of_run.join(run_table).where(run_table.c.dag_run_id == "manual__3")).mappings().one()
        what = {**mine, "booking_version": 1, "verdict": "unchanged"}
        connection.execute(insert(untouched_booking), [what | {"booking_id": f"bk_{n:05}"} for n in range(2_101)])
    viewer = browser(VIEWER)

    last = viewer.get(plan("manual__3", group="unchanged", number="43"))
    _, *rows = table(viewer.get(plan("manual__3", page="/plan.csv")).text)

    assert "Page 43 of 43, 2,101 items" in words(last)
    assert last.text.count("<li>") == 1
    assert {f"bk_{n:05}" for n in range(2_101)} <= {row[COLUMNS.index("booking_id")] for row in rows}
    assert len(rows) == 2_102  # and the change


def test_a_run_from_before_the_list_existed_says_so_instead_of_showing_none(
    browser: Callable[[User], Browser], mapping: Engine, acme: str, sandbox: Sandbox
) -> None:
    same = sandbox.calendar.state.book(acme, start_at=START, end_at=START + timedelta(minutes=30))["id"]
    run(booking_ids=[same])
    run("manual__2", booking_ids=[same])
    with writing(mapping) as connection:
        connection.execute(untouched_booking.delete())

    said = words(browser(VIEWER).get(plan("manual__2")))

    assert "Unchanged 1" in said
    assert "Of these bookings only the number is kept, so they are not listed: 1 unchanged." in said
    assert "Nothing in this group." not in said


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_the_export_has_every_item_and_no_formula(browser: Callable[[User], Browser], bookings: list[str]) -> None:
    run(booking_ids=bookings, dry_run=True)

    answer = browser(ADMIN).get(plan(page="/plan.csv"))

    header, *rows = table(answer.text)
    assert header == list(COLUMNS)
    assert sorted(row[COLUMNS.index("booking_id")] for row in rows) == sorted(bookings)
    hosts = {row[COLUMNS.index("host_new")] for row in rows}
    assert "'=HYPERLINK(1)" in hosts
    assert not [cell for row in rows for cell in row if cell.startswith(DANGEROUS)]
    assert answer.headers["content-disposition"] == 'attachment; filename="plan-manual--1.csv"'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_would_be_a_formula_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell(f"a{text}") == f"a{text}"


def test_a_long_plan_is_shown_in_pages_and_exported_whole(
    browser: Callable[[User], Browser], mapping: Engine, bookings: list[str]
) -> None:
    run(booking_ids=bookings, dry_run=True)
    with writing(mapping) as connection:
        row = dict(connection.execute(select(change).where(change.c.state == "previewed").limit(1)).mappings().one())
        more = [row | {"id": f"more_{n:05}", "booking_id": f"bk_more_{n:05}"} for n in range(4_100)]
        connection.execute(insert(change), [one | {"operation": "create"} for one in more])
    viewer = browser(VIEWER)

    first, last = (viewer.get(plan(group="create", number=number)) for number in ("1", "82"))
    header, *rows = table(viewer.get(plan(page="/plan.csv")).text)

    assert "Page 1 of 82, 4,100 items" in words(first)
    assert first.text.count("<li>") == last.text.count("<li>") == 50
    assert "bk_more_04099" in last.text
    assert header
    assert len({row[COLUMNS.index("booking_id")] for row in rows}) == 4_103


def test_every_column_of_the_export_is_documented() -> None:
    rows = table_of(ROOT / "docs/watching.md", "export")

    assert [plain(name) for row in rows for name in row["Column"].split(", ")] == list(COLUMNS)


def test_an_audit_lists_what_it_found_and_what_it_mended(  # D5
    browser: Callable[[User], Browser], mapping: Engine, bookings: list[str]
) -> None:
    assert bookings
    with writing(mapping) as connection:
        of_run = dict(connection.execute(select(run_table)).mappings().first() or {})
        part = dict(connection.execute(select(integration_run)).mappings().first() or {})
        connection.execute(insert(run_table), of_run | {"id": "a", "dag_id": AUDIT_DAG_ID, "dag_run_id": "audit__1"})
        connection.execute(insert(integration_run), part | {"run_id": "a", "counts": {}, "plan_checksum": None})
        found = {"run_id": "a", "integration_id": part["integration_id"], "found_at": START, "activity_id": "77"}
        findings = [("edited", "a person changed the title", False), ("duplicate", "there are two", True)]
        connection.execute(
            insert(drift), [found | {"kind": kind, "sentence": said, "mended": done} for kind, said, done in findings]
        )

    said = words(browser(VIEWER).get(plan("audit__1", AUDIT_DAG_ID)))

    assert "What this audit found, and what it mended." in said
    assert "Found 2" in said
    assert "without an id Edited Activity 77 a person changed the title" in said
    assert "without an id Mended Activity 77 there are two" in said
