"""Checking one object that somebody wants to write, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from booking_sandbox.hubspot_errors import (
    InvalidProperties,
    PropertyProblem,
    Refusal,
    bad_json,
    contact_exists,
    invalid,
    not_found,
    value_taken,
)
from booking_sandbox.hubspot_portal import Portal
from booking_sandbox.hubspot_records import SECONDARY_EMAILS, Record
from booking_sandbox.hubspot_schema import (
    ALL_OBJECT_TYPES,
    CONTACTS,
    MEETINGS,
    OBJECT_TYPES,
    AssociationType,
    ObjectType,
)
from booking_sandbox.hubspot_values import UnacceptableValueError, ValueRules
from booking_sandbox.wire import Json

RULES_SINCE_VERSION = "2026-09"
"""HubSpot changelog: from this version on, an administrator's validation rules bind API writes."""


@dataclass(slots=True)
class Checker:
    """Checks the objects of one request; ``version`` is the API version in its path."""

    portal: Portal
    object_type: ObjectType
    version: str = RULES_SINCE_VERSION
    rules: ValueRules = field(init=False)
    required: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = self.portal.rules()
        required = self.portal.switches().required_properties
        is_bound = self.version >= RULES_SINCE_VERSION
        self.required = required.get(self.object_type.name, []) if is_bound else []

    def new_values(self, given: Json) -> dict[str, str]:
        """Properties of an object to be created, normalised.

        Raises:
            InvalidProperties: some values are not acceptable.
            Refusal: the object as a whole is not.
        """
        values = self.values(given)
        missing = [name for name in self.required if not values.get(name)]
        if missing:
            text = "is required by a validation rule of this account"
            raise InvalidProperties(
                [PropertyProblem(name, "MISSING_REQUIRED_PROPERTY", f"{name} {text}") for name in missing]
            )
        if self.object_type is CONTACTS and not any(values.get(name) for name in ("email", "firstname", "lastname")):
            raise invalid("At least one of email, firstname and lastname is needed to create a contact.")
        if self.object_type is MEETINGS and not (values.get("hs_timestamp") or values.get("hs_meeting_start_time")):
            problem = PropertyProblem("hs_timestamp", "REQUIRED_PROPERTY", "hs_timestamp is required")
            raise InvalidProperties([problem])
        return values

    def values(self, given: Json) -> dict[str, str]:
        """Properties to be written, normalised.

        Raises:
            InvalidProperties: some values are not acceptable.
        """
        definitions = self.portal.properties[self.object_type.name]
        values: dict[str, str] = {}
        problems: list[PropertyProblem] = []
        for name, value in _text_map(given).items():
            definition = definitions.get(name)
            if definition is None or definition.archived_at is not None:
                problems.append(PropertyProblem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            elif definition.is_read_only:
                text = f'"{name}" is a read only property; its value cannot be set.'
                problems.append(PropertyProblem(name, "READ_ONLY_VALUE", text))
            else:
                try:
                    values[name] = self.rules.check(definition, value)
                except UnacceptableValueError as error:
                    problems.append(PropertyProblem(name, error.code, str(error)))
        if problems:
            raise InvalidProperties(problems)
        return values

    def conflict(
        self, values: Mapping[str, str], own: Record | None, claimed: dict[tuple[str, str], str]
    ) -> Refusal | None:
        """Who has one of the unique values already; ``claimed`` are those of the same batch that are not stored yet."""
        for name in self._unique_names():
            value = values.get(name)
            if not value:
                continue
            holder = self._holder(name, value)
            holder_id = holder.id if holder else claimed.get((name, value))
            if holder_id is None or (own is not None and holder_id == own.id):
                continue
            if own is None and name == "email":
                return contact_exists(holder_id)
            own_id = own.id if own else self.portal.new_id(self.object_type.name)
            return value_taken(
                self.portal.id, self.object_type.legacy_name, name, value, new_id=own_id, existing_id=holder_id
            )
        return None

    def claim(self, values: Mapping[str, str], record_id: str, claimed: dict[tuple[str, str], str]) -> None:
        """Remember the unique values of an object that will be written later in this batch."""
        for name in self._unique_names():
            if values.get(name):
                claimed[name, values[name]] = record_id

    def links(self, given: Json) -> list[tuple[AssociationType, str]]:
        """Inline associations of an object to be created.

        Raises:
            Refusal: a target does not exist, or a type is not one between these objects.
        """
        if given is None:
            return []
        if not isinstance(given, list):
            raise bad_json("associations is a list")
        return [link for one in given for link in self._links_of(one)]

    def _links_of(self, given: Json) -> list[tuple[AssociationType, str]]:
        if not isinstance(given, dict) or given.keys() != {"to", "types"} or not isinstance(given["to"], dict):
            raise bad_json('an association is {"to": {"id"}, "types": [...]}')
        to_id = given["to"].get("id")
        if not isinstance(to_id, str | int) or not isinstance(given["types"], list) or not given["types"]:
            raise bad_json("an association names the id of its target and at least one type")
        links = [(association_type(self.portal, self.object_type, one), str(to_id)) for one in given["types"]]
        for found, _ in links:
            target = OBJECT_TYPES[found.to_type]
            if self.portal.store.get(target, str(to_id)) is None:
                raise not_found(f"No {target.legacy_name} with ID {to_id} exists", context={"id": [str(to_id)]})
        return links

    def _unique_names(self) -> list[str]:
        names = self.portal.store.unique_names(self.object_type.name)
        return ["email", SECONDARY_EMAILS, *names] if self.object_type is CONTACTS else names

    def _holder(self, name: str, value: str) -> Record | None:
        if name == "email":
            return self.portal.store.by_email(value)
        if name == SECONDARY_EMAILS:
            found = (self.portal.store.by_email(one) for one in value.split(";"))
            return next((one for one in found if one is not None), None)
        return self.portal.store.by_unique(self.object_type, name, value)


def association_type(
    portal: Portal, from_type: ObjectType, given: Json, to_type: ObjectType | None = None
) -> AssociationType:
    """The association type that a request names by category and id.

    Raises:
        Refusal: there is none such between these object types.
    """
    keys = {"associationCategory", "associationTypeId"}
    if not isinstance(given, dict) or given.keys() != keys or not isinstance(given["associationTypeId"], int):
        raise bad_json("an association type has associationCategory and associationTypeId")
    kind = (str(given["associationCategory"]), given["associationTypeId"])
    targets = (to_type,) if to_type else ALL_OBJECT_TYPES
    found = [one for target in targets if (one := portal.links.find(from_type, target, kind)) is not None]
    if not found:
        raise invalid(f"{kind[0]} association type {kind[1]} does not exist for {from_type.legacy_name}")
    return found[0]


def _text_map(given: Json) -> dict[str, str]:
    if not isinstance(given, dict):
        raise bad_json("properties is an object of texts")
    for name, value in given.items():
        if not isinstance(value, str):
            raise bad_json(f"the value of property {name} is not a text")
    return given
