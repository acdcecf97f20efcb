"""The hook for Calendar.com: connection type ``calendar``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from booking_sync.errors import BookingSyncError
from booking_sync_airflow.connections import ServiceAddress, calendar_address

if TYPE_CHECKING:
    from booking_sync.clients.calendar import CalendarClient


class CalendarHook(BaseHook):
    """Gives a client that can only read."""

    conn_name_attr = "calendar_conn_id"
    default_conn_name = "calendar_default"
    conn_type = "calendar"
    hook_name = "Calendar.com"

    def __init__(self, calendar_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.calendar_conn_id = calendar_conn_id

    def address(self) -> ServiceAddress:
        """Return base URL and API key.

        Raises:
            ConfigurationError: the connection is missing or makes no sense.
        """
        return calendar_address(self.calendar_conn_id)

    def get_conn(self) -> CalendarClient:
        """Return a client; nothing is sent yet."""
        from booking_sync.clients.calendar import CalendarClient  # noqa: PLC0415 - the form only needs the class above

        address = self.address()
        return CalendarClient.from_connection(address.url, address.key)

    def test_connection(self) -> tuple[bool, str]:
        """Ask for the workspaces: proves address and key at once. For the Test button of Airflow's form."""
        try:
            return True, f"Calendar.com answers: the key {self.get_conn().describe()}."
        except BookingSyncError as error:
            return False, str(error)
