"""What to do about an item that HubSpot refuses for good: keep it, with a reason that holds no personal data."""

from __future__ import annotations

from booking_sync.clients.hubspot_model import ItemRefusal
from booking_sync.portal import forget_provisioning
from booking_sync.record import record_refused
from booking_sync.store.changes import StoredChange
from booking_sync.work import Work

OWNER_INVALID = "INVALID_OWNER_ID"
"""What HubSpot says of an owner that it does not take."""

OWNER_REFUSED = "owner_refused"
"""Warning of a change that is sent without an owner, because HubSpot does not take the one it had."""

CONTACTS_LOOKED_UP = "contacts_looked_up_again"
"""Warning of a change whose remembered contacts were refused, as one of them may be merged or deleted by now."""


def refusal_code(refusal: ItemRefusal) -> str:
    """Return the most telling code of a refusal."""
    return refusal.code or refusal.category or "refused"


def is_owner_in_the_way(stored: StoredChange, refusal: ItemRefusal) -> bool:
    """Say whether leaving the owner out may help: the owner was removed since the owners were listed."""
    return refusal.code == OWNER_INVALID and OWNER_REFUSED not in stored.warnings


def keep_refused(work: Work, stored: StoredChange, refusal: ItemRefusal) -> None:
    """Keep a change that HubSpot refuses; a missing property of ours is looked at again by the next run."""
    code = refusal_code(refusal)
    if code == "PROPERTY_DOESNT_EXIST":
        forget_provisioning(work.services, work.integration.portal_id)
    properties = f" for {', '.join(refusal.property_names)}" if refusal.property_names else ""
    error = f"HubSpot refuses it: {code}{properties}"
    record_refused(work, stored, error_code=code, error=error, correlation_id=refusal.correlation_id)
