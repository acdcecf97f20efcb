"""Which contacts an activity is associated with: found by address, made where there is none, never changed (C1 to C6).

HubSpot keeps addresses unique, so a contact whose creation was not answered is found again by its address, and
creating it twice is refused. Addresses are looked up by batch read, never by search: the index lags.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from booking_sync.clients.hubspot import BatchRefused
from booking_sync.clients.hubspot_model import BatchResult, ItemRefusal, NewContact
from booking_sync.errors import BookingSyncError, OutcomeUnknown
from booking_sync.model import Booking, Invitee, normalise_email
from booking_sync.portal import OwnerDirectory
from booking_sync.record import record_entries
from booking_sync.render import render_contact
from booking_sync.states import AuditOutcome
from booking_sync.store import audit, contact_links
from booking_sync.store.audit import AuditEntry
from booking_sync.store.changes import StoredChange
from booking_sync.store.contact_links import ContactLink
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import email_hash
from booking_sync.work import Work


@dataclass(frozen=True, slots=True)
class Wanted:
    """One address that a batch needs a contact for, with the booking that would create it: the earliest (C5)."""

    email: str
    hash: str
    invitee: Invitee
    booking: Booking
    change: StoredChange


@dataclass(slots=True)
class ContactsOfBatch:
    """The outcome by change id. ``blocked`` changes wait: a contact of theirs may or may not have been made."""

    ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)

    def news(self, change: StoredChange) -> list[str]:
        """Return the warnings of a change that it does not carry yet."""
        return [warning for warning in self.warnings.get(change.id, ()) if warning not in change.warnings]


class ContactDirectory:
    """Resolves invitees to contact ids for one worker."""

    def __init__(self, work: Work, owners: OwnerDirectory) -> None:
        self._work = work
        self._owners = owners
        with writing(work.services.engine) as connection:
            self._salt = contact_links.installation_salt(connection, work.services.vault)

    def resolve(
        self, batch: Sequence[tuple[StoredChange, Booking]], *, is_remembered_enough: Iterable[str] = ()
    ) -> ContactsOfBatch:
        """Return the contacts of each change's active invitees, creating those that HubSpot does not have.

        For the changes named in ``is_remembered_enough`` a contact that is remembered by address is not
        looked up again.
        """
        trusted = set(is_remembered_enough)
        wanted = self._wanted(batch)
        known = self._remembered(wanted.values())
        trusted_hashes = {
            self._hash(email) for change, booking in batch if change.id in trusted for email in emails_of(booking)
        }
        links = {h: link for h, link in known.items() if h in trusted_hashes and link.contact_id}
        to_look_up = [person for h, person in wanted.items() if h not in links]
        links |= self._look_up(to_look_up, known)
        missing = [person for person in to_look_up if person.hash not in links]
        made, unknown = self._create(missing)
        return self._assemble(batch, links | made, unknown)

    def _hash(self, email: str) -> str:
        return email_hash(self._salt, email)

    def _wanted(self, batch: Sequence[tuple[StoredChange, Booking]]) -> dict[str, Wanted]:
        """Collect addresses; batches come oldest booking first, so the first to name an address creates its contact."""
        wanted: dict[str, Wanted] = {}
        for change, booking in batch:
            for invitee in booking.concerned_invitees:
                email = normalise_email(invitee.email)
                if email is not None:
                    key = self._hash(email)
                    wanted.setdefault(key, Wanted(email, key, invitee, booking, change))
        return wanted

    def _remembered(self, wanted: Iterable[Wanted]) -> dict[str, ContactLink]:
        with reading(self._work.services.engine) as connection:
            hashes = [person.hash for person in wanted]
            return contact_links.load_links(connection, self._work.integration.portal_id, hashes)

    def _look_up(self, wanted: Sequence[Wanted], known: Mapping[str, ContactLink]) -> dict[str, ContactLink]:
        """Find contacts by address, and those whose address a person has changed by the id we remember (C8)."""
        hubspot = self._work.hubspot
        by_email = hubspot.contacts_by_email([person.email for person in wanted])
        found = {
            p.hash: ContactLink(p.hash, by_email[p.email].id, is_ours=False) for p in wanted if p.email in by_email
        }
        renamed = {
            p.hash: contact_id
            for p in wanted
            if p.hash not in found and p.hash in known and (contact_id := known[p.hash].contact_id)
        }
        alive = hubspot.contacts_by_id(set(renamed.values())) if renamed else {}
        found |= {
            h: ContactLink(h, contact_id, is_ours=False) for h, contact_id in renamed.items() if contact_id in alive
        }
        self._record_found(found)
        return found

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

    def _create(self, missing: Sequence[Wanted]) -> tuple[dict[str, ContactLink], set[str]]:
        """Create contacts; return the links by hash, and the hashes whose outcome is not known."""
        made: dict[str, ContactLink] = {}
        unknown: set[str] = set()
        pending = [list(missing[start : start + 100]) for start in range(0, len(missing), 100)]
        for part in pending:
            self._record_intent(part)
        while pending:
            part = pending.pop(0)
            result = self._send(part, pending)
            if result is None:
                continue
            links, open_ones = self._record_result(part, result)
            if again := self._without_owner(part, links):
                self._record_intent(again)
                pending.append(again)
            made |= links
            unknown |= open_ones
        return made, unknown

    def _without_owner(self, part: Sequence[Wanted], links: Mapping[str, ContactLink]) -> list[Wanted]:
        """Return those that were refused for their owner, who has been removed since the owners were listed (C4)."""
        refused = [p for p in part if p.hash in links and links[p.hash].refusal == "INVALID_OWNER_ID"]
        had_owner = {p.hash: self._owners.owner_of(p.booking) is not None for p in refused}
        for person in refused:
            self._owners.forget_owner_of(person.booking)
        return [person for person in refused if had_owner[person.hash]]

    def _send(self, part: list[Wanted], pending: list[list[Wanted]]) -> BatchResult | None:
        """Send one part; None where it was refused as a whole and its halves wait to be sent instead."""
        contacts = [
            NewContact(p.hash[:32], render_contact(p.invitee, email=p.email, owner_id=self._owners.owner_of(p.booking)))
            for p in part
        ]
        try:
            return self._work.hubspot.create_contacts(contacts)
        except OutcomeUnknown:
            return BatchResult(unmatched=tuple(contact.trace_id for contact in contacts))
        except BatchRefused as refused:
            if len(part) > 1:
                middle = len(part) // 2
                pending[:0] = [part[:middle], part[middle:]]
                return None
            return BatchResult(refused={contacts[0].trace_id: refused.refusal})
        except BookingSyncError:
            self._record_not_sent([*part, *(person for some in pending for person in some)])
            raise

    def _record_not_sent(self, people: Sequence[Wanted]) -> None:
        outcomes = {person.hash: AuditOutcome.NOT_APPLIED for person in people}
        with self._work.recording() as (connection, at):
            audit.finish_contact_entries(connection, self._work.integration.id, outcomes, at=at)

    def _record_intent(self, part: Sequence[Wanted]) -> None:
        entries = [
            AuditEntry(
                p.change.id,
                p.booking.id,
                p.booking.version,
                "create",
                "contact",
                email_hash=p.hash,
                after={"properties": ["email", "firstname", "lastname", "hubspot_owner_id"]},
            )
            for p in part
        ]
        with self._work.recording() as (connection, at):
            lost = audit.unfinished_contact_hashes(connection, self._work.integration.id, [p.hash for p in part])
            not_applied = dict.fromkeys(lost, AuditOutcome.NOT_APPLIED)
            audit.finish_contact_entries(connection, self._work.integration.id, not_applied, at=at)
            record_entries(self._work, connection, entries, at)

    def _record_result(self, part: Sequence[Wanted], result: BatchResult) -> tuple[dict[str, ContactLink], set[str]]:
        links = {p.hash: link for p in part if (link := _link(p, result)) is not None}
        outcomes = {h: _outcome(link) for h, link in links.items()}
        with self._work.recording() as (connection, at):
            audit.finish_contact_entries(
                connection,
                self._work.integration.id,
                outcomes,
                at=at,
                object_ids={h: link.contact_id for h, link in links.items() if link.contact_id},
                error_codes={h: link.refusal for h, link in links.items() if link.refusal},
            )
            contact_links.save_links(connection, self._work.integration.portal_id, list(links.values()), at=at)
        return links, {p.hash for p in part if p.hash not in links}

    def _assemble(
        self, batch: Sequence[tuple[StoredChange, Booking]], links: Mapping[str, ContactLink], unknown: set[str]
    ) -> ContactsOfBatch:
        outcome = ContactsOfBatch()
        for change, booking in batch:
            hashes = [self._hash(email) for email in emails_of(booking)]
            if any(h in unknown for h in hashes):
                outcome.blocked.add(change.id)
            found = [links[h] for h in hashes if h in links]
            outcome.ids[change.id] = tuple(dict.fromkeys(link.contact_id for link in found if link.contact_id))
            refusals = [f"contact_refused: {link.refusal}" for link in found if link.refusal]
            outcome.warnings[change.id] = tuple(_unusable(booking) + refusals)
        return outcome


def emails_of(booking: Booking) -> list[str]:
    """Return the usable addresses of the invitees concerned, each once, in the order of the form."""
    usable = (normalise_email(invitee.email) for invitee in booking.concerned_invitees)
    return list(dict.fromkeys(email for email in usable if email is not None))


def _unusable(booking: Booking) -> list[str]:
    return [
        f"no_usable_email: invitee {invitee.id}"
        for invitee in booking.concerned_invitees
        if normalise_email(invitee.email) is None
    ]


def _link(person: Wanted, result: BatchResult) -> ContactLink | None:
    trace_id = person.hash[:32]
    if trace_id in result.written:
        return ContactLink(person.hash, result.written[trace_id], is_ours=True)
    refusal = result.refused.get(trace_id)
    if refusal is None:
        return None
    if refusal.existing_id is not None:
        return ContactLink(person.hash, refusal.existing_id, is_ours=False)
    return ContactLink(person.hash, None, is_ours=False, refusal=_code(refusal))


def _code(refusal: ItemRefusal) -> str:
    return refusal.code or refusal.category or "refused"


def _outcome(link: ContactLink) -> AuditOutcome:
    if link.refusal is not None:
        return AuditOutcome.REFUSED
    return AuditOutcome.APPLIED if link.is_ours else AuditOutcome.ADOPTED
