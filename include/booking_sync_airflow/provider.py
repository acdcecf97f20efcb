"""What Airflow's connection form shows for our two connection types (entry point ``apache_airflow_provider``).

Airflow reads this as a dictionary and checks it against its own schema. Without the entry point (the package is on
PYTHONPATH but not installed) the DAGs work all the same: only the form lacks the two types.
"""

from __future__ import annotations

from typing import Any

CALENDAR_URL = "https://gateway.api.calendar.com/e"
HUBSPOT_URL = "https://api.hubapi.com"
AUTHORIZE_URL = "https://app.hubspot.com/oauth/authorize"


def get_provider_info() -> dict[str, Any]:
    """Describe this package to Airflow; ``package-name`` must be the name of the distribution."""
    return {
        "package-name": "booking-sync",
        "name": "Calendar.com and HubSpot",
        "description": "Reconciles Calendar.com bookings with HubSpot activities.",
        "connection-types": [_calendar(), _hubspot()],
    }


def _calendar() -> dict[str, Any]:
    return {
        "connection-type": "calendar",
        "hook-class-name": "booking_sync_airflow.hooks.calendar.CalendarHook",
        "hook-name": "Calendar.com",
        "ui-field-behaviour": {
            "hidden-fields": ["login", "schema", "port", "extra"],
            "relabeling": {"host": "Base URL", "password": "API key"},
            "placeholders": {"host": CALENDAR_URL, "password": "from Calendar.com, Integrations, API"},
        },
    }


def _hubspot() -> dict[str, Any]:
    return {
        "connection-type": "hubspot",
        "hook-class-name": "booking_sync_airflow.hooks.hubspot.HubSpotHook",
        "hook-name": "HubSpot",
        "ui-field-behaviour": {
            "hidden-fields": ["schema", "port", "extra"],
            "relabeling": {
                "host": "API base URL",
                "password": "Service key (one portal)",
                "login": "OAuth client id (many portals)",
            },
            "placeholders": {"host": HUBSPOT_URL, "password": "from HubSpot, Development, Keys, Service keys"},
        },
        "conn-fields": {
            "client_secret": {
                "label": "OAuth client secret",
                "description": "Only together with an OAuth client id.",
                "schema": {"type": ["string", "null"], "format": "password"},
            },
            "authorize_url": {
                "label": "OAuth authorize URL",
                "description": "Leave as it is, except for a sandbox.",
                "schema": {"type": ["string", "null"], "default": AUTHORIZE_URL},
            },
            "pkce": {
                "label": "PKCE",
                "description": "Send an S256 challenge with the consent. Off only if HubSpot refuses it.",
                "schema": {"type": ["boolean", "null"], "default": True},
            },
        },
    }
