"""Airflow connections turned into plain addresses and keys; everything wrong with one is said in one sentence."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from booking_sync.clients.address import CALENDAR_HOSTS, CONSENT_HOSTS, HUBSPOT_HOSTS, is_allowed_host
from booking_sync.clients.oauth_model import OAuthApp
from booking_sync.errors import ConfigurationError
from booking_sync_airflow.provider import AUTHORIZE_URL, CALENDAR_URL, HUBSPOT_URL


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Where a service is, and the key it wants."""

    url: str
    key: str = field(repr=False)


def optional_connection(connection_id: str) -> Connection | None:
    """Return the connection, or None where nobody has set it."""
    try:
        return BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        return None


def calendar_address(connection_id: str) -> ServiceAddress:
    """Read the address of Calendar.com.

    Raises:
        ConfigurationError: the connection is missing, or has no API key, or its host is no URL.
    """
    connection = _required(connection_id, "calendar", "API key")
    return ServiceAddress(_base_url(connection, CALENDAR_URL, CALENDAR_HOSTS), _key(connection, "API key"))


@dataclass(frozen=True, slots=True)
class HubSpotAddress:
    """Where HubSpot is, and either the service key of one portal or our OAuth app for many."""

    url: str
    key: str | OAuthApp = field(repr=False)


def hubspot_address(connection_id: str) -> HubSpotAddress:
    """Read the address of HubSpot: a service key goes before an OAuth client.

    Raises:
        ConfigurationError: the connection is missing, has neither, or its host is no URL.
    """
    connection = _required(connection_id, "hubspot", "service key")
    url = _base_url(connection, HUBSPOT_URL, HUBSPOT_HOSTS)
    if connection.login and not (connection.password or "").strip():
        return HubSpotAddress(url, _oauth_app(connection))
    return HubSpotAddress(url, _key(connection, "service key"))


def environment_form(connection_id: str, example: str) -> str:
    """Spell how the connection is given by environment variable."""
    return f"AIRFLOW_CONN_{connection_id.upper()}='{example}'"


def _required(connection_id: str, kind: str, key_name: str) -> Connection:
    connection = optional_connection(connection_id)
    if connection is None:
        example = f'{{"conn_type": "{kind}", "password": "<{key_name}>"}}'
        raise ConfigurationError(
            f"The connection '{connection_id}' is missing: add it under Admin, Connections (type {kind}, with the "
            f"{key_name} as password), or set {environment_form(connection_id, example)}."
        )
    return connection


def _key(connection: Connection, key_name: str) -> str:
    key = (connection.password or "").strip()
    if not key:
        raise ConfigurationError(
            f"The connection '{connection.conn_id}' has no {key_name}: put it into its password field."
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigurationError(
            f"The {key_name} in the password field of the connection '{connection.conn_id}' holds characters that no "
            f"{key_name} has: copy it again."
        )
    return key


def _oauth_app(connection: Connection) -> OAuthApp:
    extra = extra_fields(connection)
    secret, authorize_url = extra.get("client_secret"), extra.get("authorize_url")
    if not isinstance(secret, str) or not secret.strip():
        raise ConfigurationError(
            f"The connection '{connection.conn_id}' holds an OAuth client id but no client_secret in its extra field: "
            "put it there, or a service key into the password field instead."
        )
    consent = authorize_url.strip() if isinstance(authorize_url, str) and authorize_url else AUTHORIZE_URL
    return OAuthApp(
        client_id=str(connection.login).strip(),
        client_secret=secret.strip(),
        authorize_url=_on_allowed_host(connection, consent, CONSENT_HOSTS),
        uses_pkce=extra.get("pkce") is not False,
    )


def extra_fields(connection: Connection) -> dict[str, object]:
    """Return what the extra field holds.

    Raises:
        ConfigurationError: it is no JSON object.
    """
    try:
        extra = json.loads(connection.extra or "{}")
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise ConfigurationError(f"The extra field of the connection '{connection.conn_id}' must be a JSON object.")
    return extra


def _base_url(connection: Connection, default: str, hosts: frozenset[str]) -> str:
    host = (connection.host or "").strip()
    if not host:
        return default
    url = host if "://" in host else f"https://{host}"
    wrong = ConfigurationError(
        f"The host of the connection '{connection.conn_id}' must be a base URL such as {default}, without user, query "
        "or fragment."
    )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise wrong
    if connection.port and port is None:
        parts = parts._replace(netloc=f"{parts.netloc}:{connection.port}")
    return _on_allowed_host(connection, parts.geturl().rstrip("/"), hosts)


def _on_allowed_host(connection: Connection, url: str, hosts: frozenset[str]) -> str:
    """Return the address; whoever may edit connections must not be able to have a key sent anywhere.

    Raises:
        ConfigurationError: it is neither one of the service's own hosts, nor this machine, nor allowed by the setting.
    """
    from booking_sync.settings import Settings  # noqa: PLC0415 - DAG files and plugins must not pay for it

    allowed = hosts | {one.lower() for one in Settings.from_environment(os.environ).allowed_hosts}
    if not is_allowed_host(url, allowed):
        raise ConfigurationError(
            f"The connection '{connection.conn_id}' leads to a host that no key is sent to: it may be "
            f"{' or '.join(sorted(hosts))}, this machine, or a host that BOOKING_SYNC_ALLOWED_HOSTS names."
        )
    return url
