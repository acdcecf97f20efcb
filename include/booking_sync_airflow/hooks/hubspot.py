"""The hook for HubSpot: connection type ``hubspot``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from booking_sync.errors import BookingSyncError
from booking_sync_airflow.connections import ServiceAddress, hubspot_address

if TYPE_CHECKING:
    from booking_sync.clients.hubspot import HubSpotClient


class HubSpotHook(BaseHook):
    """Gives a client of the one portal that the service key belongs to."""

    conn_name_attr = "hubspot_conn_id"
    default_conn_name = "hubspot_default"
    conn_type = "hubspot"
    hook_name = "HubSpot"

    def __init__(self, hubspot_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.hubspot_conn_id = hubspot_conn_id

    def address(self) -> ServiceAddress:
        """Return base URL and service key.

        Raises:
            ConfigurationError: the connection is missing or makes no sense.
        """
        return hubspot_address(self.hubspot_conn_id)

    def get_conn(self) -> HubSpotClient:
        """Return a client; nothing is sent yet."""
        from booking_sync.clients.hubspot import HubSpotClient  # noqa: PLC0415 - the form only needs the class above
        from booking_sync.settings import Settings  # noqa: PLC0415 - DAG files and plugins must not pay for it

        address = self.address()
        version = Settings.from_environment(os.environ).hubspot_api_version
        return HubSpotClient.from_connection(address.url, address.key, api_version=version)

    def test_connection(self) -> tuple[bool, str]:
        """Ask for the account: proves address and key at once. For the Test button of Airflow's form."""
        try:
            return True, f"HubSpot answers: the key belongs to portal {self.get_conn().portal().id}."
        except BookingSyncError as error:
            return False, str(error)
