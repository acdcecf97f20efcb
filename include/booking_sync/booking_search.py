"""Finding a booking by its id, by the id of its activity, or by an invitee's address. Nothing of it is logged.

An address is looked for by its keyed hash, in the contacts that are remembered, and in the bookings that wait to be
passed on: those are encrypted, so only the newest of them are looked through.
"""

from __future__ import annotations

from collections.abc import Sequence

from booking_sync.booking_payload import load_booking
from booking_sync.model import Booking, normalise_email
from booking_sync.services import Services
from booking_sync.store import contact_links, erasure, integrations, stories
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import email_hash

MOST_FOUND = 50
MOST_OPENED = 500
"""How many waiting bookings are decrypted for one search."""

Place = tuple[str, str]
"""Integration id and booking id."""


def find_bookings(services: Services, sought: str) -> list[Place]:
    """Return where something is recorded of a booking or an activity of this id."""
    with reading(services.engine) as connection:
        ids = [one.id for one in integrations.all_integrations(connection)]
        found = stories.bookings_named(connection, ids, sought)
        found |= stories.bookings_of_activity(connection, ids, sought)
    return sorted(found)[:MOST_FOUND]


def find_bookings_of_invitee(services: Services, address: str) -> list[Place]:
    """Return the bookings of an invitee, as far as they are mapped or wait to be passed on."""
    email = normalise_email(address)
    if email is None:
        return []
    with writing(services.engine) as connection:
        hashed = email_hash(contact_links.installation_salt(connection, services.vault), email)
    with reading(services.engine) as connection:
        ids = [one.id for one in integrations.all_integrations(connection)]
        contacts = erasure.contact_ids_of(connection, hashed)
        found = stories.bookings_of_hash(connection, ids, hashed)
        found |= stories.bookings_of_contacts(connection, contacts, MOST_FOUND)
        waiting = stories.newest_payloads(connection, MOST_OPENED)
    found |= {place for place, payload in waiting if _names(load_booking(services.vault.decrypt(payload)), email)}
    return sorted(found)[:MOST_FOUND]


def _names(booking: Booking, email: str) -> bool:
    addresses: Sequence[str | None] = (*(one.email for one in booking.invitees), *booking.guests)
    return any(normalise_email(address) == email for address in addresses)
