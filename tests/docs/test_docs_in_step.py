"""What the documentation says is what the code does. Runs in ``make check`` too, so nothing slow is imported here."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from booking_sync.plan import FIRST_STEP
from booking_sync.render import render_activity, render_cancel, render_contact, render_mark, render_update
from booking_sync.report import COLUMNS
from booking_sync.request import RunRequest, parse_request
from booking_sync.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES
from booking_sync.settings import PREFIX, Settings
from booking_sync.settings_form import form_fields
from booking_sync.states import ActivityOutcome, ChangeState, IntegrationState, Step
from tests.builders import a_booking
from tests.docs.decisions import Row, situations
from tests.docs.pages import (
    PAGES,
    ROOT,
    fences,
    links,
    make_targets_named,
    missing_paths,
    plain,
    rows_of,
    table,
    tree_paths,
)

FLOW, SETTINGS, RULES = (ROOT / "docs" / name for name in ("flow.md", "settings.md", "rules.md"))
DEPLOYMENT = [ROOT / name for name in (".env.example", "docker-compose.yaml")]
README, CHANGELOG = ROOT / "README.md", ROOT / "CHANGELOG.md"
RECORDS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
RULE_ID = re.compile(r"\b[ACDKMQRWX][1-9]\b")
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
EVERY_RECORD = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)


class AskedFor(Mapping[str, str]):
    """An environment without any variable, which remembers what it was asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _section(page: Path, heading: str) -> str:
    return page.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


# --- settings and the trigger form ------------------------------------------------------------------------------------


def test_every_setting_is_documented_and_no_other() -> None:
    environment = AskedFor()
    Settings.from_environment(environment)
    assert {plain(row["Name"]) for row in table(SETTINGS, "settings")} == environment.names
    keys_in_a_file = f"{PREFIX}SECRET_KEY_FILE"
    assert len(environment.names - {keys_in_a_file}) == len(Settings.__dataclass_fields__)


def test_the_documented_defaults_are_the_real_ones(tmp_path: Path) -> None:
    given = tmp_path / "12345"
    given.write_text("12345")
    documented = {plain(row["Name"]): plain(row["Default"]) for row in table(SETTINGS, "settings")}
    for name, default in documented.items():
        assert Settings.from_environment({name: default}) == Settings(), name
        is_read = Settings.from_environment({name: str(given) if name.endswith("_FILE") else "12345"}) != Settings()
        assert is_read, f"{name} is documented and read, but changes nothing"


@pytest.mark.parametrize("path", [*PAGES, *DEPLOYMENT], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_setting_that_is_named_anywhere_exists(path: Path) -> None:
    known = {plain(row["Name"]) for row in table(SETTINGS, "settings")}
    named = set(re.findall(rf"(?<![A-Z_]){PREFIX}[A-Z_]+\b", path.read_text()))
    assert named <= known


def test_every_field_of_the_form_is_documented_with_its_default() -> None:
    rows = table(SETTINGS, "request")
    assert [plain(row["Key"]) for row in rows] == list(RunRequest.model_fields)
    for row in rows:
        value = json.loads(plain(row["Default"]))
        assert parse_request({plain(row["Key"]): value}) == RunRequest(), row["Key"]


def test_the_form_shows_the_documented_labels() -> None:
    form = (ROOT / "include/booking_sync_airflow/trigger_form.py").read_text()
    missing = [row["In the form"] for row in table(SETTINGS, "request") if f'"{row["In the form"]}"' not in form]
    assert not missing


def test_every_setting_of_an_integration_is_documented_with_its_default() -> None:
    rows = table(SETTINGS, "integration")
    documented = [(plain(row["Name"]), row["Title"], json.loads(plain(row["Default"]))) for row in rows]
    assert documented == [(field.name, field.title, field.default) for field in form_fields()]


def test_every_state_of_an_integration_and_every_scope_is_explained() -> None:
    page = ROOT / "docs/connecting.md"
    states = [plain(row["State"]) for row in table(page, "integration states")]
    assert states == list(IntegrationState)
    assert not [scope for scope in (*REQUIRED_SCOPES, *OPTIONAL_SCOPES) if f"`{scope}`" not in page.read_text()]


# --- the life of a booking --------------------------------------------------------------------------------------------


def test_the_decision_table_says_what_the_decision_is_in_every_situation() -> None:
    rows = [Row.of(cells) for cells in table(FLOW, "decisions")]
    reached = set()
    for situation in situations():
        row = next((row for row in rows if row.fits(situation)), None)
        assert row is not None, f"no row speaks of {situation}"
        assert situation.decide().verdict == row.verdict, f"{situation}: {situation.decide()}"
        reached.add(row)
    assert set(rows) == reached, "a row that nothing ever comes to"


def test_the_table_of_properties_is_what_is_written() -> None:
    booking = a_booking(location=None)
    shown = ActivityOutcome.SCHEDULED
    new = render_activity(booking, outcome=shown, owner_id=None, activity_key="cal_1", activity_type=None)
    update = render_update(booking, outcome=shown, owner_id=None, activity_type=None)
    possible = render_activity(a_booking(), outcome=shown, owner_id="1", activity_key="cal_1", activity_type="Demo")
    rows = table(FLOW, "properties")
    for column, written in (
        ("New", new),
        ("Update", update),
        ("Cancel", render_cancel(booking)),
        ("Mark", render_mark(booking, shown)),
    ):
        assert {plain(row["Property"]) for row in rows if row[column] == "yes"} == set(written), column
    assert {plain(row["Property"]) for row in rows} == set(possible)


def test_the_properties_of_a_contact_are_named() -> None:
    booking = a_booking()
    contact = render_contact(booking.invitees[0], email="ada@example.com", owner_id="1")
    assert all(f"`{name}`" in FLOW.read_text() for name in contact)


def test_the_steps_of_every_operation_begin_as_documented() -> None:
    operations, steps, *_ = _section(FLOW, "What is written").split("\n\n")[1:]
    begins = {row["Operation"]: plain(row["Steps"].split(",")[0]) for row in rows_of(operations)}
    assert begins == {str(operation): str(step) for operation, step in FIRST_STEP.items()}
    assert {plain(row["Step"]) for row in rows_of(steps)} == {str(step) for step in Step}


def test_every_state_of_a_change_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \| ", _section(FLOW, "How a request can end"), re.MULTILINE))
    assert explained == {str(state) for state in ChangeState}


def test_the_figures_of_a_run_are_named() -> None:
    first, *others = COLUMNS
    text = " ".join(FLOW.read_text().split())
    *_, sentence = text.partition("The figures of a run always add up: ")
    named = re.findall(r"\w+", sentence)
    assert set(others) <= set(named)
    assert first in named


# --- rules and decisions ----------------------------------------------------------------------------------------------


def test_every_rule_that_code_tests_and_pages_name_is_listed() -> None:
    listed = re.findall(r"^\| ([A-Z]\d) \|", RULES.read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed))
    sources = [path for name in ("include", "tests", "dags", "plugins") for path in (ROOT / name).rglob("*.py")]
    for path in [*sources, *PAGES]:
        named = set(RULE_ID.findall(path.read_text()))
        assert named <= set(listed), path


def test_the_decision_records_have_no_gaps_and_are_all_listed() -> None:
    assert [record.name[:4] for record in RECORDS] == [f"{number:04}" for number in range(1, len(RECORDS) + 1)]
    assert links(ROOT / "docs/adr/README.md") == [record.name for record in RECORDS]


@EVERY_RECORD
def test_a_decision_record_says_what_it_must(record: Path) -> None:
    text = record.read_text()
    assert re.match(rf"# {record.name[:4]}: ", text)
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Alternatives", "Consequences"]


def test_the_changelog_has_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    newest = re.search(r"^## \[(.+?)\]", CHANGELOG.read_text(), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == version


# --- what pages point to ----------------------------------------------------------------------------------------------


@EVERY_PAGE
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    targets = [link.partition("#")[0] for link in links(page) if not link.startswith(("https://", "#"))]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@EVERY_PAGE
def test_every_path_that_is_named_exists(page: Path) -> None:
    assert missing_paths(page) == []


@EVERY_PAGE
def test_every_make_command_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert make_targets_named(page) <= targets


def test_the_tree_of_the_readme_is_there() -> None:
    (block,) = [block for block in fences(README, "text") if block.startswith("dags/")]
    paths = list(tree_paths(block))
    assert [path for path in paths if not (ROOT / path).exists()] == []
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert folders - {"logs"} <= {path.split("/")[0] for path in paths}


def test_the_readme_shows_the_demo_as_it_prints() -> None:
    demo = (ROOT / "include/booking_sync_airflow/demo/__main__.py").read_text()
    (block,) = [block for block in fences(README, "text") if "A sales team" in block]
    labels = {re.sub(r"\s+\d+$", "", line).strip() for line in block.splitlines() if re.search(r"\s\d+$", line)}
    assert labels
    assert [label for label in labels if f'"{label}"' not in demo and f'"  {label}"' not in demo] == []
