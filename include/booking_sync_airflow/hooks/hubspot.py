"""The hook for HubSpot: connection type ``hubspot``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from booking_sync.errors import BookingSyncError, ConfigurationError
from booking_sync_airflow.connections import HubSpotAddress, hubspot_address

if TYPE_CHECKING:
    from booking_sync.clients.hubspot import HubSpotClient
    from booking_sync.clients.hubspot_oauth import HubSpotOAuth
    from booking_sync.clients.oauth_model import OAuthApp


class HubSpotHook(BaseHook):
    """Gives a client of the one portal that the service key belongs to, or with OAuth of any that granted access."""

    conn_name_attr = "hubspot_conn_id"
    default_conn_name = "hubspot_default"
    conn_type = "hubspot"
    hook_name = "HubSpot"

    def __init__(self, hubspot_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.hubspot_conn_id = hubspot_conn_id

    def address(self) -> HubSpotAddress:
        """Return base URL and service key or OAuth client.

        Raises:
            ConfigurationError: the connection is missing or makes no sense.
        """
        return hubspot_address(self.hubspot_conn_id)

    def get_conn(self, portal_id: str | None = None) -> HubSpotClient:
        """Return a client; nothing is sent yet. With an OAuth client, ``portal_id`` names the portal.

        Raises:
            ConfigurationError: the connection makes no sense, or OAuth needs a portal.
        """
        from booking_sync_airflow.steps import open_services  # noqa: PLC0415 - the form only needs the class above

        address = self.address()
        if isinstance(address.key, str):
            return self._with_key(address.url, address.key)
        if portal_id is None:
            raise ConfigurationError("The connection holds an OAuth client: say of which portal.")
        return open_services().hubspot_of(portal_id)

    def test_connection(self) -> tuple[bool, str]:
        """Ask HubSpot: proves address and key, or OAuth client, at once. For the Test button of Airflow's form."""
        try:
            address = self.address()
            if isinstance(address.key, str):
                portal = self._with_key(address.url, address.key).portal()
                return True, f"HubSpot answers: the key belongs to portal {portal.id}."
            self._oauth(address.url, address.key).introspect("no token")
        except BookingSyncError as error:
            return False, str(error)
        return True, "HubSpot answers: it knows the OAuth client. Grant access on the Integrations page."

    def _with_key(self, url: str, key: str) -> HubSpotClient:
        from booking_sync.clients.hubspot import HubSpotClient  # noqa: PLC0415 - the form only needs the class above

        return HubSpotClient.from_connection(url, key, api_version=_api_version())

    def _oauth(self, url: str, app: OAuthApp) -> HubSpotOAuth:
        from booking_sync.clients.hubspot_oauth import HubSpotOAuth  # noqa: PLC0415 - the form only needs the class above

        return HubSpotOAuth.from_connection(url, app, api_version=_api_version())


def hide_from_logs(secret: str) -> None:
    """Have Airflow mask a secret in whatever is logged from now on."""
    from airflow.sdk.log import mask_secret  # noqa: PLC0415 - DAG files and plugins must not pay for it

    if secret not in _hidden:
        _hidden.add(secret)
        mask_secret(secret)


_hidden: set[str] = set()
"""What has been masked in this process: a token is used many times, and Airflow is told each time in a message."""


def _api_version() -> str:
    from booking_sync.settings import Settings  # noqa: PLC0415 - DAG files and plugins must not pay for it

    return Settings.from_environment(os.environ).hubspot_api_version
