"""Owners, and what the account says about itself."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from booking_sandbox.hubspot_calls import Answer, Call
from booking_sandbox.hubspot_errors import Refusal, invalid, not_found
from booking_sandbox.hubspot_records import Owner
from booking_sandbox.moments import milliseconds

LARGEST_OWNER_PAGE = 500


def list_owners(call: Call) -> Answer:
    """``GET /crm/owners/{V}``: the active owners, or with ``archived=true`` only the archived ones."""
    limit, after = call.number("limit", 100, LARGEST_OWNER_PAGE), call.query.get("after", "")
    owners = [one for one in call.portal.owners.values() if one.archived is call.flag("archived")]
    email = call.query.get("email")
    if email is not None:
        owners = [one for one in owners if one.email.lower() == email.lower()]
    rest = [one for one in owners if not after or int(one.id) > int(after)]
    body: dict[str, Any] = {"results": [one.as_json() for one in rest[:limit]]}
    if len(rest) > limit:
        body["paging"] = {"next": {"after": rest[limit - 1].id}}
    return Answer(200, body)


def read_owner(call: Call) -> Answer:
    """``GET /crm/owners/{V}/{id}?idProperty=id|userId``."""
    name, value = call.query.get("idProperty", "id"), call.params["owner_id"]
    if name not in {"id", "userId"}:
        raise invalid("idProperty is id or userId")

    def is_asked_for(owner: Owner) -> bool:
        key = owner.id if name == "id" else str(owner.user_id)
        return key == value and owner.archived is call.flag("archived")

    found = [one for one in call.portal.owners.values() if is_asked_for(one)]
    if not found:
        raise not_found()
    return Answer(200, found[0].as_json())


def account_details(call: Call) -> Answer:
    """``GET /account-info/{V}/details``."""
    portal = call.portal
    offset = call.now.astimezone(ZoneInfo(portal.time_zone)).utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    body = {
        "portalId": portal.id,
        "accountType": "DEVELOPER_TEST",
        "timeZone": portal.time_zone,
        "companyCurrency": "EUR",
        "additionalCurrencies": [],
        "utcOffset": f"{sign}{minutes // 60:02}:{minutes % 60:02}",
        "utcOffsetMilliseconds": seconds * 1000,
        "uiDomain": portal.ui_domain,
        "dataHostingLocation": portal.hosting,
    }
    if call.version >= "2026-09":
        body |= {"portalName": portal.name, "createdAt": milliseconds(call.now.replace(month=1, day=1))}
    return Answer(200, body)


def uninstall(call: Call) -> Answer:
    """``DELETE /appinstalls/{V}/external-install``: the app that asks is removed from the portal of its token."""
    if call.token.client_id is None:
        raise Refusal(403, "FORBIDDEN", "Only an app can uninstall itself; a service key belongs to no app.")
    call.portal.grants.uninstall(call.token.client_id)
    return Answer(204, None, attempted=1, effected_ids=(call.token.client_id,))
