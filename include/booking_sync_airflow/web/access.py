"""Who may do what here, in terms of Airflow's own permissions.

=========== ====================================================================== ==========================
permission  is held by whoever may …                                               in Airflow's own roles
=========== ====================================================================== ==========================
read        read the DAG ``calendar_hubspot_sync``                                 Viewer and above
operate     edit that DAG and read connections                                     Op and above
administer  edit the connection ``hubspot_default``, and has the role Admin        Admin
=========== ====================================================================== ==========================

Auth managers that give their users no roles answer for ``administer`` with the connection alone.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import BaseAuthManager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import ConnectionDetails, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from airflow.models import DagModel
from fastapi import Depends, HTTPException, Request, status
from fastapi.concurrency import run_in_threadpool

from booking_sync_airflow.hooks.hubspot import HubSpotHook
from booking_sync_airflow.identity import SYNC_DAG_ID
from booking_sync_airflow.web.same_origin import SAFE_METHODS
from booking_sync_airflow.web.session import Session, require_token, session_of

ADMIN_ROLE = "admin"


class Permission(IntEnum):
    """What a person may do; each includes those before it."""

    NOTHING = 0
    READ = 1
    OPERATE = 2
    ADMINISTER = 3


@dataclass(frozen=True)
class Visitor:
    """The person behind a request."""

    id: str
    name: str
    permission: Permission
    session: Session

    @property
    def may_operate(self) -> bool:
        """Whether this person may trigger, pause and resume, and see names of people."""
        return self.permission >= Permission.OPERATE

    @property
    def may_administer(self) -> bool:
        """Whether this person may connect, disconnect, change settings and erase."""
        return self.permission >= Permission.ADMINISTER


_REFUSALS = {
    Permission.READ: "You may not see this page: it needs the permission to read the DAG calendar_hubspot_sync.",
    Permission.OPERATE: "You may look at this, but not do it: it needs the permissions of an operator.",
    Permission.ADMINISTER: "You may look at this, but not do it: it needs the permissions of an administrator.",
}


def requires(needed: Permission) -> Callable[[Request, BaseUser], Coroutine[Any, Any, Visitor]]:
    """Return a dependency that lets through who has the permission, with a form of ours where the request writes."""

    async def visitor(request: Request, user: GetUserDep) -> Visitor:
        permission = await run_in_threadpool(permission_of, user)
        if permission < needed:
            raise HTTPException(status.HTTP_403_FORBIDDEN, _REFUSALS[needed])
        session = session_of(request, user.get_id())
        if request.method not in SAFE_METHODS:
            await require_token(request, session)
        request.state.session = session
        return Visitor(user.get_id(), user.get_name(), permission, session)

    return visitor


Reader = Annotated[Visitor, Depends(requires(Permission.READ))]
Operator = Annotated[Visitor, Depends(requires(Permission.OPERATE))]
Administrator = Annotated[Visitor, Depends(requires(Permission.ADMINISTER))]


def permission_of(user: BaseUser) -> Permission:
    """Ask Airflow's auth manager."""
    manager = get_auth_manager()
    team = DagModel.get_team_name(SYNC_DAG_ID) if conf.getboolean("core", "multi_team") else None
    dag = DagDetails(SYNC_DAG_ID, team)
    connection = ConnectionDetails(HubSpotHook.default_conn_name, team)
    if not manager.is_authorized_dag(method="GET", details=dag, user=user):
        return Permission.NOTHING
    if not (
        manager.is_authorized_dag(method="PUT", details=dag, user=user)
        and manager.is_authorized_connection(method="GET", details=connection, user=user)
    ):
        return Permission.READ
    return Permission.ADMINISTER if _is_administrator(manager, user, connection) else Permission.OPERATE


def _is_administrator(manager: BaseAuthManager[Any], user: BaseUser, connection: ConnectionDetails) -> bool:
    if not manager.is_authorized_connection(method="PUT", details=connection, user=user):
        return False
    roles = role_names(user)
    return roles is None or ADMIN_ROLE in roles


def role_names(user: BaseUser) -> set[str] | None:
    """Return the roles of a user in lower case: the simple auth manager gives one, FAB several, others none (None)."""
    if hasattr(user, "role"):
        return {str(user.role).lower()}
    if hasattr(user, "roles"):
        return {str(getattr(role, "name", role)).lower() for role in user.roles}
    return None
