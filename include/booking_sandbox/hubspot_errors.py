"""HubSpot's refusals: the envelope of a whole answer and the item of a 207.

Source of the shapes: HubSpot docs "Error handling" and "Using object APIs", and recorded answers of live portals.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from booking_sandbox.wire import Json

VALIDATION = "VALIDATION_ERROR"


class Refusal(Exception):
    """A request, or one input of a batch, that HubSpot does not carry out."""

    def __init__(
        self,
        status: int,
        category: str | None,
        message: str,
        *,
        context: dict[str, list[str]] | None = None,
        errors: list[dict[str, Any]] | None = None,
        more: dict[str, Any] | None = None,
        fails_whole_batch: bool = False,
    ) -> None:
        super().__init__(message)
        self.status, self.category, self.message = status, category, message
        self.context, self.errors, self.more = context or {}, errors or [], more or {}
        self.fails_whole_batch = fails_whole_batch

    def envelope(self, correlation_id: str) -> dict[str, Any]:
        """The body of a whole refused answer."""
        body: dict[str, Any] = {"status": "error", "message": self.message, "correlationId": correlation_id}
        if self.context:
            body["context"] = self.context
        if self.errors:
            body["errors"] = self.errors
        if self.category:
            body["category"] = self.category
        return {**body, **self.more}

    def item(self, trace_id: str | None = None) -> dict[str, Any]:
        """One element of ``errors`` in a 207."""
        context = {**self.context, **({"objectWriteTraceId": [trace_id]} if trace_id is not None else {})}
        body: dict[str, Any] = {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": context,
            "errors": self.errors,
            "links": {},
        }
        if "subCategory" in self.more:
            body["subCategory"] = self.more["subCategory"]
        return body


@dataclass(frozen=True, slots=True)
class PropertyProblem:
    """One property value that is not acceptable, with HubSpot's error code."""

    name: str
    code: str
    message: str


@dataclass
class InvalidProperties(Exception):
    """The property problems of one object; becomes a Refusal once it is known how they are reported."""

    problems: list[PropertyProblem] = field(default_factory=list)


def property_refusal(problems: list[PropertyProblem], portal_id: int) -> Refusal:
    """The 400 that lists every offending property, in prose and in ``errors``."""
    listed = [
        {
            "isValid": False,
            "message": problem.message,
            "error": problem.code,
            "name": problem.name,
            "localizedErrorMessage": problem.message,
            "portalId": portal_id,
        }
        for problem in problems
    ]
    errors = [
        {"message": problem.message, "code": problem.code, "context": {"propertyName": [problem.name]}}
        for problem in problems
    ]
    text = "Property values were not valid: " + json.dumps(listed, separators=(",", ":"), ensure_ascii=False)
    return Refusal(400, VALIDATION, text, errors=errors)


def invalid(message: str, **more: Json) -> Refusal:
    """A plain 400 VALIDATION_ERROR."""
    return Refusal(400, VALIDATION, message, **more)


def bad_json(message: str) -> Refusal:
    """The 400 for a body that cannot be read into the shape that the endpoint takes."""
    return invalid(f"Invalid input JSON: {message}")


def not_found(message: str = "resource not found", **more: Json) -> Refusal:
    """404 OBJECT_NOT_FOUND."""
    return Refusal(404, "OBJECT_NOT_FOUND", message, **more)


def missing_objects(type_name: str, ids: list[str]) -> Refusal:
    """The item with which batch read and update name the ids that do not exist (recorded wording)."""
    message = f"Could not get some {type_name} objects, they may be deleted or not exist. Check that ids are valid."
    return not_found(message, context={"ids": ids})


def contact_exists(existing_id: str) -> Refusal:
    """409 of a create whose e-mail address is taken; the wording carries the id."""
    return Refusal(
        409, "CONFLICT", f"Contact already exists. Existing ID: {existing_id}", context={"existingId": [existing_id]}
    )


def value_taken(portal_id: int, type_name: str, name: str, value: str, *, new_id: str, existing_id: str) -> Refusal:
    """400 of a unique value that another record has; the second id is the record that has it (recorded wording)."""
    coordinates = (
        f"PropertyValueCoordinates{{portalId={portal_id}, objectTypeId=ObjectTypeId{{legacyObjectType={type_name}}}, "
        f"propertyName={name}, value={value}}}"
    )
    return invalid(f"Cannot set {coordinates} on {new_id}. {existing_id} already has that value.")


def duplicate_ids(ids: list[str]) -> Refusal:
    """400 of a batch that names one record twice."""
    text = ", ".join(ids)
    message = f"Duplicate IDs found in batch input: [{text}]. IDs must be unique"
    return invalid(message, context={"ids": ids}, fails_whole_batch=True)


def non_unique(operation: str, type_id: str, name: str) -> Refusal:
    """400 of a whole call that identifies records by a property that is not unique."""
    message = f"Unable to perform {operation} by non-unique {type_id} property {name}"
    return invalid(message, fails_whole_batch=True)
