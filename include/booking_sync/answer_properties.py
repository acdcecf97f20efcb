"""The contact properties that take answers: our own are made when a new contact first needs them (Q2).

What the portal has of ours is remembered, so a run in which no new question turns up asks for nothing. Making one can
be repeated: HubSpot refuses a second property of the same name, and a run that died over it finds the first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from booking_sync.answers import TEXT, Target, Wish, fitting
from booking_sync.clients.hubspot_model import PropertyDefinition
from booking_sync.errors import MissingScope, Refused
from booking_sync.portal import GROUP, GROUP_LABEL, audit_property
from booking_sync.states import AuditOutcome
from booking_sync.store import audit, contact_properties
from booking_sync.store.database import reading
from booking_sync.work import Work

CONTACTS = "contacts"
LEFT_OUT = "answers_left_out"
"""Begins the warning of a change whose new contact lacks an answer, and says why."""

FORBIDDEN = f"{LEFT_OUT}: HubSpot does not let this key make contact properties"


class AnswerProperties:
    """Turns answers into properties of a new contact, for one worker."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._definitions: dict[str, PropertyDefinition] | None = None
        self._why_not: dict[str, str] = {}
        self._is_forbidden = False
        self._at_work = threading.Lock()
        with reading(work.services.engine) as connection:
            self._ours = contact_properties.load_known(connection, work.integration.portal_id)

    def values(self, wishes: Sequence[Wish]) -> tuple[dict[str, str], list[str]]:
        """Return the properties for these answers, and a warning for each that cannot be passed on.

        Raises:
            IntegrationUnavailable, OutcomeUnknown: HubSpot takes nothing now; the next run makes what is missing.
        """
        values: dict[str, str] = {}
        warnings: list[str] = []
        for wish in wishes:
            with self._at_work:  # two batches must not make the same property
                target = self._own_target(wish) if wish.label is not None else self._mapped_target(wish)
            value = fitting(wish.value, target) if target is not None else None
            if value:
                values[wish.property_name] = value
            else:
                warnings.append(self._why_not.get(wish.property_name) or _does_not_fit(wish, target))
        return values, warnings

    def forget(self, names: Sequence[str]) -> None:
        """Have properties looked at again, by the next run: HubSpot says that they are missing."""
        with self._at_work, self._work.recording() as (connection, _):
            self._ours.difference_update(names)
            contact_properties.forget(connection, self._work.integration.portal_id)

    def _mapped_target(self, wish: Wish) -> Target | None:
        definition = self._read().get(wish.property_name)
        is_usable = definition is not None and not definition.is_read_only and not definition.has_unique_value
        return _target(definition) if is_usable and definition is not None else None

    def _own_target(self, wish: Wish) -> Target | None:
        name = wish.property_name
        if name not in self._ours and name not in self._why_not:
            self._find_or_make(name, wish)
        return TEXT if name in self._ours else None

    def _find_or_make(self, name: str, wish: Wish) -> None:
        existing = self._read().get(name)
        if existing is not None and existing.type == TEXT.type:
            self._remember(name)
        elif existing is not None:
            self._why_not[name] = f"{LEFT_OUT}: {wish.source}: the property {name} has type {existing.type}"
        elif self._is_forbidden:
            self._why_not[name] = FORBIDDEN
        else:
            self._make(name, wish)

    def _make(self, name: str, wish: Wish) -> None:
        hubspot = self._work.hubspot
        definition = PropertyDefinition(name, str(wish.label), "string", "textarea", GROUP)
        try:
            if all(one.group != GROUP for one in self._read().values()):
                self._audited(GROUP, lambda: hubspot.create_property_group(CONTACTS, GROUP, GROUP_LABEL))
            self._audited(name, partial(hubspot.create_property, CONTACTS, definition))
        except MissingScope:
            self._is_forbidden = True
            self._why_not[name] = FORBIDDEN
        except Refused as refusal:
            code = refusal.code or "refused"
            self._why_not[name] = f"{LEFT_OUT}: {wish.source}: HubSpot refuses to make its property ({code})"
        else:
            self._read()[name] = definition
            self._remember(name)

    def _audited(self, name: str, create: Callable[[], bool]) -> None:
        audit_property(self._work, self._audit_name(name), name, create)

    def _remember(self, name: str) -> None:
        """Note that the property is there, and settle what an earlier run could not say any more."""
        self._ours.add(name)
        names = [self._audit_name(name), self._audit_name(GROUP)]
        with self._work.recording() as (connection, at):
            audit.finish_entries(connection, names, AuditOutcome.ADOPTED, at=at, object_type="property")
            contact_properties.save_known(connection, self._work.integration.portal_id, self._ours)

    def _audit_name(self, name: str) -> str:
        return f"{self._work.integration.portal_id}/{CONTACTS}/{name}"

    def _read(self) -> dict[str, PropertyDefinition]:
        if self._definitions is None:
            self._definitions = {one.name: one for one in self._work.hubspot.property_definitions(CONTACTS)}
        return self._definitions


def _target(definition: PropertyDefinition) -> Target:
    options = zip((label.casefold() for label in definition.option_labels), definition.options, strict=False)
    return Target(definition.type, tuple(options), takes_several=definition.field_type == "checkbox")


def _does_not_fit(wish: Wish, target: Target | None) -> str:
    if target is None:
        return f"{LEFT_OUT}: {wish.source}: HubSpot has no property {wish.property_name} that can take it"
    return f"{LEFT_OUT}: {wish.source} does not fit the property {wish.property_name}"
