# ruff: noqa: PLC0415 - Airflow is imported late: it reads its settings, which conftest makes, when it is
from __future__ import annotations

import json
import tomllib
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from airflow.sdk import BaseHook

from booking_sandbox.server import Sandbox
from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.hubspot import HubSpotClient
from booking_sync_airflow.hooks.calendar import CalendarHook
from booking_sync_airflow.hooks.hubspot import HubSpotHook
from booking_sync_airflow.provider import get_provider_info
from tests.airflow.conftest import REPOSITORY


def imported(path: str) -> Any:
    module, _, name = path.replace(":", ".").rpartition(".")
    return getattr(import_module(module), name)


def test_the_package_offers_its_connection_types_to_airflow() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]

    assert imported(project["entry-points"]["apache_airflow_provider"]["provider_info"]) is get_provider_info
    assert get_provider_info()["package-name"] == project["name"]


def test_airflow_accepts_the_description() -> None:
    import airflow

    folder = Path(airflow.__path__[0])
    jsonschema.validate(get_provider_info(), json.loads((folder / "provider_info.schema.json").read_text()))
    schema = json.loads((folder / "customized_form_field_behaviours.schema.json").read_text())
    for kind in get_provider_info()["connection-types"]:
        behaviour = {name.replace("-", "_"): value for name, value in kind["ui-field-behaviour"].items()}
        jsonschema.validate(behaviour, schema)


def test_each_connection_type_names_its_hook() -> None:
    hooks = {
        kind["connection-type"]: imported(kind["hook-class-name"]) for kind in get_provider_info()["connection-types"]
    }

    assert hooks == {"calendar": CalendarHook, "hubspot": HubSpotHook}
    for name, hook in hooks.items():
        assert issubclass(hook, BaseHook)
        assert (hook.conn_type, hook.default_conn_name) == (name, f"{name}_default")


def test_hubspots_secret_is_a_password_field() -> None:
    fields = get_provider_info()["connection-types"][1]["conn-fields"]

    assert fields["client_secret"]["schema"]["format"] == "password"
    assert fields["authorize_url"]["schema"]["default"] == "https://app.hubspot.com/oauth/authorize"


@pytest.mark.usefixtures("connected")
def test_the_hooks_give_the_clients_of_the_core() -> None:
    assert isinstance(CalendarHook().get_conn(), CalendarClient)
    assert isinstance(HubSpotHook().get_conn(), HubSpotClient)


@pytest.mark.usefixtures("connected")
def test_the_test_button_says_what_answers(sandbox: Sandbox) -> None:
    portal = sandbox.hubspot.state.portal().id

    assert CalendarHook().test_connection() == (True, "Calendar.com answers: the key reads 1 workspace.")
    assert HubSpotHook().test_connection() == (True, f"HubSpot answers: the key belongs to portal {portal}.")


@pytest.mark.parametrize("hook", [CalendarHook, HubSpotHook])
def test_the_test_button_says_that_a_key_is_wrong(
    connected: dict[str, str], monkeypatch: pytest.MonkeyPatch, hook: type[CalendarHook | HubSpotHook]
) -> None:
    variable = f"AIRFLOW_CONN_{hook.default_conn_name.upper()}"
    monkeypatch.setenv(variable, json.dumps(json.loads(connected[variable]) | {"password": "wrong-key"}))

    is_working, sentence = hook().test_connection()

    assert not is_working
    assert "not accepted" in sentence
    assert "wrong-key" not in sentence


@pytest.mark.parametrize("hook", [CalendarHook, HubSpotHook])
def test_the_test_button_says_what_is_missing(hook: type[CalendarHook | HubSpotHook]) -> None:
    is_working, sentence = hook().test_connection()

    assert not is_working
    assert f"'{hook.default_conn_name}' is missing" in sentence


def test_airflow_finds_the_types_where_the_package_is_installed() -> None:
    from airflow.providers_manager import ProvidersManager

    if not any(entry.module == get_provider_info.__module__ for entry in entry_points(group="apache_airflow_provider")):
        pytest.skip("the package is not installed here: `make install` does it")

    hooks = ProvidersManager().hooks

    found = {kind: hooks[kind].hook_class_name for kind in ("calendar", "hubspot") if hooks.get(kind)}
    assert found == {
        kind["connection-type"]: kind["hook-class-name"] for kind in get_provider_info()["connection-types"]
    }
