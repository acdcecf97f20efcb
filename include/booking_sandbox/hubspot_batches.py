"""Batch create, update and upsert: all or nothing without trace ids, input by input with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from booking_sandbox.hubspot_calls import Answer, Call, refuse_duplicates, text_id
from booking_sandbox.hubspot_errors import (
    InvalidProperties,
    PropertyProblem,
    Refusal,
    bad_json,
    missing_objects,
    non_unique,
    property_refusal,
)
from booking_sandbox.hubspot_records import Record
from booking_sandbox.hubspot_schema import CONTACTS, ObjectType
from booking_sandbox.hubspot_values import normal_email
from booking_sandbox.hubspot_writes import Checker
from booking_sandbox.wire import Json

_TRACE = "objectWriteTraceId"
Step = Callable[[], dict[str, Any] | None]
"""Writes one checked input; gives its result, or None where HubSpot leaves it out."""


@dataclass
class Batch:
    """The course of one batch: with trace ids inputs are written one by one, without them all or none."""

    call: Call
    checker: Checker
    inputs: list[dict[str, Any]]
    is_traced: bool = field(init=False)
    claimed: dict[tuple[str, str], str] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Ids of an update without trace ids that do not exist: reported in one item."""

    def __post_init__(self) -> None:
        traces = [one.get(_TRACE) for one in self.inputs]
        if any(trace is not None and not isinstance(trace, str) for trace in traces):
            raise bad_json(f"{_TRACE} is a text")
        self.is_traced = None not in traces and len(set(traces)) == len(traces)

    def run(self, prepare: Callable[[dict[str, Any]], Step]) -> None:
        """Check and write every input.

        Raises:
            Refusal: the whole batch is refused and nothing was written.
        """
        if self.is_traced:
            for one in self.inputs:
                self._try(one, prepare)
            return
        steps: list[tuple[dict[str, Any], Step]] = []
        problems: list[PropertyProblem] = []
        refusal: Refusal | None = None
        for one in self.inputs:
            try:
                steps.append((one, prepare(one)))
            except InvalidProperties as error:
                problems += error.problems
            except Refusal as error:
                refusal = refusal or error
        if problems:
            raise property_refusal(problems, self.call.portal.id)
        if refusal is not None:
            refusal.context.pop("existingId", None)
            raise refusal
        for one, step in steps:
            self._keep(one, step())

    def answer(self, success: int) -> Answer:
        """The answer of the batch: ``success``, or 207 where some inputs failed."""
        errors = list(self.errors)
        if self.missing:
            errors.append(missing_objects(self.checker.object_type.legacy_name, self.missing).item())
        ids = tuple(one["id"] for one in self.results)
        body = self.call.envelope(self.call.shuffled(self.results), errors)
        return Answer(207 if errors else success, body, len(self.inputs), ids)

    def miss(self, record_id: str) -> Step:
        """An input whose record does not exist: a 207 item, with or without trace ids."""
        if self.is_traced:
            raise missing_objects(self.checker.object_type.legacy_name, [record_id])
        self.missing.append(record_id)
        return lambda: None

    def _try(self, one: dict[str, Any], prepare: Callable[[dict[str, Any]], Step]) -> None:
        try:
            self._keep(one, prepare(one)())
        except InvalidProperties as error:
            self.errors.append(property_refusal(error.problems, self.call.portal.id).item(one[_TRACE]))
        except Refusal as error:
            if error.fails_whole_batch:
                raise
            self.errors.append(error.item(one[_TRACE]))

    def _keep(self, one: dict[str, Any], result: dict[str, Any] | None) -> None:
        if result is None:
            return
        if _TRACE in one and self.call.switches.trace_ids_in_results:
            result[_TRACE] = one[_TRACE]
        self.results.append(result)


def created(call: Call, record: Record) -> dict[str, Any]:
    """What a create answers: everything that was set, by the caller and by HubSpot."""
    return call.portal.envelope(record, dict(record.properties))


def updated(call: Call, record: Record, values: dict[str, str]) -> dict[str, Any]:
    """What an update answers: what was written, and the system values; not the whole record."""
    object_type = record.object_type
    system = ("hs_object_id", object_type.created_property, object_type.modified_property)
    return call.portal.envelope(record, {**values, **{name: record.properties[name] for name in system}})


def create_batch(call: Call) -> Answer:
    """``POST …/batch/create``."""
    inputs = call.inputs({"properties", "associations", _TRACE})
    if inputs is None:
        return call.nothing_to_do()
    checker = Checker(call.portal, call.object_type(), call.version)
    batch = Batch(call, checker, inputs)

    def prepare(one: dict[str, Any]) -> Step:
        values = checker.new_values(one.get("properties"))
        links = checker.links(one.get("associations"))
        conflict = checker.conflict(values, None, batch.claimed)
        if conflict:
            raise conflict
        if not batch.is_traced:
            checker.claim(values, call.portal.new_id(checker.object_type.name), batch.claimed)
        return lambda: created(call, call.portal.create(checker.object_type, values, links))

    batch.run(prepare)
    return batch.answer(201)


def update_batch(call: Call) -> Answer:
    """``POST …/batch/update``; an id that was merged away is neither written nor reported."""
    batch = _batch_by_id(call, "update", text_id)
    if batch is None:
        return call.nothing_to_do()

    def prepare(one: dict[str, Any]) -> Step:
        values = batch.checker.values(one.get("properties"))
        record = find(call, batch.checker.object_type, one)
        if record is None and call.portal.store.is_merged(batch.checker.object_type, one["id"]):
            return lambda: None
        return batch.miss(one["id"]) if record is None else _update_step(batch, record, values)

    batch.run(prepare)
    return batch.answer(200)


def upsert_batch(call: Call) -> Answer:
    """``POST …/batch/upsert``: by a unique property or, for contacts, by any of their addresses."""
    batch = _batch_by_id(call, "upsert", _comparable)
    if batch is None:
        return call.nothing_to_do()
    _refuse_conflicts(batch)
    batch.run(lambda one: _upsert_step(batch, one))
    return batch.answer(200)


def _batch_by_id(call: Call, verb: str, comparable: Callable[[dict[str, Any]], str]) -> Batch | None:
    """Read a batch whose items name records, each of them once; None where it has no items."""
    inputs = call.inputs({"id", "idProperty", "properties", _TRACE})
    if inputs is None:
        return None
    checker = Checker(call.portal, call.object_type(), call.version)
    for one in inputs:
        if "idProperty" in one:
            require_unique(call, checker.object_type, one["idProperty"], verb)
    refuse_duplicates([comparable(one) for one in inputs])
    return Batch(call, checker, inputs)


def _refuse_conflicts(batch: Batch) -> None:
    """Check a traced upsert as a whole: a conflict refuses all of it, so nothing may be written before it is found."""
    if not batch.is_traced:
        return
    for one in batch.inputs:
        try:
            _upsert_step(batch, one)
        except InvalidProperties:
            continue
        except Refusal as error:
            if error.fails_whole_batch:
                raise


def _comparable(one: dict[str, Any]) -> str:
    value = text_id(one)
    return normal_email(value) if one.get("idProperty") == "email" else value


def _upsert_step(batch: Batch, one: dict[str, Any]) -> Step:
    call, checker = batch.call, batch.checker
    record = find(call, checker.object_type, one)
    if record is not None:
        values = checker.values(one.get("properties"))
        return _update_step(batch, record, values, {"new": False}, conflict_fails_batch=True)
    if "idProperty" not in one:
        return batch.miss(one["id"])
    values = checker.new_values({**(one.get("properties") or {}), one["idProperty"]: one["id"]})
    conflict = checker.conflict(values, None, batch.claimed)
    if conflict:
        raise Refusal(409, "CONFLICT", conflict.message, fails_whole_batch=True)
    if not batch.is_traced:
        checker.claim(values, call.portal.new_id(checker.object_type.name), batch.claimed)
    return lambda: {**created(call, call.portal.create(checker.object_type, values, [])), "new": True}


def _update_step(
    batch: Batch,
    record: Record,
    values: dict[str, str],
    more: dict[str, Any] | None = None,
    *,
    conflict_fails_batch: bool = False,
) -> Step:
    conflict = batch.checker.conflict(values, record, batch.claimed)
    if conflict and conflict_fails_batch:
        raise Refusal(409, "CONFLICT", conflict.message, fails_whole_batch=True)
    if conflict:
        raise conflict
    if not batch.is_traced:
        batch.checker.claim(values, record.id, batch.claimed)

    def write() -> dict[str, Any]:
        batch.call.portal.update(record, values)
        return {**updated(batch.call, record, values), **(more or {})}

    return write


def require_unique(call: Call, object_type: ObjectType, name: Json, operation: str) -> None:
    """Refuse an ``idProperty`` that does not identify records.

    An address identifies a contact for read and upsert, but not for update (HubSpot docs, "Contacts": use record ids).
    """
    is_address = object_type is CONTACTS and name == "email" and operation != "update"
    is_unique = name in call.portal.store.unique_names(object_type.name)
    is_unsupported = operation == "update" and not call.switches.update_by_unique_property
    if is_unsupported or not (is_address or is_unique):
        raise non_unique(operation, object_type.type_id, str(name))


def find(call: Call, object_type: ObjectType, one: dict[str, Any]) -> Record | None:
    """The live record that an input names by id or by its ``idProperty``."""
    store, name = call.portal.store, one.get("idProperty")
    if name is None:
        return store.get(object_type, one["id"])
    if object_type is CONTACTS and name == "email":
        return store.by_email(one["id"])
    return store.by_unique(object_type, name, one["id"])
