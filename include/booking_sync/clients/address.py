"""Addresses of services, checked before a key is sent to them."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from booking_sync.errors import ConfigurationError

CALENDAR_HOSTS = frozenset({"gateway.api.calendar.com"})
HUBSPOT_HOSTS = frozenset({"api.hubapi.com"})
CONSENT_HOSTS = frozenset({"app.hubspot.com", "app-eu1.hubspot.com"})
"""Where people are sent for a consent. HubSpot docs, "Manage OAuth tokens": accounts in the EU have their own host."""


def checked_base_url(service: str, base_url: str) -> str:
    """Return the address without a slash at its end.

    Plain http is accepted for this machine alone: the key would travel in the clear.

    Raises:
        ConfigurationError: it is no such address.
    """
    try:
        parts = urlsplit(base_url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            f"the address of {service} must be https://host, with a path where needed and nothing else"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and is_this_machine(host)):
        raise ConfigurationError(
            f"the address of {service} must begin with https://, except for a server on this machine"
        )
    return base_url.strip().rstrip("/")


def is_allowed_host(url: str, hosts: Collection[str]) -> bool:
    """Say whether an address is on one of these hosts, exactly, or on this machine."""
    host = (urlsplit(url).hostname or "").lower().rstrip(".")
    return host in hosts or is_this_machine(host)


def is_this_machine(host: str) -> bool:
    """Say whether a host is reached without leaving the machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
