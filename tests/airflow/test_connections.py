from __future__ import annotations

import json
from typing import Any

import pytest

from booking_sync.clients.oauth_model import OAuthApp
from booking_sync.errors import ConfigurationError
from booking_sync_airflow.connections import HubSpotAddress, ServiceAddress, calendar_address, hubspot_address


def set_connection(monkeypatch: pytest.MonkeyPatch, connection_id: str, value: dict[str, Any] | str) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    monkeypatch.setenv(f"AIRFLOW_CONN_{connection_id.upper()}", text)


def test_without_a_host_the_real_services_are_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    set_connection(monkeypatch, "calendar_default", {"conn_type": "calendar", "password": "key"})
    set_connection(monkeypatch, "hubspot_default", {"conn_type": "hubspot", "password": "pat-1"})

    assert calendar_address("calendar_default") == ServiceAddress("https://gateway.api.calendar.com/e", "key")
    assert hubspot_address("hubspot_default") == HubSpotAddress("https://api.hubapi.com", "pat-1")


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "https://calendar.example/e/"}, "https://calendar.example/e"),
        ({"host": "calendar.example/e"}, "https://calendar.example/e"),
        ({"host": "http://127.0.0.1:8081/e"}, "http://127.0.0.1:8081/e"),
        ({"host": "http://127.0.0.1/e", "port": 8081}, "http://127.0.0.1:8081/e"),
        ({"host": "https://calendar.example:444/e", "port": 443}, "https://calendar.example:444/e"),
    ],
)
def test_the_host_is_a_base_url(monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], url: str) -> None:
    monkeypatch.setenv("BOOKING_SYNC_ALLOWED_HOSTS", "other.example, Calendar.Example")
    set_connection(monkeypatch, "calendar_default", {"conn_type": "calendar", "password": "key", **fields})

    assert calendar_address("calendar_default").url == url


@pytest.mark.parametrize(
    "host",
    ["ftp://calendar.example", "https://", "https://me@calendar.example", "https://a.example?x=1", "https://a:b:c"],
)
def test_a_host_that_is_no_base_url_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    set_connection(monkeypatch, "calendar_default", {"conn_type": "calendar", "password": "key", "host": host})

    with pytest.raises(ConfigurationError, match="'calendar_default' must be a base URL such as https://gateway"):
        calendar_address("calendar_default")


@pytest.mark.parametrize("connection_id", ["calendar_default", "hubspot_default"])
def test_a_missing_connection_is_named_together_with_its_environment_variable(connection_id: str) -> None:
    address = calendar_address if connection_id.startswith("calendar") else hubspot_address

    with pytest.raises(ConfigurationError) as refusal:
        address(connection_id)

    assert f"'{connection_id}' is missing" in str(refusal.value)
    assert f"AIRFLOW_CONN_{connection_id.upper()}=" in str(refusal.value)


@pytest.mark.parametrize("password", [None, "", "   "])
def test_a_connection_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch, password: str | None) -> None:
    set_connection(monkeypatch, "hubspot_default", {"conn_type": "hubspot", "password": password})

    with pytest.raises(
        ConfigurationError, match="'hubspot_default' has no service key: put it into its password field"
    ):
        hubspot_address("hubspot_default")


@pytest.mark.parametrize(
    ("extra", "authorize_url", "uses_pkce"),
    [
        ({}, "https://app.hubspot.com/oauth/authorize", True),
        (
            {"authorize_url": "http://127.0.0.1:9/oauth/authorize", "pkce": False},
            "http://127.0.0.1:9/oauth/authorize",
            False,
        ),
    ],
)
def test_an_oauth_client_stands_for_many_portals(
    monkeypatch: pytest.MonkeyPatch,
    extra: dict[str, Any],
    authorize_url: str,
    uses_pkce: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    fields = {"conn_type": "hubspot", "login": "client-id", "extra": {"client_secret": "secret-value", **extra}}
    set_connection(monkeypatch, "hubspot_default", fields)

    address = hubspot_address("hubspot_default")

    assert address.key == OAuthApp("client-id", "secret-value", authorize_url, uses_pkce)
    assert "secret-value" not in repr(address)
    assert "secret-value" not in repr(address.key)


def test_a_service_key_goes_before_an_oauth_client(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"conn_type": "hubspot", "login": "client-id", "password": "pat-1", "extra": {"client_secret": "secret"}}
    set_connection(monkeypatch, "hubspot_default", fields)

    assert hubspot_address("hubspot_default").key == "pat-1"


@pytest.mark.parametrize("extra", [{}, {"client_secret": " "}, {"client_secret": None}])
def test_an_oauth_client_without_its_secret_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any]
) -> None:
    set_connection(monkeypatch, "hubspot_default", {"conn_type": "hubspot", "login": "client-id", "extra": extra})

    with pytest.raises(ConfigurationError, match="no client_secret in its extra field"):
        hubspot_address("hubspot_default")


@pytest.mark.parametrize("key", ["pat na1", "pat\u200bna1", "pat\nna1"])
def test_a_key_with_foreign_characters_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    set_connection(monkeypatch, "hubspot_default", {"conn_type": "hubspot", "password": key})

    with pytest.raises(ConfigurationError, match="copy it again") as refusal:
        hubspot_address("hubspot_default")

    assert "pat" not in str(refusal.value)


def test_a_key_is_not_shown_when_an_address_is_printed() -> None:
    assert "secret" not in repr(ServiceAddress("https://a.example", "secret"))


@pytest.mark.parametrize(
    "host",
    [
        "https://evil.example",
        "https://api.hubapi.com.evil.example",
        "https://evil.example/api.hubapi.com",
        "https://gateway.api.calendar.com",
        "https://169.254.169.254",
        "https://10.0.0.1",
    ],
)
def test_no_key_is_sent_to_a_host_that_is_not_allowed(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    set_connection(monkeypatch, "hubspot_default", {"conn_type": "hubspot", "password": "pat-1", "host": host})

    with pytest.raises(ConfigurationError, match="no key is sent to"):
        hubspot_address("hubspot_default")


def test_each_service_has_hosts_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_SYNC_ALLOWED_HOSTS", "calendar.proxy.example")
    for host in ("https://api.hubapi.com", "https://calendar.proxy.example.org"):
        set_connection(monkeypatch, "calendar_default", {"conn_type": "calendar", "password": "key", "host": host})
        with pytest.raises(ConfigurationError, match="no key is sent to"):
            calendar_address("calendar_default")
    set_connection(
        monkeypatch, "calendar_default", {"conn_type": "calendar", "password": "key", "host": "CALENDAR.proxy.example."}
    )

    assert calendar_address("calendar_default").url == "https://CALENDAR.proxy.example."


def test_people_are_sent_to_hubspot_for_their_consent_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def extra(authorize_url: str) -> dict[str, Any]:
        app = {"client_secret": "secret", "authorize_url": authorize_url}
        return {"conn_type": "hubspot", "login": "client", "extra": app}

    set_connection(monkeypatch, "hubspot_default", extra("https://app-eu1.hubspot.com/oauth/authorize"))
    assert isinstance(hubspot_address("hubspot_default").key, OAuthApp)
    set_connection(monkeypatch, "hubspot_default", extra("https://app.hubspot.com.evil.example/oauth/authorize"))
    with pytest.raises(ConfigurationError, match="no key is sent to"):
        hubspot_address("hubspot_default")
