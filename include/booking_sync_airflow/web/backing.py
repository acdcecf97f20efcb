"""What a request works with: the services of a run, on a database that each process opens once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Engine

from booking_sync.clients.retry import HttpLimits
from booking_sync.remote import Remote
from booking_sync.service_clients import Clients
from booking_sync.services import Services
from booking_sync.store.database import open_database
from booking_sync_airflow.steps import open_services

SOMEBODY_WAITS = HttpLimits(connect_seconds=3.0, read_seconds=8.0, total_seconds=10.0, attempts=2, wait_seconds=2.0)
"""A run can be patient with Calendar.com; a person in front of a page is not."""


def services_of_request() -> Services:
    """Open the services.

    Raises:
        ConfigurationError: our database's connection, or a setting, is missing or makes no sense.
    """
    services = open_services(engine_of)

    def clients() -> Clients:
        both = services.remote.clients
        return replace(both, calendar=both.calendar.with_limits(SOMEBODY_WAITS))

    return replace(services, remote=Remote(clients))


@cache
def engine_of(url: str) -> Engine:
    """Open the database, and keep it: SQLAlchemy remembers its statements with the engine."""
    return open_database(url)


Backing = Annotated[Services, Depends(services_of_request)]
