"""Associations between the records of a portal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from booking_sandbox.hubspot_schema import (
    DEFAULT_ASSOCIATION_TYPES,
    USER_DEFINED,
    AssociationKind,
    AssociationType,
    ObjectType,
)

Node = tuple[str, str]
"""(object type name, record id)."""


@dataclass(slots=True)
class LinkStore:
    """Who is linked to whom, and in which ways. Every link is stored from both sides."""

    types: dict[tuple[str, str], dict[AssociationKind, AssociationType]] = field(default_factory=dict)
    _links: dict[Node, dict[Node, set[AssociationKind]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in DEFAULT_ASSOCIATION_TYPES:
            self.define(one)

    def define(self, association_type: AssociationType) -> None:
        """Make a way of linking known, in one direction."""
        pair = (association_type.from_type, association_type.to_type)
        self.types.setdefault(pair, {})[association_type.kind] = association_type

    def define_label(self, from_type: ObjectType, to_type: ObjectType, label: str, type_id: int) -> None:
        """A user-defined label; its inverse has the next id."""
        forward = AssociationType(from_type.name, to_type.name, type_id, type_id + 1, USER_DEFINED, label)
        self.define(forward)
        self.define(forward.inverse())

    def find(self, from_type: ObjectType, to_type: ObjectType, kind: AssociationKind) -> AssociationType | None:
        """The association type of that category and id between these object types."""
        return self.types.get((from_type.name, to_type.name), {}).get(kind)

    def default(self, from_type: ObjectType, to_type: ObjectType) -> AssociationType | None:
        """The unlabelled type between these object types."""
        kinds = self.types.get((from_type.name, to_type.name), {})
        return next((one for one in kinds.values() if one.label is None), None)

    def link(self, from_id: str, association_type: AssociationType, to_id: str) -> bool:
        """Link two records; False if they were linked in that way already."""
        near, far = (association_type.from_type, from_id), (association_type.to_type, to_id)
        kinds = self._links.setdefault(near, {}).setdefault(far, set())
        is_new = association_type.kind not in kinds
        self._links.setdefault(far, {}).setdefault(near, set()).add(association_type.inverse().kind)
        kinds.add(association_type.kind)
        return is_new

    def unlink(self, near: Node, far: Node) -> bool:
        """Remove every link between two records; False if there was none."""
        self._links.get(far, {}).pop(near, None)
        return self._links.get(near, {}).pop(far, None) is not None

    def of(self, node: Node) -> dict[Node, set[AssociationKind]]:
        """Everything that a record is linked to; archived records included."""
        return self._links.get(node, {})

    def towards(self, node: Node, type_name: str) -> Iterable[tuple[str, set[AssociationKind]]]:
        """The linked records of one type, oldest link first."""
        return ((far[1], kinds) for far, kinds in self.of(node).items() if far[0] == type_name)

    def move(self, old: Node, new: Node) -> None:
        """Give all links of one record to another."""
        for far, kinds in list(self.of(old).items()):
            back = self._links[far].pop(old, set())
            if far != new:
                self._links.setdefault(new, {}).setdefault(far, set()).update(kinds)
                self._links[far].setdefault(new, set()).update(back)
        self._links.pop(old, None)
