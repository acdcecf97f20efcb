from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.airflow.conftest import REPOSITORY
from tests.airflow.web.browsing import VIEWER, Browser, User

if TYPE_CHECKING:
    from fastapi import FastAPI

pytestmark = pytest.mark.airflow

SCRIPT = """
import sys, airflow.plugins_manager
before = set(sys.modules)
import booking_sync_plugin
heavy = {"booking_sync_airflow.web", "booking_sync.store", "fastapi", "jinja2", "sqlalchemy"}
print(sorted(heavy & (set(sys.modules) - before)))
"""


def test_loading_the_plugin_loads_none_of_the_pages(child_environment: dict[str, str]) -> None:
    environment = child_environment | {"PYTHONPATH": f"{child_environment['PYTHONPATH']}:{REPOSITORY / 'plugins'}"}

    done = subprocess.run(  # noqa: S603 - our own command, no shell
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("name", "route"), [("Integrations", "integrations"), ("Booking sync", "booking-sync")])
def test_airflow_shows_the_pages_in_its_navigation(
    browser: Callable[[User], Browser], api_server: FastAPI, name: str, route: str
) -> None:
    from airflow import plugins_manager  # noqa: PLC0415 - after its settings are made

    views, _ = plugins_manager._get_ui_plugins()

    assert api_server is not None
    assert plugins_manager.get_import_errors() == {}
    mine = next(view for view in views if view["name"] == name)
    assert (mine["destination"], mine["url_route"]) == ("nav", route)
    for address in (mine["href"], mine["icon"]):
        assert browser(VIEWER).get("/" + address.removeprefix("booking-sync/")).status_code == 200
