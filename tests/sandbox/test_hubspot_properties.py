"""Property definitions and groups."""

from __future__ import annotations

import pytest

from booking_sandbox.server import Sandbox
from tests.sandbox.conftest import Api
from tests.sandbox.requests_of_hubspot import MEETINGS, PROPERTIES, batch, definition, meeting


def test_the_options_of_the_outcome_can_be_read(hubspot: Api) -> None:
    options = hubspot("GET", f"{PROPERTIES}/hs_meeting_outcome").json()["options"]
    assert [one["value"] for one in options] == ["SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"]
    assert hubspot("GET", f"{PROPERTIES}/nothing").status_code == 404


def test_an_existing_name_is_409_alone_and_a_207_item_in_a_batch(hubspot: Api) -> None:
    assert hubspot("POST", PROPERTIES, definition("mine")).status_code == 201
    again = hubspot("POST", PROPERTIES, definition("mine"))
    assert (again.status_code, again.json()["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert again.json()["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    both = hubspot("POST", f"{PROPERTIES}/batch/create", batch(definition("mine"), definition("new")))
    assert both.status_code == 207
    assert [one["name"] for one in both.json()["results"]] == ["new"]
    assert both.json()["errors"][0]["context"] == {"name": ["mine"]}


def test_the_name_of_an_archived_property_restores_it(hubspot: Api) -> None:
    hubspot("POST", PROPERTIES, definition("mine", hasUniqueValue=True))
    assert hubspot("DELETE", f"{PROPERTIES}/mine").status_code == 204
    assert hubspot("POST", MEETINGS, meeting(mine="x")).json()["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    restored = hubspot("POST", PROPERTIES, definition("mine"))
    assert (restored.status_code, restored.json()["hasUniqueValue"]) == (201, True)


@pytest.mark.parametrize(("mode", "status", "is_unique"), [("allowed", 201, True), ("ignored", 201, False)])
def test_unique_properties_on_meetings_can_be_allowed_or_ignored(
    sandbox: Sandbox, hubspot: Api, mode: str, status: int, *, is_unique: bool
) -> None:
    sandbox.hubspot.switches.unique_properties_on_meetings = mode
    assert hubspot("POST", PROPERTIES, definition("key", hasUniqueValue=True)).status_code == status
    assert hubspot("GET", f"{PROPERTIES}/key").json()["hasUniqueValue"] is is_unique


def test_unique_properties_on_meetings_can_be_refused(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.switches.unique_properties_on_meetings = "refused"
    assert hubspot("POST", PROPERTIES, definition("key", hasUniqueValue=True)).status_code == 400
    contacts = "/crm/properties/2026-09/contacts"
    body = definition("key", hasUniqueValue=True, groupName="contactinformation")
    assert hubspot("POST", contacts, body).json()["hasUniqueValue"] is True


def test_an_object_has_at_most_ten_unique_properties(hubspot: Api) -> None:
    codes = [hubspot("POST", PROPERTIES, definition(f"key_{n}", hasUniqueValue=True)).status_code for n in range(11)]
    assert codes == [201] * 10 + [400]


def test_a_definition_is_checked(hubspot: Api) -> None:
    wrong = (
        definition("Upper"),
        definition("x", type="text"),
        definition("x", groupName="nowhere"),
        {"name": "x"},
        definition("x", unknownKey=1),
    )
    assert {hubspot("POST", PROPERTIES, body).status_code for body in wrong} == {400}


def test_numbers_are_numbers_and_travel_as_texts(hubspot: Api) -> None:
    hubspot("POST", PROPERTIES, definition("minutes", type="number", fieldType="number"))
    assert hubspot("POST", MEETINGS, meeting(minutes="30")).json()["properties"]["minutes"] == "30"
    assert hubspot("POST", MEETINGS, meeting(minutes="half an hour")).status_code == 400


def test_groups_are_created_once_and_kept_while_in_use(hubspot: Api) -> None:
    group = {"name": "calendar_com", "label": "Calendar.com"}
    codes = [hubspot("POST", f"{PROPERTIES}/groups", group).status_code for _ in range(2)]
    assert codes == [201, 409]
    renamed = hubspot("PATCH", f"{PROPERTIES}/groups/calendar_com", {"label": "Calendar"})
    assert renamed.json()["label"] == "Calendar"
    hubspot("POST", PROPERTIES, definition("mine", groupName="calendar_com"))
    refused = hubspot("DELETE", f"{PROPERTIES}/groups/calendar_com")
    assert refused.json()["subCategory"] == "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES"
    hubspot("DELETE", f"{PROPERTIES}/mine")
    assert hubspot("DELETE", f"{PROPERTIES}/groups/calendar_com").status_code == 204


def test_label_and_options_can_be_changed_but_not_the_type(hubspot: Api) -> None:
    options = [{"label": "One", "value": "1"}]
    hubspot("POST", PROPERTIES, definition("choice", type="enumeration", fieldType="select", options=options))
    more = [*options, {"label": "Two", "value": "2"}]
    changed = hubspot("PATCH", f"{PROPERTIES}/choice", {"label": "Choice", "options": more}).json()
    assert (changed["label"], [one["value"] for one in changed["options"]]) == ("Choice", ["1", "2"])
    assert hubspot("PATCH", f"{PROPERTIES}/choice", {"type": "string"}).status_code == 400
    assert hubspot("POST", MEETINGS, meeting(choice="2")).status_code == 201
