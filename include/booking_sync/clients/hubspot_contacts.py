"""Finding contacts: by address, primary or secondary, and by id. Never by search, whose index lags behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from booking_sync.clients.answer import as_id, as_object
from booking_sync.clients.hubspot_calls import MOST_INPUTS, BatchRead, HubSpotCalls, chunks
from booking_sync.clients.hubspot_model import Contact
from booking_sync.errors import NotFound, Refused

_ONE = "/crm/objects/{version}/contacts/{contact_id}"
_EMAIL_PROPERTIES = ("email", "hs_additional_emails")
_WHOLE_CALL_INVALID = 400


def contacts_by_email(calls: HubSpotCalls, emails: Iterable[str]) -> dict[str, Contact]:
    """Return the contacts by the addresses asked for, in lower case; an address that nobody has is absent."""
    found: dict[str, Contact] = {}
    for asked in chunks([email.strip().lower() for email in emails if email.strip()], MOST_INPUTS):
        found.update(_found(calls, asked))
    return found


def contacts_by_id(calls: HubSpotCalls, ids: Iterable[str]) -> dict[str, Contact]:
    """Return the live contacts by the ids asked for.

    HubSpot may return a merged contact under its new id. It is then found under that id alone; the old one is absent.
    """
    found: dict[str, Contact] = {}
    for asked in chunks(list(ids), MOST_INPUTS):
        for contact in _contacts(calls.batch_read("contacts", asked, _EMAIL_PROPERTIES)):
            found[contact.id] = contact
    return found


def surviving_contacts(calls: HubSpotCalls, ids: Iterable[str]) -> dict[str, str]:
    """Return the id under which each contact lives on.

    HubSpot docs, contacts: a single read accepts the id of a contact that was merged into another, a batch read does
    not.
    """
    asked = list(dict.fromkeys(ids))
    surviving = {contact_id: contact_id for contact_id in contacts_by_id(calls, asked)}
    for contact_id in asked:
        if contact_id not in surviving and (now_id := _merged_into(calls, contact_id)) is not None:
            surviving[contact_id] = now_id
    return {contact_id: surviving[contact_id] for contact_id in asked if contact_id in surviving}


def _merged_into(calls: HubSpotCalls, contact_id: str) -> str | None:
    try:
        record = calls.read("GET", _ONE, contact_id=contact_id)
    except NotFound:
        return None
    return None if record.get("archived") is True else as_id(record.get("id"))


def _found(calls: HubSpotCalls, asked: Sequence[str]) -> dict[str, Contact]:
    """Ask for some addresses at once, and for those that the answer leaves open one by one."""
    try:
        read = calls.batch_read("contacts", asked, _EMAIL_PROPERTIES, id_property="email")
    except Refused as error:
        if error.status != _WHOLE_CALL_INVALID:
            raise
        return _found_in_halves(calls, asked, error)
    contacts = _contacts(read)
    found = _by_address(contacts, asked)
    if len(asked) == 1:
        oldest = min(contacts, key=_age, default=None)  # it may not show the address that it was found by
        return found or ({asked[0]: oldest} if oldest else {})
    missing = {address.lower() for address in read.missing}
    for address in asked:
        if address not in found and address not in missing:
            found.update(_found(calls, [address]))
    return found


def _found_in_halves(calls: HubSpotCalls, asked: Sequence[str], error: Refused) -> dict[str, Contact]:
    """Isolate the address that made HubSpot refuse the whole call; nobody can have an address that is refused alone."""
    if len(asked) == 1:
        if error.code != "VALIDATION_ERROR":
            raise error
        return {}
    middle = len(asked) // 2
    return {**_found(calls, asked[:middle]), **_found(calls, asked[middle:])}


def _by_address(contacts: list[Contact], asked: Sequence[str]) -> dict[str, Contact]:
    """Map through primary addresses first: where two contacts name one address, its owner by right is found."""
    by_address: dict[str, Contact] = {}
    for contact in sorted(contacts, key=_age, reverse=True):
        by_address.update(dict.fromkeys(contact.additional_emails, contact))
    by_address.update({contact.email: contact for contact in contacts if contact.email})
    return {address: by_address[address] for address in asked if address in by_address}


def _age(contact: Contact) -> tuple[int, str]:
    """Order contacts by their numbers, which grow."""
    return len(contact.id), contact.id


def _contacts(read: BatchRead) -> list[Contact]:
    contacts = [_contact(result) for result in read.results]
    return [contact for contact in contacts if contact is not None]


def _contact(result: dict[str, Any]) -> Contact | None:
    contact_id = as_id(result.get("id"))
    if contact_id is None:
        return None
    properties = as_object(result.get("properties"))
    primary = _addresses(properties.get("email"))
    additional = _addresses(properties.get("hs_additional_emails"))
    return Contact(contact_id, primary[0] if primary else None, additional)


def _addresses(value: object) -> tuple[str, ...]:
    """Split HubSpot's list of addresses, which are joined by semicolons."""
    if not isinstance(value, str):
        return ()
    return tuple(address.strip().lower() for address in value.split(";") if address.strip())
