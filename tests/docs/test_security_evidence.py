"""Each claim of docs/security.md names evidence that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from booking_sync.clients.address import CALENDAR_HOSTS, CONSENT_HOSTS, HUBSPOT_HOSTS
from booking_sync_airflow.provider import AUTHORIZE_URL, CALENDAR_URL, HUBSPOT_URL
from tests.docs.pages import ROOT, is_there, rows_of, table

SECURITY = ROOT / "docs" / "security.md"
ROWS = table(SECURITY, "asvs")
WANTED = """
10.1.1 10.1.2 10.2.1 10.2.2 10.2.3 11.5.1 11.3.2 11.3.3 11.2.2 13.3.1 13.3.4 14.1.1 14.1.2 10.4.9 16.2.5 16.4.1 16.5.1
16.2.1 16.2.2 14.2.1 1.3.6 13.2.4 13.2.5 15.3.2 12.2.1 12.3.2 4.1.5 11.2.4 8.2.1 8.2.2 8.3.1 8.4.1 3.5.1 3.5.2 3.5.3
3.4 3.3 13.4.5 1.2.1 1.1.2 1.3.1 1.3.3 3.2.2 1.2.4 1.2.5 1.3.2 1.3.7 1.5.2 1.2.10 2.1.1 2.2.1 2.2.2 2.3.3 2.4.1 15.4.2
14.2.3 14.2.4 14.2.6 14.2.7 15.3.1 15.1.1 15.1.2 15.2.1 15.2.4 13.1.2 13.1.3 16.5.2 16.5.3 16.5.4
"""
"""The items that a review of this kind of product would go through."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["Items"].replace(" ", "_"))
def test_every_claim_has_evidence_that_is_there(row: dict[str, str]) -> None:
    named = re.findall(r"`([^`]+)`", row["Evidence"])
    assert named
    assert [one for one in named if not is_there(one)] == []


def test_every_item_that_applies_is_in_the_table() -> None:
    listed = {item for row in ROWS for item in re.findall(r"\b\d+\.\d+(?:\.\d+)?\b", row["Items"])}
    assert listed == set(WANTED.split())


def test_the_hosts_that_are_named_are_those_that_are_allowed() -> None:
    section = SECURITY.read_text().partition("## Where it talks to")[2].partition("\n\nA connection")[0]
    named = {host for row in rows_of(section) for host in re.findall(r"`([a-z0-9.-]+\.com)`", row["Host"])}
    assert named == CALENDAR_HOSTS | HUBSPOT_HOSTS | CONSENT_HOSTS
    defaults = {url.split("/")[2] for url in (CALENDAR_URL, HUBSPOT_URL, AUTHORIZE_URL)}
    assert defaults <= named


def test_only_the_clients_can_call_out() -> None:
    """Beside them there is one call to Airflow's own API."""
    calling = re.compile(
        r"^\s*(?:import|from) (?:requests|urllib3|httpx|smtplib|http\.client|urllib\.request)\b", re.MULTILINE
    )
    folders = [ROOT / "include/booking_sync", ROOT / "include/booking_sync_airflow", ROOT / "dags", ROOT / "plugins"]
    found = {path for folder in folders for path in folder.rglob("*.py") if calling.search(path.read_text())}
    outside = {one.relative_to(ROOT) for one in found if "demo" not in one.parts and one.parent.name != "clients"}
    assert outside == {Path("include/booking_sync_airflow/run_starting.py")}
