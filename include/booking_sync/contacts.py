"""Which contacts an activity is associated with: found by address, made where there is none, never changed (C1 to C8).

HubSpot keeps addresses unique, so a contact whose creation was not answered is found again by its address, and
creating it twice is refused. Addresses are looked up by batch read, never by search: the index lags.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from booking_sync.address_turns import AddressTurns
from booking_sync.clients.hubspot_model import Contact
from booking_sync.concerned import concerned_people, without_usable_email
from booking_sync.contact_creation import ContactCreation, Made, Wanted
from booking_sync.model import Booking
from booking_sync.owner_directory import OwnerDirectory
from booking_sync.states import AuditOutcome, ContactFinding
from booking_sync.store import audit, contact_links
from booking_sync.store.changes import ContactDecisions, StoredChange
from booking_sync.store.contact_links import ContactLink
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import email_hash
from booking_sync.work import Work

Pairs = Sequence[tuple[StoredChange, Booking]]


@dataclass(slots=True)
class ContactsOfBatch:
    """The outcome by change id. ``blocked`` changes wait: a contact of theirs may or may not have been made."""

    ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    decisions: dict[str, ContactDecisions] = field(default_factory=dict)
    warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)

    def news(self, change: StoredChange) -> list[str]:
        """Return the warnings of a change that it does not carry yet."""
        return [warning for warning in self.warnings.get(change.id, ()) if warning not in change.warnings]


class ContactDirectory:
    """Resolves invitees, and guests where a setting wants them, to contact ids for one worker."""

    def __init__(self, work: Work, owners: OwnerDirectory) -> None:
        self._work = work
        self._creation = ContactCreation(work, owners)
        self._turns = AddressTurns()
        with writing(work.services.engine) as connection:
            self._salt = contact_links.installation_salt(connection, work.services.vault)

    def resolve(self, batch: Pairs, *, trusted: Mapping[str, AbstractSet[str] | None]) -> ContactsOfBatch:
        """Return the contacts of each change's active invitees, creating those that HubSpot does not have.

        For the changes in ``trusted`` a contact that is remembered by address is not looked up again, if it is among
        those named there, which are known to stand; None stands for any.
        """
        with self._turns.turn(_name(batch)):
            return self._resolve(batch, trusted)

    def line_up(self, batch: Pairs) -> None:
        """Let a batch that is about to be begun come after all earlier ones that name an address of its own."""
        self._turns.line_up(_name(batch), [h for _, booking in batch for h in self._hashes(booking)])

    def leave(self, batch: Pairs, *, has_failed: bool) -> None:
        """Let the batches behind this one go on; after a failure those that still wait are not begun."""
        if has_failed:
            self._turns.end()
        self._turns.leave(_name(batch))

    def _resolve(self, batch: Pairs, trusted: Mapping[str, AbstractSet[str] | None]) -> ContactsOfBatch:
        wanted = self._wanted(batch)
        known = self._remembered(wanted.values())
        links = {
            h: known[h]
            for change, booking in batch
            if change.id in trusted
            for h in self._hashes(booking)
            if h in known and _is_trusted(known[h], trusted[change.id])
        }
        to_look_up = [one for h, one in wanted.items() if h not in links]
        how = dict.fromkeys(links, ContactFinding.REMEMBERED)
        found, how_found = self._look_up(to_look_up, known)
        links |= found
        missing = [one for one in to_look_up if one.hash not in links and one.person.may_be_made]
        made = self._creation.create(missing)
        how |= how_found | {h: _how_made(link) for h, link in made.links.items()}
        return self._assemble(batch, links | made.links, how, made)

    def _hashes(self, booking: Booking) -> list[str]:
        people = concerned_people(booking, self._work.settings.guests)
        return [email_hash(self._salt, person.email) for person in people]

    def _wanted(self, batch: Pairs) -> dict[str, Wanted]:
        """Collect addresses; batches come oldest booking first, so the first to name an address creates its contact.

        Somebody who has booked counts before somebody who was only named as a guest: more is known of the former.
        """
        found = [
            Wanted(person, email_hash(self._salt, person.email), booking, change)
            for change, booking in batch
            for person in concerned_people(booking, self._work.settings.guests)
        ]
        wanted: dict[str, Wanted] = {}
        for one in sorted(found, key=lambda one: one.person.is_guest):
            wanted.setdefault(one.hash, one)
        return wanted

    def _remembered(self, wanted: Iterable[Wanted]) -> dict[str, ContactLink]:
        with reading(self._work.services.engine) as connection:
            hashes = [one.hash for one in wanted]
            return contact_links.load_links(connection, self._work.integration.portal_id, hashes)

    def _look_up(
        self, wanted: Sequence[Wanted], known: Mapping[str, ContactLink]
    ) -> tuple[dict[str, ContactLink], dict[str, ContactFinding]]:
        """Find contacts by address, and those whose address a person has changed by the id we remember (C8)."""
        by_email = self._work.hubspot.contacts_by_email([one.email for one in wanted])
        found = {
            one.hash: ContactLink(one.hash, by_email[one.email].id, is_ours=False)
            for one in wanted
            if one.email in by_email
        }
        lost = {
            one.hash: contact_id
            for one in wanted
            if one.hash not in found and one.hash in known and (contact_id := known[one.hash].contact_id)
        }
        surviving = self._work.hubspot.surviving_contacts(lost.values()) if lost else {}
        how = {one.hash: _how_found(by_email[one.email], one.email) for one in wanted if one.hash in found}
        by_id = {h: ContactLink(h, surviving[old], is_ours=False) for h, old in lost.items() if old in surviving}
        found |= by_id
        self._record_found(found)
        return found, how | dict.fromkeys(by_id, ContactFinding.BY_ID)

    def _record_found(self, found: Mapping[str, ContactLink]) -> None:
        """Remember contacts, and settle creations of earlier runs that were never answered."""
        if not found:
            return
        integration = self._work.integration
        with self._work.recording() as (connection, at):
            unanswered = audit.unfinished_contact_hashes(connection, integration.id, list(found))
            ids = {h: str(found[h].contact_id) for h in unanswered}
            adopted = dict.fromkeys(unanswered, AuditOutcome.ADOPTED)
            audit.finish_contact_entries(connection, integration.id, adopted, at=at, object_ids=ids)
            links = [ContactLink(h, link.contact_id, is_ours=h in unanswered) for h, link in found.items()]
            contact_links.save_links(connection, integration.portal_id, links, at=at)

    def _assemble(
        self, batch: Pairs, links: Mapping[str, ContactLink], how: Mapping[str, ContactFinding], made: Made
    ) -> ContactsOfBatch:
        outcome = ContactsOfBatch()
        for change, booking in batch:
            hashes = self._hashes(booking)
            if any(h in made.unknown for h in hashes):
                outcome.blocked.add(change.id)
            found = [links[h] for h in hashes if h in links]
            outcome.ids[change.id] = tuple(dict.fromkeys(link.contact_id for link in found if link.contact_id))
            outcome.decisions[change.id] = [(link.contact_id, how[link.email_hash]) for link in found]
            unusable = without_usable_email(booking, self._work.settings.guests)
            refusals = [f"contact_refused: {link.refusal}" for link in found if link.refusal]
            answers = made.warnings.get(change.id, [])
            outcome.warnings[change.id] = tuple(dict.fromkeys([*unusable, *refusals, *answers]))
        return outcome


def _name(batch: Pairs) -> str:
    return batch[0][0].id


def _is_trusted(link: ContactLink, standing: AbstractSet[str] | None) -> bool:
    return link.contact_id is not None and (standing is None or link.contact_id in standing)


def _how_found(contact: Contact, email: str) -> ContactFinding:
    return ContactFinding.PRIMARY if contact.email == email else ContactFinding.SECONDARY


def _how_made(link: ContactLink) -> ContactFinding:
    if link.refusal is not None:
        return ContactFinding.REFUSED
    return ContactFinding.CREATED if link.is_ours else ContactFinding.EXISTING
