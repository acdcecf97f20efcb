"""How many hosts are users of the portal: looked up when somebody opens an integration, remembered for an hour.

It takes a few requests to both services, so the page is shown first and asks for this part afterwards.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

from fastapi import APIRouter, Response

from booking_sync.errors import BookingSyncError
from booking_sync.owner_coverage import OwnerCoverage, owner_coverage
from booking_sync.services import Services
from booking_sync_airflow.web.access import Reader
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.integration_tabs import find_integration
from booking_sync_airflow.web.rendering import page

router = APIRouter(prefix="/integrations/{workspace_id}/owners")

FRESH = timedelta(hours=1)
_lock = threading.Lock()
_found: dict[str, dict[str, tuple[datetime, OwnerCoverage]]] = {}


def remembered_coverage(services: Services) -> Mapping[str, OwnerCoverage]:
    """Return what was found in the last hour, by integration."""
    now = services.clock()
    with _lock:
        found = dict(_found.get(str(services.engine.url), {}))
    return {id_: coverage for id_, (at, coverage) in found.items() if now - at < FRESH}


@router.get("")
def show_owners(workspace_id: str, visitor: Reader, services: Backing) -> Response:
    """Show the part of the page about owners; the names of people only to those who operate this."""
    _, integration_id = find_integration(services, workspace_id)
    problem, coverage = None, remembered_coverage(services).get(integration_id)
    if coverage is None:
        try:
            coverage = _looked_up(services, integration_id)
        except BookingSyncError as error:
            problem = str(error)
    return page("owners.html", visitor, coverage=coverage, problem=problem)


def _looked_up(services: Services, integration_id: str) -> OwnerCoverage:
    coverage = owner_coverage(services, integration_id)
    with _lock:
        _found.setdefault(str(services.engine.url), {})[integration_id] = (services.clock(), coverage)
    return coverage
