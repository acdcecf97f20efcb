"""What rules and dashboard ask for is what the code sends, and the rules do what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from booking_sync import measures
from booking_sync.measures import Measure
from booking_sync.store.tables import run
from tests.docs.pages import ROOT, plain, table
from tests.flow.scene import Scene

PREFIX = "airflow_booking_sync_"
PROMETHEUS = ROOT / "monitoring/prometheus"
RULES, TESTS = PROMETHEUS / "booking-sync.rules.yaml", PROMETHEUS / "booking-sync.tests.yaml"
DASHBOARD = ROOT / "monitoring/grafana/dashboards/booking-sync.json"
OPERATIONS, RUNBOOK = ROOT / "docs/operations.md", ROOT / "docs/runbook.md"
HOW_TO_INSTALL = "no promtool on this machine; install one with `apt-get install prometheus`"

SELECTOR = re.compile(rf"{PREFIX}(\w+)(?:\{{([^}}]*)\}})?")
TOLD = re.compile(r'telemetry\.count\(\s*"(\w+)"((?:,[^)]*)?)\)')
Labels = dict[str, set[str]]


@pytest.fixture
def known(scene: Scene) -> Labels:
    """Every metric that there is, with its labels: told by a real run and audit, or by the core as it works."""
    scene.book("bk_1")
    report = scene.run()
    run_id = scene.rows(select(run.c.id))[0]["id"]
    sent = [
        *measures.of_run(scene.services, run_id, "calendar_hubspot_sync", report),
        *measures.of_audit(scene.services, run_id, "calendar_hubspot_audit", is_red=False),
        *measures.as_it_stands(scene.services),
    ]
    labels: Labels = {one.name: set(one.labels) for one in sent}
    return labels | dict(told_by_the_core())


def told_by_the_core() -> Iterator[tuple[str, set[str]]]:
    for path in (ROOT / "include/booking_sync").rglob("*.py"):
        for name, rest in TOLD.findall(path.read_text()):
            yield name, set(re.findall(r"(\w+)=", rest))


def asked_for() -> Iterator[tuple[str, set[str]]]:
    """Yield what rules and dashboard ask for: the name without prefix, and the labels of the selector."""
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    panels = json.loads(DASHBOARD.read_text())["panels"]
    for text in [one["expr"] for one in rules] + [one["expr"] for panel in panels for one in panel["targets"]]:
        found = SELECTOR.findall(text)
        assert found, text
        for name, labels in found:
            yield name, set(re.findall(r"(\w+)=", labels.replace("=~", "=")))


def test_rules_and_dashboard_ask_for_nothing_that_is_not_sent(known: Labels) -> None:
    wrong = [
        (name, labels) for name, labels in asked_for() if not labels <= known.get(name, {"not sent"}) - {"not sent"}
    ]
    unknown = {name for name, _ in asked_for()} - known.keys()
    assert (wrong, unknown) == ([], set())


def test_everything_that_is_sent_is_on_the_dashboard_and_documented(known: Labels) -> None:
    shown = {name for name, _ in asked_for()}
    assert known.keys() - shown == set()
    documented = {plain(row["Metric"]): set(re.findall(r"\w+", row["Labels"])) for row in table(OPERATIONS, "metrics")}
    assert documented == {name: labels for name, labels in known.items() if not name.endswith("_count")}


def test_labels_hold_no_booking_and_no_person(scene: Scene) -> None:
    scene.book("bk_1")
    scene.run()
    told = " ".join(str(one) for one in measures.as_it_stands(scene.services))
    assert "ws_1" in told
    for contact in scene.hubspot.contacts():
        assert contact["properties"]["email"] not in told
    assert "bk_1" not in told


def test_what_waits_and_who_is_behind_is_told(scene: Scene) -> None:
    scene.book("bk_1")
    scene.run()
    scene.clock.advance(7_200)
    found = {(one.name, *one.labels.values()): one for one in measures.as_it_stands(scene.services)}
    assert found["checkpoint_lag_seconds", "ws_1"].value >= 7_200
    assert found["checkpoint_lag_max_seconds",] == Measure(
        "checkpoint_lag_max_seconds", found["checkpoint_lag_seconds", "ws_1"].value, is_gauge=True
    )
    assert found["integrations", "connected"].value == 1
    assert found["intents_open", "unknown"].value == 0
    assert found["sweep_coverage_ratio",].value == 0.0


def test_every_alert_names_a_section_that_says_what_to_do() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in RUNBOOK.read_text().splitlines()
        if line.startswith("#")
    }
    for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]:
        page, _, section = rule["annotations"]["runbook"].partition("#")
        assert (page, section in headings) == ("docs/runbook.md", True), rule["alert"]


@pytest.fixture(scope="module")
def promtool() -> Any:
    found = shutil.which("promtool")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(HOW_TO_INSTALL)
    if found is None:
        pytest.skip(HOW_TO_INSTALL)
    return partial(subprocess.run, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", [("check", "rules", RULES), ("test", "rules", TESTS)], ids=["check", "test"])
def test_prometheus_own_tool_says_that_the_rules_do_what_they_say(
    promtool: Any, command: tuple[str | Path, ...]
) -> None:
    done = promtool(["promtool", *command])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def test_every_rule_has_a_test_in_which_it_fires() -> None:
    rules = {one["alert"] for one in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
    tested = TESTS.read_text()
    assert [name for name in rules if name not in tested] == []
