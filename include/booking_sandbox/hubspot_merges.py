"""Merging two contacts, which takes the ground from under whoever remembers the old ids."""

from __future__ import annotations

from booking_sandbox.hubspot_portal import INTEGRATION_SOURCE, Portal
from booking_sandbox.hubspot_records import SECONDARY_EMAILS, Record
from booking_sandbox.hubspot_schema import CONTACTS
from booking_sandbox.moments import milliseconds


def merge_contacts(portal: Portal, keep: Record, gone: Record, *, has_new_id: bool) -> Record:
    """Merge ``gone`` into ``keep``; the values of ``keep`` win, the addresses of ``gone`` become secondary ones.

    HubSpot docs: the merged contact has a new id (``has_new_id``), unless the account keeps the id of the primary one.
    """
    store = portal.store
    emails = list(dict.fromkeys([*keep.emails(), *gone.emails()]))
    for record in (keep, gone):
        store.unindex(record)
    values = {**gone.properties, **keep.properties}
    if len(emails) > 1:
        values[SECONDARY_EMAILS] = ";".join(emails[1:])
    values["hs_merged_object_ids"] = ";".join([keep.id, gone.id] if has_new_id else [gone.id])
    survivor = _new_record(portal, values) if has_new_id else keep
    survivor.updated_at = portal.clock()
    survivor.properties = {**values, "hs_object_id": survivor.id, "lastmodifieddate": milliseconds(survivor.updated_at)}
    store.index(survivor)
    for record in (keep, gone):
        if record is survivor:
            continue
        portal.links.move((CONTACTS.name, record.id), (CONTACTS.name, survivor.id))
        store.merged[CONTACTS.name, record.id] = survivor.id
        del store.records[CONTACTS.name][record.id]
    return survivor


def _new_record(portal: Portal, values: dict[str, str]) -> Record:
    plain = {name: value for name, value in values.items() if name not in {"email", SECONDARY_EMAILS}}
    return portal.create(CONTACTS, plain, [], INTEGRATION_SOURCE)
