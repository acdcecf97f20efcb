"""Whom an activity is about: invitees, and guests where a setting wants them (C1, C6, C7)."""

from __future__ import annotations

from dataclasses import dataclass

from booking_sync.integration_settings import GuestPolicy
from booking_sync.model import Booking, Invitee, normalise_email


@dataclass(frozen=True, slots=True)
class ConcernedPerson:
    """Somebody whose contact the activity is associated with; ``may_be_made`` says what to do if there is none.

    ``email`` is as HubSpot compares it. Of a guest nothing but the address is known.
    """

    email: str
    invitee: Invitee
    is_guest: bool = False
    may_be_made: bool = True


def concerned_people(booking: Booking, guests: GuestPolicy) -> tuple[ConcernedPerson, ...]:
    """Return everybody with a usable address, each once: invitees in the order of the form, then guests."""
    people: dict[str, ConcernedPerson] = {}
    for invitee in booking.concerned_invitees:
        if email := normalise_email(invitee.email):
            people.setdefault(email, ConcernedPerson(email, invitee))
    for address in booking.guests if guests is not GuestPolicy.IGNORE else ():
        if email := normalise_email(address):
            guest = Invitee(id="", email=email)
            may_be_made = guests is GuestPolicy.CREATE
            people.setdefault(email, ConcernedPerson(email, guest, is_guest=True, may_be_made=may_be_made))
    return tuple(people.values())


def without_usable_email(booking: Booking, guests: GuestPolicy) -> list[str]:
    """Return a sentence for everybody who cannot become a contact for want of an address (C6)."""
    warnings = [
        f"no_usable_email: invitee {invitee.id}"
        for invitee in booking.concerned_invitees
        if normalise_email(invitee.email) is None
    ]
    if guests is not GuestPolicy.IGNORE and any(normalise_email(address) is None for address in booking.guests):
        warnings.append("no_usable_email: a guest")
    return warnings
