"""Recorded facts about HubSpot's batch endpoints, each shown by the sandbox over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from booking_sandbox.server import Sandbox
from tests.sandbox.conftest import Api
from tests.sandbox.requests_of_hubspot import CONTACTS, MEETINGS, PROPERTIES, batch, contact, definition, meeting


def by_trace(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["objectWriteTraceId"]: one for one in body["results"]}


def test_a_hundred_inputs_are_taken_and_one_more_is_refused(hubspot: Api) -> None:
    assert (
        hubspot("POST", f"{CONTACTS}/batch/create", batch(*[contact(f"a{n}@x.com") for n in range(101)])).status_code
        == 400
    )
    assert (
        hubspot("POST", f"{CONTACTS}/batch/create", batch(*[contact(f"a{n}@x.com") for n in range(100)])).status_code
        == 201
    )


def test_a_body_without_inputs_is_a_success_that_does_nothing(sandbox: Sandbox, hubspot: Api) -> None:
    answer = hubspot("POST", f"{CONTACTS}/batch/create", {})
    assert (answer.status_code, answer.json()["status"], answer.json()["results"]) == (200, "COMPLETE", [])
    assert sandbox.hubspot.state.contacts() == []


def test_unknown_keys_and_empty_inputs_are_refused(hubspot: Api) -> None:
    for body in (batch(), batch(contact("a@x.com"), dryRun=True), batch({**contact("a@x.com"), "surprise": 1}), [1]):
        answer = hubspot("POST", f"{CONTACTS}/batch/create", body)
        assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_results_are_shuffled_and_echo_trace_ids_and_emails_are_lower_cased(hubspot: Api) -> None:
    inputs = [contact(f"Person.{n}@X.com", trace=str(n)) for n in range(30)]
    answer = hubspot("POST", f"{CONTACTS}/batch/create", batch(*inputs)).json()
    assert [one["objectWriteTraceId"] for one in answer["results"]] != [str(n) for n in range(30)]
    assert all(one["properties"]["email"] == f"person.{trace}@x.com" for trace, one in by_trace(answer).items())


def test_a_write_answers_what_was_set_and_defaults_in_iso_with_milliseconds(hubspot: Api) -> None:
    answer = hubspot("POST", f"{MEETINGS}/batch/create", batch(meeting(hs_meeting_end_time="1795341600000"))).json()
    properties = answer["results"][0]["properties"]
    assert properties["hs_timestamp"] == "2026-11-22T09:00:00.000Z"
    assert properties["hs_meeting_end_time"] == "2026-11-22T10:00:00.000Z"
    assert properties["hs_createdate"] == "2026-11-22T09:00:00.000Z"
    assert properties["hs_object_source"] == "INTEGRATION"
    assert answer["results"][0]["id"] == properties["hs_object_id"]


def test_one_duplicate_without_trace_ids_refuses_the_whole_batch(sandbox: Sandbox, hubspot: Api) -> None:
    existing = sandbox.hubspot.state.add_contact(email="taken@x.com")
    answer = hubspot("POST", f"{CONTACTS}/batch/create", batch(contact("new@x.com"), contact("TAKEN@x.com")))
    assert answer.status_code == 409
    assert answer.json()["category"] == "CONFLICT"
    assert answer.json()["message"] == f"Contact already exists. Existing ID: {existing}"
    assert len(sandbox.hubspot.state.contacts()) == 1


def test_one_duplicate_with_trace_ids_is_a_207_item(sandbox: Sandbox, hubspot: Api) -> None:
    existing = sandbox.hubspot.state.add_contact(email="taken@x.com")
    inputs = batch(contact("new@x.com", trace="a"), contact("taken@x.com", trace="b"))
    answer = hubspot("POST", f"{CONTACTS}/batch/create", inputs)
    assert answer.status_code == 207
    assert set(by_trace(answer.json())) == {"a"}
    assert answer.json()["numErrors"] == 1
    assert answer.json()["errors"][0]["category"] == "CONFLICT"
    assert answer.json()["errors"][0]["context"] == {"objectWriteTraceId": ["b"], "existingId": [existing]}


def test_trace_ids_that_repeat_do_not_make_the_batch_partial(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.state.add_contact(email="taken@x.com")
    inputs = batch(contact("new@x.com", trace="a"), contact("taken@x.com", trace="a"))
    assert hubspot("POST", f"{CONTACTS}/batch/create", inputs).status_code == 409


def test_the_same_email_twice_in_one_create_is_a_conflict(sandbox: Sandbox, hubspot: Api) -> None:
    inputs = batch(contact("same@x.com"), contact("Same@X.com"))
    assert hubspot("POST", f"{CONTACTS}/batch/create", inputs).status_code == 409
    assert sandbox.hubspot.state.contacts() == []


def test_unknown_properties_are_all_listed_and_nothing_is_written(sandbox: Sandbox, hubspot: Api) -> None:
    inputs = batch(contact("a@x.com", foo="1"), contact("b@x.com", bar="2"), contact("c@x.com"))
    answer = hubspot("POST", f"{CONTACTS}/batch/create", inputs)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith('Property values were not valid: [{"isValid":false')
    assert [one["code"] for one in answer.json()["errors"]] == ["PROPERTY_DOESNT_EXIST"] * 2
    assert [one["context"]["propertyName"] for one in answer.json()["errors"]] == [["foo"], ["bar"]]
    assert sandbox.hubspot.state.contacts() == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("hs_meeting_outcome", "CANCELLED", "INVALID_OPTION"),
        ("hubspot_owner_id", "999", "INVALID_OWNER_ID"),
        ("hs_object_id", "1", "READ_ONLY_VALUE"),
        ("hs_meeting_end_time", "tomorrow", "INVALID_LONG"),
        ("hs_meeting_body", "x" * 65_537, "PROPERTY_VALUE_TOO_LONG"),
    ],
)
def test_values_that_a_property_does_not_take(hubspot: Api, name: str, value: str, code: str) -> None:
    answer = hubspot("POST", f"{MEETINGS}/batch/create", batch(meeting(**{name: value}), meeting("fine")))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    traced = batch(meeting(trace="1", **{name: value}), meeting(trace="2"))
    answer = hubspot("POST", f"{MEETINGS}/batch/create", traced)
    assert (answer.status_code, set(by_trace(answer.json()))) == (207, {"2"})
    assert answer.json()["errors"][0]["errors"][0]["code"] == code


@pytest.mark.parametrize("email", ["no-at-sign", "a@b", "a@@x.com", "a b@x.com", "a@example.lcom", "a@x..com"])
def test_an_invalid_email_is_named(hubspot: Api, email: str) -> None:
    answer = hubspot("POST", f"{CONTACTS}/batch/create", batch(contact(email)))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "INVALID_EMAIL")


def test_values_that_are_not_texts_are_refused(hubspot: Api) -> None:
    for value in (None, 5, True):
        answer = hubspot("POST", f"{CONTACTS}/batch/create", batch({"properties": {"email": value}}))
        assert answer.status_code == 400


def test_an_archived_owner_is_assignable_but_a_user_id_is_not(sandbox: Sandbox, hubspot: Api) -> None:
    gone = sandbox.hubspot.state.add_owner("gone@x.com", 77, archived=True)
    assert hubspot("POST", f"{MEETINGS}/batch/create", batch(meeting(hubspot_owner_id=gone))).status_code == 201
    assert hubspot("POST", f"{MEETINGS}/batch/create", batch(meeting(hubspot_owner_id="77"))).status_code == 400


def test_the_timestamp_defaults_to_the_start_time(hubspot: Api) -> None:
    body = {"properties": {"hs_meeting_start_time": "2026-11-22T10:00:00Z"}}
    answer = hubspot("POST", f"{MEETINGS}/batch/create", batch(body)).json()
    assert answer["results"][0]["properties"]["hs_timestamp"] == "2026-11-22T10:00:00.000Z"
    assert hubspot("POST", f"{MEETINGS}/batch/create", batch({"properties": {}})).status_code == 400


def test_an_inline_association_needs_a_live_target_and_a_known_type(sandbox: Sandbox, hubspot: Api) -> None:
    contact_id = sandbox.hubspot.state.add_contact(email="a@x.com")
    inputs = batch(meeting(contact_id=contact_id, trace="1"), meeting(contact_id="5", trace="2"))
    answer = hubspot("POST", f"{MEETINGS}/batch/create", inputs)
    assert (answer.status_code, set(by_trace(answer.json()))) == (207, {"1"})
    assert sandbox.hubspot.state.activities()[0]["contact_ids"] == [contact_id]
    wrong = meeting(contact_id=contact_id)
    wrong["associations"][0]["types"][0]["associationTypeId"] = 999_999
    assert hubspot("POST", f"{MEETINGS}/batch/create", batch(wrong)).status_code == 400


def test_a_unique_value_that_is_taken_names_the_record_that_has_it(hubspot: Api) -> None:
    hubspot("POST", PROPERTIES, definition("booking_key", hasUniqueValue=True))
    first = hubspot("POST", f"{MEETINGS}/batch/create", batch(meeting(booking_key="k"))).json()["results"][0]["id"]
    answer = hubspot("POST", f"{MEETINGS}/batch/create", batch(meeting(booking_key="k")))
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["message"].endswith(f"{first} already has that value.")
    traced = hubspot("POST", f"{MEETINGS}/batch/create", batch(meeting(booking_key="k", trace="t")))
    assert (traced.status_code, traced.json()["errors"][0]["context"]["objectWriteTraceId"]) == (207, ["t"])


def test_update_of_a_missing_id_is_a_207_item_even_without_trace_ids(sandbox: Sandbox, hubspot: Api) -> None:
    contact_id = sandbox.hubspot.state.add_contact(email="a@x.com")
    inputs = [{"id": one, "properties": {"firstname": "B"}} for one in (contact_id, "404")]
    answer = hubspot("POST", f"{CONTACTS}/batch/update", batch(*inputs))
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert answer.json()["errors"][0]["context"]["ids"] == ["404"]
    assert "email" not in answer.json()["results"][0]["properties"]


def test_update_of_a_merged_id_is_simply_absent(sandbox: Sandbox, hubspot: Api) -> None:
    state = sandbox.hubspot.state
    keep, gone = state.add_contact(email="keep@x.com"), state.add_contact(email="gone@x.com")
    state.merge_contacts(keep, gone)
    answer = hubspot("POST", f"{CONTACTS}/batch/update", batch({"id": gone, "properties": {"firstname": "B"}}))
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert hubspot("GET", f"{CONTACTS}/{gone}").json()["id"] == keep


def test_the_same_id_twice_refuses_the_batch_with_and_without_trace_ids(sandbox: Sandbox, hubspot: Api) -> None:
    contact_id = sandbox.hubspot.state.add_contact(email="a@x.com")
    plain = [{"id": contact_id, "properties": {}}] * 2
    traced = [{**one, "objectWriteTraceId": str(number)} for number, one in enumerate(plain)]
    for inputs in (plain, traced):
        answer = hubspot("POST", f"{CONTACTS}/batch/update", batch(*inputs))
        assert answer.status_code == 400
        assert answer.json()["message"] == f"Duplicate IDs found in batch input: [{contact_id}]. IDs must be unique"
        assert answer.json()["context"] == {"ids": [contact_id]}


def test_read_by_a_secondary_address_answers_the_primary_one(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.state.add_contact(email="main@x.com", hs_additional_emails="old@x.com;older@x.com")
    body = batch({"id": "OLD@x.com"}, {"id": "nobody@x.com"}, idProperty="email", properties=["email", "phone"])
    answer = hubspot("POST", f"{CONTACTS}/batch/read", body)
    assert answer.status_code == 207
    assert answer.json()["results"][0]["properties"]["email"] == "main@x.com"
    assert answer.json()["results"][0]["properties"]["phone"] is None
    assert answer.json()["errors"][0]["context"]["ids"] == ["nobody@x.com"]


def test_a_property_that_is_not_unique_identifies_nothing(hubspot: Api) -> None:
    hubspot("POST", PROPERTIES, definition("plain_key"))
    read = hubspot("POST", f"{MEETINGS}/batch/read", batch({"id": "x"}, idProperty="plain_key"))
    assert (read.status_code, "non-unique 0-47 property plain_key" in read.json()["message"]) == (400, True)
    inputs = {"id": "x", "idProperty": "plain_key", "properties": {}, "objectWriteTraceId": "1"}
    assert hubspot("POST", f"{MEETINGS}/batch/upsert", batch(inputs)).status_code == 400
    by_object_id = hubspot("POST", f"{MEETINGS}/batch/read", batch({"id": "1"}, idProperty="hs_object_id"))
    assert by_object_id.status_code == 400


def test_upsert_creates_once_and_then_updates(sandbox: Sandbox, hubspot: Api) -> None:
    hubspot("POST", PROPERTIES, definition("booking_key", hasUniqueValue=True))
    one = {"id": "k", "idProperty": "booking_key", "properties": meeting("T")["properties"]}
    first, second = (hubspot("POST", f"{MEETINGS}/batch/upsert", batch(one)).json()["results"][0] for _ in range(2))
    assert (first["new"], second["new"], first["id"]) == (True, False, second["id"])
    sandbox.hubspot.state.delete_activity(first["id"])
    third = hubspot("POST", f"{MEETINGS}/batch/upsert", batch(one)).json()["results"][0]
    assert third["new"]
    assert third["id"] != first["id"]


def test_upsert_by_a_secondary_address_updates_that_contact(sandbox: Sandbox, hubspot: Api) -> None:
    contact_id = sandbox.hubspot.state.add_contact(email="main@x.com", hs_additional_emails="old@x.com")
    one = {"id": "Old@x.com", "idProperty": "email", "properties": {"firstname": "B"}}
    answer = hubspot("POST", f"{CONTACTS}/batch/upsert", batch(one)).json()["results"][0]
    assert (answer["id"], answer["new"]) == (contact_id, False)


def test_an_upsert_conflict_refuses_the_whole_batch_despite_trace_ids(sandbox: Sandbox, hubspot: Api) -> None:
    state = sandbox.hubspot.state
    state.add_contact(email="a@x.com")
    state.add_contact(email="b@x.com")
    inputs = [
        {"id": "new@x.com", "idProperty": "email", "properties": {}, "objectWriteTraceId": "1"},
        {"id": "a@x.com", "idProperty": "email", "properties": {"email": "b@x.com"}, "objectWriteTraceId": "2"},
    ]
    assert hubspot("POST", f"{CONTACTS}/batch/upsert", batch(*inputs)).status_code == 409
    assert state.contact_by_email("new@x.com") is None


def test_archive_answers_204_for_ids_that_do_not_exist(sandbox: Sandbox, hubspot: Api) -> None:
    activity_id = sandbox.hubspot.state.add_activity(hs_timestamp="2026-11-22T09:00:00Z")
    inputs = batch({"id": activity_id}, {"id": "404"})
    assert hubspot("POST", f"{MEETINGS}/batch/archive", inputs).status_code == 204
    assert hubspot("POST", f"{MEETINGS}/batch/archive", inputs).status_code == 204
    assert [one.effected for one in sandbox.hubspot.history.writes()] == [1, 0]


def test_an_archived_record_is_invisible_to_batch_read_and_search_but_not_to_get(
    sandbox: Sandbox, hubspot: Api
) -> None:
    activity_id = sandbox.hubspot.state.add_activity(hs_timestamp="2026-11-22T09:00:00Z")
    sandbox.hubspot.state.delete_activity(activity_id)
    for flag in ("true", "false"):
        answer = hubspot("POST", f"{MEETINGS}/batch/read", batch({"id": activity_id}), archived=flag)
        assert (answer.status_code, answer.json()["results"]) == (207, [])
    assert hubspot("POST", f"{MEETINGS}/search", {}).json()["total"] == 0
    assert hubspot("GET", f"{MEETINGS}/{activity_id}").status_code == 404
    assert hubspot("GET", f"{MEETINGS}/{activity_id}", archived="true").json()["archived"] is True


def test_an_archived_contact_frees_its_email(sandbox: Sandbox, hubspot: Api) -> None:
    first = sandbox.hubspot.state.add_contact(email="a@x.com")
    sandbox.hubspot.state.delete_contact(first)
    answer = hubspot("POST", f"{CONTACTS}/batch/create", batch(contact("a@x.com")))
    assert answer.status_code == 201
    assert answer.json()["results"][0]["id"] != first
