"""Erasing an invitee by e-mail address (GDPR, article 17), as far as this product holds anything of them.

What is held: bookings in open changes and in staging, and mails that wait to be sent (encrypted), the keyed hash of the
address with the id of the contact, and that id on mapping rows and changes. Bookings lose the person and their answers,
so that what is left of them can still be passed on; such mails are not sent; hash and id are taken out. Rows stay:
without its mapping an activity would be made a second time, and each write keeps its audit row (W7), which says what
was done and no longer to whom.

Calendar.com and HubSpot have erasures of their own. Begin there: what still stands in Calendar.com is read again.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from booking_sync.booking_payload import dump_booking, load_booking
from booking_sync.errors import InvalidRequest
from booking_sync.model import Booking, normalise_email
from booking_sync.notice import load_notice
from booking_sync.page_run import page_run
from booking_sync.services import Services
from booking_sync.store import contact_links, erasure, integrations, notices
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import Vault, email_hash
from booking_sync.store.erasure import Payload
from booking_sync.store.lease import hold_lease


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows of each kind held something of the person, and do no longer."""

    contact_links: int
    mappings: int
    changes: int
    audit_rows: int
    kept_bookings: int
    staged_bookings: int
    notices: int

    @property
    def total(self) -> int:
        """How many rows were changed."""
        return sum(asdict(self).values())


def erase_invitee(services: Services, email: str, *, person: str) -> Erased:
    """Erase everything of an invitee, in all integrations and portals; asking again finds nothing more.

    Raises:
        InvalidRequest: it is no e-mail address.
        LeaseHeld: a run is at work, which could write down again what is being erased. Ask again when it is over.
    """
    address = normalise_email(email)
    if address is None:
        raise InvalidRequest("This is not an e-mail address.")
    with reading(services.engine) as connection:
        ids = [one.id for one in integrations.all_integrations(connection)]
    counts: dict[str, int] = {}
    with ExitStack() as stack:
        for integration_id in ids:
            seconds = services.settings.lease_seconds
            stack.enter_context(hold_lease(services.engine, integration_id, holder="erasing", seconds=seconds))
        stack.enter_context(page_run(services, "erase", person=person, counts=counts))
        with writing(services.engine) as connection:
            erased = _erase(connection, services.vault, address, services.clock())
        counts.update(asdict(erased))
    return erased


def _erase(connection: Connection, vault: Vault, address: str, at: datetime) -> Erased:
    hashed = email_hash(contact_links.installation_salt(connection, vault), address)
    contact_ids = erasure.contact_ids_of(connection, hashed)
    kept = [*_without(vault, erasure.payloads_of_changes(connection), address)]
    staged = [*_without(vault, erasure.payloads_of_staging(connection), address)]
    erasure.replace_payloads(connection, [*kept, *staged])
    return Erased(
        contact_links=erasure.delete_links(connection, hashed),
        mappings=erasure.take_out_of_mappings(connection, contact_ids),
        changes=erasure.take_out_of_changes(connection, contact_ids),
        audit_rows=erasure.forget_hash(connection, hashed),
        kept_bookings=len(kept),
        staged_bookings=len(staged),
        notices=notices.erase(connection, _notices_naming(connection, vault, address), hashed, at=at),
    )


def _notices_naming(connection: Connection, vault: Vault, address: str) -> list[str]:
    """Return the mails that wait and name the person, to whomever they go."""
    return [id_ for id_, content in notices.payloads(connection) if load_notice(vault.decrypt(content)).names(address)]


def _without(vault: Vault, payloads: list[Payload], address: str) -> list[Payload]:
    """Return the bookings that named the person, without them."""
    found: list[Payload] = []
    for payload in payloads:
        booking = load_booking(vault.decrypt(payload.content))
        left = without_person(booking, address)
        if left != booking:
            found.append(replace(payload, content=vault.encrypt(dump_booking(left))))
    return found


def without_person(booking: Booking, address: str) -> Booking:
    """Return the booking without an invitee or guest, and without what the invitee may have written."""
    invitees = tuple(one for one in booking.invitees if normalise_email(one.email) != address)
    guests = tuple(one for one in booking.guests if normalise_email(one) != address)
    if invitees == booking.invitees:
        return replace(booking, guests=guests)
    return replace(booking, invitees=invitees, guests=guests, cancel_reason=None)
