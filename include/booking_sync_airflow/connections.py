"""Airflow connections turned into plain addresses and keys; everything wrong with one is said in one sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from booking_sync.errors import ConfigurationError
from booking_sync_airflow.provider import CALENDAR_URL, HUBSPOT_URL


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
    return ServiceAddress(_base_url(connection, CALENDAR_URL), _key(connection, "API key"))


def hubspot_address(connection_id: str) -> ServiceAddress:
    """Read the address of HubSpot, for one portal with a service key.

    Raises:
        ConfigurationError: the connection is missing, or has no service key, or its host is no URL.
    """
    connection = _required(connection_id, "hubspot", "service key")
    if connection.login and not (connection.password or "").strip():
        raise ConfigurationError(
            f"The connection '{connection_id}' holds an OAuth client id, but no portal is connected through it: "
            "put a service key into its password field."
        )
    return ServiceAddress(_base_url(connection, HUBSPOT_URL), _key(connection, "service key"))


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


def _base_url(connection: Connection, default: str) -> str:
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
    return parts.geturl().rstrip("/")
