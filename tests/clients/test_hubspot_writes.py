"""Writing to HubSpot: what became of every single item, or that it is not known."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from booking_sync.clients.hubspot import (
    ActivityUpdate,
    BatchRefused,
    BatchResult,
    HubSpotClient,
    ItemRefusal,
    NewActivity,
    NewContact,
    PropertyDefinition,
)
from booking_sync.errors import NotFound, OutcomeUnknown, Refused
from tests.clients.scripted_server import Answering, ScriptedServer, answers

PERSON = "anna.secret@example.com"


def a_batch(*results: Any, errors: list[Any] | None = None, status: str = "COMPLETE", http: int = 0) -> Answering:
    body = {"status": status, "results": list(results), "errors": errors or [], "numErrors": len(errors or [])}
    return answers(http or (207 if errors else 201), body)


def an_error(trace: Any, message: str = "", category: str = "VALIDATION_ERROR", **context: Any) -> dict[str, Any]:
    context = {"objectWriteTraceId": trace, **context} if trace is not None else context
    return {"status": "error", "category": category, "message": message, "context": context}


def an_activity(trace: str, key: str | None = None, contact_ids: tuple[str, ...] = ()) -> NewActivity:
    return NewActivity(trace, {"calendar_booking_key": key or f"key-{trace}"}, contact_ids)


def test_a_contact_is_sent_with_trace_id_and_associations(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_batch({"id": 171, "objectWriteTraceId": "t1"}))
    result = hubspot.create_contacts([NewContact("t1", {"email": PERSON})])
    assert result == BatchResult(written={"t1": "171"})
    assert server.seen[0].path == "/crm/objects/2026-09/contacts/batch/create"
    assert server.seen[0].json == {
        "inputs": [{"objectWriteTraceId": "t1", "properties": {"email": PERSON}, "associations": []}]
    }


def test_an_activity_is_associated_as_it_is_created(server: ScriptedServer, hubspot: HubSpotClient) -> None:  # A1
    server.will(a_batch({"id": "5", "objectWriteTraceId": "t1"}))
    hubspot.create_activities([an_activity("t1", contact_ids=("101",))])
    association_type = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200}
    assert server.seen[0].json["inputs"][0]["associations"] == [{"to": {"id": "101"}, "types": [association_type]}]


def test_results_are_joined_by_trace_id_and_not_by_position(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(
        a_batch(
            {"id": "53", "objectWriteTraceId": "t3"},
            {"id": "51", "objectWriteTraceId": "t1"},
            {"id": "51", "objectWriteTraceId": "t1"},
            {"id": "99", "objectWriteTraceId": "of somebody else"},
            {"objectWriteTraceId": "t4"},
            "rubbish",
        )
    )
    result = hubspot.create_activities([an_activity(f"t{number}") for number in (1, 2, 3, 4)])
    assert result == BatchResult(written={"t1": "51", "t3": "53"}, unmatched=("t2", "t4"))


def test_results_without_trace_ids_are_joined_by_marker(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(
        a_batch(
            {"id": "52", "properties": {"calendar_booking_key": "k2"}},
            {"id": "51", "properties": {"calendar_booking_key": "k1"}},
            {"id": "59", "properties": {"calendar_booking_key": "foreign"}},
            {"id": "58", "properties": None},
        )
    )
    result = hubspot.create_activities([an_activity("t1", "k1"), an_activity("t2", "k2"), an_activity("t3", "k3")])
    assert result == BatchResult(written={"t1": "51", "t2": "52"}, unmatched=("t3",))


def test_results_without_trace_ids_are_joined_by_address(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_batch({"id": "52", "properties": {"email": "b@example.com"}}))
    contacts = [NewContact("t1", {"email": "A@example.com"}), NewContact("t2", {"email": "B@Example.com"})]
    assert hubspot.create_contacts(contacts) == BatchResult(written={"t2": "52"}, unmatched=("t1",))


def test_a_value_that_two_inputs_share_joins_neither(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_batch({"id": "52", "properties": {"calendar_booking_key": "k"}}))
    result = hubspot.create_activities([an_activity("t1", "k"), an_activity("t2", "k")])
    assert result == BatchResult(unmatched=("t1", "t2"))


def test_updates_without_trace_ids_are_joined_by_object_id(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    gone = an_error(None, category="OBJECT_NOT_FOUND", ids=["7"])
    server.will(a_batch({"id": 5, "properties": {}}, errors=[gone]))
    updates = [ActivityUpdate("t1", "5", {}), ActivityUpdate("t2", "6", {}), ActivityUpdate("t3", "7", {})]
    result = hubspot.update_activities(updates)
    assert result.written == {"t1": "5"}
    assert result.refused == {"t3": ItemRefusal("OBJECT_NOT_FOUND", "OBJECT_NOT_FOUND")}
    assert result.unmatched == ("t2",)  # merged away: HubSpot says nothing of it
    assert server.seen[0].json["inputs"][0] == {"objectWriteTraceId": "t1", "properties": {}, "id": "5"}


def test_one_trace_id_with_two_objects_must_be_read_back(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_batch({"id": "5", "objectWriteTraceId": "t1"}, {"id": "6", "objectWriteTraceId": "t1"}))
    assert hubspot.create_activities([an_activity("t1")]) == BatchResult(unmatched=("t1",))


def test_an_item_both_written_and_refused_must_be_read_back(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    written = {"id": "5", "objectWriteTraceId": "t1"}
    server.will(a_batch(written, errors=[an_error("t1"), an_error("t2")], http=201))
    result = hubspot.create_activities([an_activity("t1"), an_activity("t2"), an_activity("t3")])
    assert result == BatchResult(
        refused={"t2": ItemRefusal("VALIDATION_ERROR", "VALIDATION_ERROR")}, unmatched=("t1", "t3")
    )


def test_an_error_that_names_no_item_of_many_refuses_none(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_batch(errors=[an_error(None)]), a_batch(errors=[an_error(None)]))
    assert hubspot.create_activities([an_activity("t1"), an_activity("t2")]) == BatchResult(unmatched=("t1", "t2"))
    assert set(hubspot.create_activities([an_activity("t1")]).refused) == {"t1"}


INVALID_EMAIL = json.dumps(
    [{"isValid": False, "message": f"Email address {PERSON} is invalid", "error": "INVALID_EMAIL", "name": "email"}]
)
HAS_VALUE = (
    "Cannot set PropertyValueCoordinates{portalId=1, objectTypeId=ObjectTypeId{legacyObjectType=CONTACT}, "
    f"propertyName=email, value={PERSON}}} on 552148386511. 552239500007 already has that value."
)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            an_error(["t1"], "Contact already exists. Existing ID: 17", "CONFLICT", existingId=["17"]),
            ItemRefusal("CONFLICT", "CONFLICT", "17"),
        ),
        (
            an_error("t1", "Contact already exists. Existing ID: 17", "CONFLICT"),
            ItemRefusal("CONFLICT", "CONFLICT", "17"),
        ),
        (
            an_error("t1", HAS_VALUE),
            ItemRefusal("VALIDATION_ERROR", "VALIDATION_ERROR", "552239500007", ("email",)),
        ),
        (
            an_error("t1", f"Property values were not valid: {INVALID_EMAIL}"),
            ItemRefusal("INVALID_EMAIL", "VALIDATION_ERROR", None, ("email",)),
        ),
        (
            an_error("t1", 'Property values were not valid: [{"cut off'),
            ItemRefusal("VALIDATION_ERROR", "VALIDATION_ERROR"),
        ),
        (
            {
                **an_error("t1", f'Property "{PERSON}" does not exist'),
                "errors": [{"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["x", f"{PERSON} "]}}],
                "correlationId": "c0ffee",
            },
            ItemRefusal("PROPERTY_DOESNT_EXIST", "VALIDATION_ERROR", None, ("x",), "c0ffee"),
        ),
        ({"context": {"objectWriteTraceId": ["t1"]}, "message": PERSON, "category": PERSON}, ItemRefusal(None, None)),
    ],
)
def test_a_refused_item_says_why_without_quoting_anybody(
    server: ScriptedServer, hubspot: HubSpotClient, error: dict[str, Any], expected: ItemRefusal
) -> None:
    server.will(a_batch({"id": "5", "objectWriteTraceId": "t2"}, errors=[error]))
    result = hubspot.create_activities([an_activity("t1"), an_activity("t2")])
    assert result == BatchResult(written={"t2": "5"}, refused={"t1": expected})
    assert "secret" not in repr(result)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (409, {"category": "CONFLICT", "message": "Existing ID: 17"}, ItemRefusal("CONFLICT", "CONFLICT", "17")),
        (
            400,
            {"category": "VALIDATION_ERROR", "message": HAS_VALUE, "correlationId": "c0ffee"},
            ItemRefusal("VALIDATION_ERROR", "VALIDATION_ERROR", "552239500007", ("email",), "c0ffee"),
        ),
        (
            400,
            {"category": "VALIDATION_ERROR", "message": f"not valid: {INVALID_EMAIL}"},
            ItemRefusal("INVALID_EMAIL", "VALIDATION_ERROR", None, ("email",)),
        ),
        (
            400,
            {
                "category": "VALIDATION_ERROR",
                "message": "Duplicate IDs found in batch input: [12]. IDs must be unique",
                "context": {"ids": ["12"]},
            },
            ItemRefusal("VALIDATION_ERROR", "VALIDATION_ERROR", duplicate_ids=("12",)),
        ),
        (413, b"<html>too large</html>", ItemRefusal(None, None)),
    ],
)
def test_a_batch_that_is_refused_whole_tells_what_it_can(
    server: ScriptedServer, hubspot: HubSpotClient, status: int, body: Any, expected: ItemRefusal
) -> None:
    server.will(answers(status, body))
    with pytest.raises(BatchRefused) as caught:
        hubspot.create_contacts([NewContact("t1", {"email": PERSON})])
    error = caught.value
    assert (error.status, error.code, error.refusal) == (status, expected.code, expected)
    assert (error.existing_id, error.duplicate_ids) == (expected.existing_id, expected.duplicate_ids)
    assert "secret" not in str(error) + repr(error.refusal)


@pytest.mark.parametrize(
    "trouble",
    [
        a_batch(status="PENDING", http=200),
        a_batch(status="PROCESSING", http=201),
        a_batch(status="CANCELED", http=200),
        answers(201, {"status": "COMPLETE"}),
        answers(200, {"status": "COMPLETE", "results": {}}),
        answers(204),
        answers(502),
    ],
)
def test_a_batch_that_did_not_clearly_finish_is_unknown(
    server: ScriptedServer, hubspot: HubSpotClient, trouble: Answering
) -> None:
    server.will(trouble)
    with pytest.raises(OutcomeUnknown):
        hubspot.create_activities([an_activity("t1")])
    assert len(server.seen) == 1


def test_a_batch_that_was_silently_ignored_is_unmatched(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_batch())
    assert hubspot.create_activities([an_activity("t1")]) == BatchResult(unmatched=("t1",))


WRITES: list[Callable[[HubSpotClient, Sequence[int]], object]] = [
    lambda client, numbers: client.create_contacts([NewContact(str(number), {}) for number in numbers]),
    lambda client, numbers: client.create_activities([an_activity(str(number)) for number in numbers]),
    lambda client, numbers: client.update_activities([ActivityUpdate(str(number), "1", {}) for number in numbers]),
    lambda client, numbers: client.archive_activities([str(number) for number in numbers]),
]


@pytest.mark.parametrize("write", WRITES)
def test_a_batch_over_a_hundred_is_not_sent_and_an_empty_one_neither(
    server: ScriptedServer, hubspot: HubSpotClient, write: Callable[[HubSpotClient, Sequence[int]], object]
) -> None:
    with pytest.raises(ValueError, match="101"):
        write(hubspot, range(101))
    write(hubspot, [])
    assert server.seen == []


def test_trace_ids_must_tell_the_items_apart(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    with pytest.raises(ValueError, match="unique"):
        hubspot.create_activities([an_activity("t1"), an_activity("t1")])
    assert server.seen == []


def test_activities_are_archived(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(answers(204))
    hubspot.archive_activities(["5", "6"])
    assert server.seen[0].path == "/crm/objects/2026-09/meetings/batch/archive"
    assert server.seen[0].json == {"inputs": [{"id": "5"}, {"id": "6"}]}


def test_an_archive_that_is_not_plainly_done_is_told(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_batch(errors=[an_error(None)]), answers(404))
    with pytest.raises(OutcomeUnknown):
        hubspot.archive_activities(["5"])
    with pytest.raises(NotFound):
        hubspot.archive_activities(["5"])


@pytest.mark.parametrize("is_flat", [True, False])
def test_associations_that_are_not_confirmed_are_returned(
    server: ScriptedServer, hubspot: HubSpotClient, *, is_flat: bool
) -> None:
    confirmed = {"fromObjectId": 5, "toObjectId": 101} if is_flat else {"from": {"id": "5"}, "to": {"id": "101"}}
    server.will(a_batch(confirmed, errors=[an_error(None, category="OBJECT_NOT_FOUND")]))
    assert hubspot.associate([("5", "101"), ("5", "102"), ("5", "101")]) == (("5", "102"),)
    assert server.seen[0].path == "/crm/associations/2026-09/meetings/contacts/batch/create"
    assert server.seen[0].json["inputs"][0] == {
        "from": {"id": "5"},
        "to": {"id": "101"},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200}],
    }


def test_associations_without_an_error_are_all_made(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_batch())
    assert hubspot.associate([("5", "101")]) == ()
    assert hubspot.associate([]) == ()
    with pytest.raises(ValueError, match="2001"):
        hubspot.associate([("5", str(number)) for number in range(2001)])
    assert len(server.seen) == 1


def test_a_property_is_made_once(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    exists = {"category": "OBJECT_ALREADY_EXISTS", "subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS"}
    server.will(answers(201, {"name": "x"}), answers(409, exists), answers(400, {"category": "VALIDATION_ERROR"}))
    wanted = PropertyDefinition("x", "X", "enumeration", "select", "calendar_com", True, ("A", "B"))
    assert hubspot.create_property("meetings", wanted) is True
    assert hubspot.create_property("meetings", wanted) is False
    with pytest.raises(Refused):
        hubspot.create_property("meetings", wanted)
    assert server.seen[0].path == "/crm/properties/2026-09/meetings"
    assert server.seen[0].json == {
        "name": "x",
        "label": "X",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "calendar_com",
        "hasUniqueValue": True,
        "options": [
            {"label": "A", "value": "A", "displayOrder": 0, "hidden": False},
            {"label": "B", "value": "B", "displayOrder": 1, "hidden": False},
        ],
    }


def test_a_property_group_is_made_once(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(answers(201, {"name": "g"}), answers(409, {"category": "OBJECT_ALREADY_EXISTS"}))
    assert hubspot.create_property_group("meetings", "g", "G") is True
    assert hubspot.create_property_group("meetings", "g", "G") is False
    assert server.seen[0].path == "/crm/properties/2026-09/meetings/groups"
    assert server.seen[0].json == {"name": "g", "label": "G"}
