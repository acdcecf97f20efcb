"""Both services, from a distance: many tasks have nothing to say to either, and load and connect nothing for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from booking_sync.service_clients import Clients, Observer


class Remote:
    """The clients of Calendar.com and HubSpot, made when somebody first asks for them."""

    def __init__(self, make: Callable[[], Clients]) -> None:
        self._make = make
        self._made: Clients | None = None
        self._lock = threading.Lock()

    @property
    def clients(self) -> Clients:
        """The clients; several threads may ask at once.

        Raises:
            ConfigurationError: an address or a key is missing, or cannot be used.
        """
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def for_another_thread(self, of_calendar: Observer, of_hubspot: Observer) -> Remote:
        """Return the same services with connections and observers of their own."""
        return Remote(lambda: self.clients.for_another_thread(of_calendar, of_hubspot))

    def close(self) -> None:
        """Close the connections, where there are any."""
        with self._lock:
            if self._made is not None:
                self._made.close()
