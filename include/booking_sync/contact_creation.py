"""Making the contacts that HubSpot does not have: once each, with the answers of the booking that brings them (C2, Q2).

A contact that is refused for its owner or for an answer is made without it: neither may cost the contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from booking_sync.answer_properties import LEFT_OUT, AnswerProperties
from booking_sync.answers import wishes_of
from booking_sync.clients.hubspot import BatchRefused
from booking_sync.clients.hubspot_calls import MOST_INPUTS
from booking_sync.clients.hubspot_model import BatchResult, ItemRefusal, NewContact
from booking_sync.concerned import ConcernedPerson
from booking_sync.errors import BookingSyncError, OutcomeUnknown
from booking_sync.model import Booking
from booking_sync.owner_directory import OwnerDirectory
from booking_sync.record import record_entries
from booking_sync.refusal import OWNER_INVALID, refusal_code
from booking_sync.render import render_contact
from booking_sync.states import AuditOutcome
from booking_sync.store import audit, contact_links
from booking_sync.store.audit import AuditEntry
from booking_sync.store.changes import StoredChange
from booking_sync.store.contact_links import ContactLink
from booking_sync.store.statements import chunks
from booking_sync.work import Work

PROPERTY_MISSING = "PROPERTY_DOESNT_EXIST"
OF_THE_ADDRESS = frozenset({"INVALID_EMAIL", "EMAIL_BLOCKLISTED"})
"""Refusals that leaving answers out cannot help."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One address that a batch needs a contact for, with the booking that would create it: the earliest (C5)."""

    person: ConcernedPerson
    hash: str
    booking: Booking
    change: StoredChange
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The properties that take the answers."""

    @property
    def email(self) -> str:
        """The address."""
        return self.person.email

    @property
    def trace_id(self) -> str:
        """What the item is recognised by in HubSpot's answer."""
        return self.hash[:32]


@dataclass(slots=True)
class Made:
    """What came of it: links by hash, hashes whose outcome is not known, and warnings by change id."""

    links: dict[str, ContactLink] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    warnings: dict[str, list[str]] = field(default_factory=dict)

    def warn(self, wanted: Wanted, *sentences: str) -> None:
        """Note what the new contact lacks."""
        self.warnings.setdefault(wanted.change.id, []).extend(sentences)


class ContactCreation:
    """Creates contacts for one worker."""

    def __init__(self, work: Work, owners: OwnerDirectory) -> None:
        self._work = work
        self._owners = owners
        self._answers = AnswerProperties(work)

    def create(self, missing: Iterable[Wanted]) -> Made:
        """Create contacts, each written down before it is sent and recorded before the next is."""
        made = Made()
        drafts = [self._with_answers(one, made) for one in missing]
        pending = [list(some) for some in chunks(drafts, MOST_INPUTS)]
        for part in pending:
            self._record_intent(part)
        while pending:
            part = pending.pop(0)
            result = self._send(part, pending)
            if result is None:
                continue
            links = self._record_result(part, result)
            if again := self._with_less(part, result, made):
                self._record_intent(again)
                pending.append(again)
            made.links |= links
            made.unknown |= {one.hash for one in part if one.hash not in links}
        return made

    def _with_answers(self, wanted: Wanted, made: Made) -> Wanted:
        """Add the answers of the invitee; of a guest there are none."""
        if wanted.person.is_guest:
            return wanted
        wishes = wishes_of(wanted.person.invitee, wanted.booking, self._work.settings)
        values, warnings = self._answers.values(wishes)
        made.warn(wanted, *warnings)
        return replace(wanted, answers=values)

    def _properties(self, wanted: Wanted) -> dict[str, str]:
        owner_id = self._owners.owner_of(wanted.booking)
        return render_contact(wanted.person.invitee, email=wanted.email, owner_id=owner_id) | dict(wanted.answers)

    def _with_less(self, part: Sequence[Wanted], result: BatchResult, made: Made) -> list[Wanted]:
        """Return those that were refused for something that a contact can do without (C4, Q2)."""
        again: list[Wanted] = []
        for wanted in part:
            refusal = result.refused.get(wanted.trace_id)
            if refusal is None:
                continue
            if refusal.code == OWNER_INVALID and self._owners.owner_of(wanted.booking) is not None:
                again.append(wanted)
            elif faulty := faulty_answers(wanted, refusal):
                if refusal.code == PROPERTY_MISSING:
                    self._answers.forget(faulty)
                made.warn(wanted, f"{LEFT_OUT}: HubSpot refuses {', '.join(faulty)} ({refusal_code(refusal)})")
                rest = {name: value for name, value in wanted.answers.items() if name not in faulty}
                again.append(replace(wanted, answers=rest))
        for wanted in again:
            if result.refused[wanted.trace_id].code == OWNER_INVALID:
                self._owners.forget_owner_of(wanted.booking)
        return again

    def _send(self, part: list[Wanted], pending: list[list[Wanted]]) -> BatchResult | None:
        """Send one part; None where it was refused as a whole and its halves wait to be sent instead."""
        contacts = [NewContact(one.trace_id, self._properties(one)) for one in part]
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
            self._record_not_sent([*part, *(one for some in pending for one in some)])
            raise

    def _record_not_sent(self, people: Sequence[Wanted]) -> None:
        outcomes = {one.hash: AuditOutcome.NOT_APPLIED for one in people}
        with self._work.recording() as (connection, at):
            audit.finish_contact_entries(connection, self._work.integration.id, outcomes, at=at)

    def _record_intent(self, part: Sequence[Wanted]) -> None:
        entries = [
            AuditEntry(
                one.change.id,
                one.booking.id,
                one.booking.version,
                "create",
                "contact",
                email_hash=one.hash,
                after={"properties": sorted(self._properties(one))},
            )
            for one in part
        ]
        with self._work.recording() as (connection, at):
            lost = audit.unfinished_contact_hashes(connection, self._work.integration.id, [one.hash for one in part])
            not_applied = dict.fromkeys(lost, AuditOutcome.NOT_APPLIED)
            audit.finish_contact_entries(connection, self._work.integration.id, not_applied, at=at)
            record_entries(self._work, connection, entries, at)

    def _record_result(self, part: Sequence[Wanted], result: BatchResult) -> dict[str, ContactLink]:
        links = {one.hash: link for one in part if (link := _link(one, result)) is not None}
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
        return links


def faulty_answers(wanted: Wanted, refusal: ItemRefusal) -> tuple[str, ...]:
    """Return the answers that a contact is refused for; all, where HubSpot does not name a property."""
    if refusal.code in {OWNER_INVALID, *OF_THE_ADDRESS}:
        return ()
    if refusal.property_names:
        return tuple(name for name in refusal.property_names if name in wanted.answers)
    return () if refusal.existing_id is not None else tuple(wanted.answers)


def _link(wanted: Wanted, result: BatchResult) -> ContactLink | None:
    if wanted.trace_id in result.written:
        return ContactLink(wanted.hash, result.written[wanted.trace_id], is_ours=True)
    refusal = result.refused.get(wanted.trace_id)
    if refusal is None:
        return None
    if refusal.existing_id is not None and not faulty_answers(wanted, refusal):
        return ContactLink(wanted.hash, refusal.existing_id, is_ours=False)
    return ContactLink(wanted.hash, None, is_ours=False, refusal=refusal_code(refusal))


def _outcome(link: ContactLink) -> AuditOutcome:
    if link.refusal is not None:
        return AuditOutcome.REFUSED
    return AuditOutcome.APPLIED if link.is_ours else AuditOutcome.ADOPTED
