"""Reading HubSpot: nothing found is one thing, not being able to tell is another."""

from __future__ import annotations

from typing import Any

import pytest

from booking_sync.clients.hubspot import Activity, Contact, HubSpotClient, Owner, Portal, PropertyDefinition
from booking_sync.errors import IncompleteRead, OutcomeUnknown, Refused
from tests.clients.scripted_server import Answering, ScriptedServer, answers


def a_batch(*results: Any, errors: list[Any] | None = None, status: str = "COMPLETE") -> Answering:
    body = {"status": status, "results": list(results), "startedAt": "x", "completedAt": "x"}
    return answers(207 if errors else 200, {**body, "numErrors": len(errors), "errors": errors} if errors else body)


def a_contact(contact_id: Any, email: str | None, additional: str | None = None) -> dict[str, Any]:
    return {"id": contact_id, "properties": {"email": email, "hs_additional_emails": additional}, "new": "field"}


def missing(*ids: str) -> dict[str, Any]:
    return {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "gone", "context": {"ids": list(ids)}}


def test_the_account_is_described(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    details = {
        "portalId": 5865761,
        "accountType": "STANDARD",
        "timeZone": "Europe/Dublin",
        "uiDomain": "app-eu1.hubspot.com",
    }
    server.will(answers(200, details), answers(200, {**details, "portalName": "Acme"}), answers(200, {}))
    assert hubspot.portal() == Portal("5865761", "", "app-eu1.hubspot.com", "Europe/Dublin", "STANDARD")
    assert hubspot.portal().name == "Acme"
    with pytest.raises(IncompleteRead):
        hubspot.portal()
    assert server.seen[0].path == "/account-info/2026-09/details"


def test_owners_are_read_to_the_last_page(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    first = {"id": "11", "email": "Host@Example.com", "userId": 99, "archived": False}
    server.will(answers(200, {"results": [first], "paging": {"next": {"after": "11", "link": "x"}}}))
    server.will(answers(200, {"results": [{"id": 12, "email": ""}]}))
    assert hubspot.owners() == [
        Owner("11", "host@example.com", is_archived=False),
        Owner("12", None, is_archived=False),
    ]
    assert server.seen[1].query["after"] == "11"


@pytest.mark.parametrize(
    "second", [{"results": [], "paging": {"next": {"after": "1"}}}, {"paging": {}}, {"results": 3}]
)
def test_owners_that_cannot_be_read_to_the_end_are_an_incomplete_read(
    server: ScriptedServer, hubspot: HubSpotClient, second: Any
) -> None:
    server.will(answers(200, {"results": [], "paging": {"next": {"after": "1"}}}), answers(200, second))
    with pytest.raises(IncompleteRead):
        hubspot.owners()


def test_a_contact_is_found_in_any_letter_case(server: ScriptedServer, hubspot: HubSpotClient) -> None:  # C1
    server.will(a_batch(a_contact(7, "Anna@Example.com"), errors=[missing("bob@example.com")]))
    found = hubspot.contacts_by_email([" ANNA@example.com", "anna@EXAMPLE.com", "Bob@example.com", ""])
    assert found == {"anna@example.com": Contact("7", "anna@example.com")}
    assert server.seen[0].path == "/crm/objects/2026-09/contacts/batch/read"
    assert server.seen[0].json["idProperty"] == "email"
    assert server.seen[0].json["inputs"] == [{"id": "anna@example.com"}, {"id": "bob@example.com"}]


def test_a_contact_is_found_by_a_secondary_address(server: ScriptedServer, hubspot: HubSpotClient) -> None:  # C1
    server.will(a_batch(a_contact("7", "new@example.com", "Old@example.com; older@example.com")))
    found = hubspot.contacts_by_email(["older@example.com", "old@example.com"])
    assert {address: contact.id for address, contact in found.items()} == {
        "older@example.com": "7",
        "old@example.com": "7",
    }
    assert len(server.seen) == 1


def test_the_contact_with_the_primary_address_comes_first(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_batch(a_contact("9", "a@example.com", "b@example.com"), a_contact("10", "b@example.com")))
    found = hubspot.contacts_by_email(["a@example.com", "b@example.com"])
    assert (found["a@example.com"].id, found["b@example.com"].id) == ("9", "10")


def test_an_address_that_the_answer_leaves_open_is_asked_for_alone(
    server: ScriptedServer, hubspot: HubSpotClient
) -> None:
    server.will(a_batch(a_contact("7", "new@example.com"), errors=[missing("nobody@example.com")]))
    server.will(a_batch(a_contact("7", "new@example.com")), a_batch(errors=[missing("x")]))
    found = hubspot.contacts_by_email(["alias@example.com", "other@example.com", "nobody@example.com"])
    assert {address: contact.id for address, contact in found.items()} == {"alias@example.com": "7"}
    assert [len(seen.json["inputs"]) for seen in server.seen] == [3, 1, 1]


def test_an_address_that_spoils_the_whole_call_is_isolated(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    invalid = answers(400, {"category": "VALIDATION_ERROR", "message": "x"})
    server.will(invalid, invalid, a_batch(a_contact("7", "fine@example.com")))
    assert set(hubspot.contacts_by_email(["odd@example", "fine@example.com"])) == {"fine@example.com"}
    assert len(server.seen) == 3


def test_other_refusals_of_a_lookup_are_not_taken_for_nobody(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(answers(400, {"category": "BAD_REQUEST"}), answers(413))
    for _ in range(2):
        with pytest.raises(Refused):
            hubspot.contacts_by_email(["a@example.com"])


def test_addresses_are_asked_for_by_the_hundred(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    emails = [f"p{number}@example.com" for number in range(101)]
    server.will(a_batch(errors=[missing(*emails[:100])]), a_batch(errors=[missing(emails[100])]))
    assert hubspot.contacts_by_email(emails) == {}
    assert [len(seen.json["inputs"]) for seen in server.seen] == [100, 1]


@pytest.mark.parametrize("error", [{"category": "INTERNAL_ERROR"}, {"message": "no category"}])
def test_an_object_that_could_not_be_read_is_not_taken_for_missing(
    server: ScriptedServer, hubspot: HubSpotClient, error: dict[str, Any]
) -> None:
    server.will(*[a_batch(errors=[error])] * 3)
    with pytest.raises(IncompleteRead):
        hubspot.contacts_by_email(["a@example.com"])
    with pytest.raises(IncompleteRead):
        hubspot.activities_by_key(["k"], [])
    with pytest.raises(IncompleteRead):
        hubspot.activity_ids_of_contacts(["1"])


def test_an_unfinished_batch_is_not_taken_for_an_empty_one(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_batch(status="PROCESSING"), answers(200, {"status": "COMPLETE"}))
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            hubspot.activities_by_id(["1"], [])


def test_contacts_are_read_by_id(server: ScriptedServer, hubspot: HubSpotClient) -> None:  # C8
    server.will(a_batch(a_contact(7, None), errors=[missing("8")]))
    assert hubspot.contacts_by_id(["7", "8", "7"]) == {"7": Contact("7", None)}
    assert server.seen[0].json["inputs"] == [{"id": "7"}, {"id": "8"}]


def test_activities_are_read_by_id_and_by_marker(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    one = {"id": 5, "properties": {"calendar_booking_key": "k5", "hs_meeting_title": None, "number": 7}}
    archived = {"id": 6, "properties": {"calendar_booking_key": "k6"}, "archived": True}
    server.will(a_batch(one, archived, errors=[missing("9")]), a_batch(one, archived, {"id": "4", "properties": {}}))
    expected = Activity("5", {"calendar_booking_key": "k5", "hs_meeting_title": None, "number": "7"})
    assert hubspot.activities_by_id(["5", "6", "9"], ["hs_meeting_title"]) == {"5": expected}
    assert hubspot.activities_by_key(["k5", "k6"], ["hs_meeting_title"]) == {"k5": expected}
    assert server.seen[0].query == {"archived": "false"}
    assert server.seen[1].json["idProperty"] == "calendar_booking_key"
    assert server.seen[1].json["properties"] == ["calendar_booking_key", "hs_meeting_title"]


def test_a_marker_that_is_not_unique_is_refused_whole(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(answers(400, {"category": "VALIDATION_ERROR", "message": "non-unique 0-47 property"}))
    with pytest.raises(Refused):
        hubspot.activities_by_key(["k"], [])


def test_associations_are_read_over_pages(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    more = {"from": {"id": "1"}, "to": [{"toObjectId": 10}], "paging": {"next": {"after": "p2"}}}
    whole = {"from": {"id": 2}, "to": [{"toObjectId": "20"}, {"toObjectId": "20"}]}
    none = {
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "context": {"fromObjectId": ["3"]},
    }
    server.will(a_batch(whole, more, errors=[none]), a_batch({"from": {"id": "1"}, "to": [{"toObjectId": "11"}]}))
    assert hubspot.activity_ids_of_contacts(["1", "2", "3", "4"]) == {"1": ("10", "11"), "2": ("20",), "3": ()}
    assert server.seen[0].path == "/crm/associations/2026-09/contacts/meetings/batch/read"
    assert server.seen[1].json == {"inputs": [{"id": "1", "after": "p2"}]}


def test_associations_that_come_back_to_the_same_page_are_an_incomplete_read(
    server: ScriptedServer, hubspot: HubSpotClient
) -> None:
    server.will(*[a_batch({"from": {"id": "1"}, "to": [], "paging": {"next": {"after": "p2"}}})] * 3)
    with pytest.raises(IncompleteRead):
        hubspot.activity_ids_of_contacts(["1"])


def test_a_search_by_marker_asks_the_index(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(answers(200, {"total": 1, "results": [{"id": "5", "properties": {"calendar_booking_key": "k"}}]}))
    assert [activity.id for activity in hubspot.search_activities("k")] == ["5"]
    sought = {"propertyName": "calendar_booking_key", "operator": "EQ", "value": "k"}
    assert server.seen[0].json["filterGroups"] == [{"filters": [sought]}]


def test_properties_are_described(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    outcome = {
        "name": "hs_meeting_outcome",
        "label": "Outcome",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "meeting",
        "options": [{"label": "Scheduled", "value": "SCHEDULED"}, {"label": "Odd"}],
        "hasUniqueValue": False,
    }
    server.will(
        answers(200, outcome), answers(404, {"category": "OBJECT_NOT_FOUND"}), answers(200, {"results": [outcome]})
    )
    expected = PropertyDefinition(
        "hs_meeting_outcome",
        "Outcome",
        "enumeration",
        "select",
        "meeting",
        options=("SCHEDULED",),
        option_labels=("Scheduled",),
    )
    assert hubspot.property_definition("meetings", "hs_meeting_outcome") == expected
    assert hubspot.property_definition("meetings", "no/such") is None
    assert hubspot.property_definitions("meetings") == [expected]
    assert server.seen[1].path == "/crm/properties/2026-09/meetings/no%2Fsuch"


def test_a_list_of_properties_of_another_shape_is_an_incomplete_read(
    server: ScriptedServer, hubspot: HubSpotClient
) -> None:
    server.will(answers(200, {}))
    with pytest.raises(IncompleteRead):
        hubspot.property_definitions("meetings")
