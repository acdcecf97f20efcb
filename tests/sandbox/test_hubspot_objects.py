"""Single records, search, associations, owners and the account, as HubSpot answers them."""

from __future__ import annotations

from typing import Any

import pytest

from booking_sandbox.hubspot_schema import OBJECT_TYPES
from booking_sandbox.server import Sandbox
from tests.flow.clock import SceneClock
from tests.sandbox.conftest import Api
from tests.sandbox.requests_of_hubspot import CONTACTS, LINKS, MEETINGS, batch, contact, meeting

SEARCH_BY_EMAIL = {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": "a@x.com"}]}]}


def test_a_missing_or_unknown_token_is_401_and_an_expired_one_says_so(sandbox: Sandbox, clock: SceneClock) -> None:
    for key in ("", "other"):
        answer = Api(sandbox.hubspot.url, key)("GET", CONTACTS)
        assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")
    sandbox.hubspot.state.portal().add_token("short", expires_in=1800)
    short = Api(sandbox.hubspot.url, "short")
    assert short("GET", CONTACTS).status_code == 200
    clock.advance(1801)
    answer = short("GET", CONTACTS)
    assert (answer.status_code, answer.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert "expired 1 second(s) ago" in answer.json()["message"]


def test_portals_are_apart(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.state.add_portal(5, "pat-na1-other")
    hubspot("POST", CONTACTS, contact("a@x.com"))
    other = Api(sandbox.hubspot.url, "pat-na1-other")
    assert other("GET", CONTACTS).json()["results"] == []
    assert other("GET", "/account-info/2026-09/details").json()["portalId"] == 5
    assert len(sandbox.hubspot.state.contacts(portal_id=424_242)) == 1


def test_an_unknown_object_type_has_an_error_without_category(hubspot: Api) -> None:
    answer = hubspot("GET", "/crm/objects/2026-09/butterflies")
    assert answer.json()["message"] == "Unable to infer object type from: butterflies"
    assert "category" not in answer.json()


def test_type_ids_and_both_versions_work_and_others_do_not(hubspot: Api) -> None:
    for path in ("/crm/objects/2026-03/0-1", "/crm/objects/2026-09/0-47"):
        assert hubspot("GET", path).status_code == 200
    assert hubspot("GET", "/crm/objects/2019-01/contacts").status_code == 404


def test_a_single_create_of_a_known_email_has_the_newer_conflict_shape(sandbox: Sandbox, hubspot: Api) -> None:
    existing = sandbox.hubspot.state.add_contact(email="main@x.com", hs_additional_emails="a@x.com")
    answer = hubspot("POST", CONTACTS, contact("A@x.com"))
    assert (answer.status_code, answer.json()["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert answer.json()["error"] == "CONTACT_EXISTS"
    assert answer.json()["message"] == f"Contact already exists. Existing ID: {existing}"


def test_an_update_to_a_taken_email_names_the_holder(sandbox: Sandbox, hubspot: Api) -> None:
    holder = sandbox.hubspot.state.add_contact(email="a@x.com")
    mine = sandbox.hubspot.state.add_contact(email="b@x.com")
    answer = hubspot("PATCH", f"{CONTACTS}/{mine}", {"properties": {"email": "a@x.com"}})
    assert answer.status_code == 400
    assert f"on {mine}. {holder} already has that value." in answer.json()["message"]


def test_an_empty_text_clears_a_value(sandbox: Sandbox, hubspot: Api) -> None:
    owner = sandbox.hubspot.state.add_owner("o@x.com")
    contact_id = sandbox.hubspot.state.add_contact(email="a@x.com", hubspot_owner_id=owner)
    hubspot("PATCH", f"{CONTACTS}/{contact_id}", {"properties": {"hubspot_owner_id": ""}})
    answer = hubspot("GET", f"{CONTACTS}/{contact_id}", properties="hubspot_owner_id").json()
    assert answer["properties"]["hubspot_owner_id"] is None


def test_a_merge_through_the_api_makes_a_new_id_and_keeps_both_addresses(sandbox: Sandbox, hubspot: Api) -> None:
    state = sandbox.hubspot.state
    keep, gone = state.add_contact(email="keep@x.com"), state.add_contact(email="gone@x.com")
    activity_id = state.add_activity(contact_ids=[gone], hs_timestamp="2026-11-22T09:00:00Z")
    new = hubspot("POST", f"{CONTACTS}/merge", {"primaryObjectId": keep, "objectIdToMerge": gone}).json()["id"]
    assert new not in {keep, gone}
    for old in (keep, gone):
        assert hubspot("GET", f"{CONTACTS}/{old}").json()["id"] == new
    assert state.contact_by_email("gone@x.com") == state.contact_by_email("keep@x.com")
    assert state.activities()[0]["contact_ids"] == [new]
    missed = hubspot("POST", f"{CONTACTS}/batch/read", batch({"id": gone}))
    assert (missed.status_code, missed.json()["results"]) == (207, [])
    assert activity_id == state.activities()[0]["id"]


def test_a_gdpr_delete_of_an_unknown_address_blocks_it(hubspot: Api) -> None:
    body = {"objectId": "never@x.com", "idProperty": "email"}
    assert hubspot("POST", f"{CONTACTS}/gdpr-delete", body).status_code == 204
    assert hubspot("POST", CONTACTS, contact("never@x.com")).status_code == 400


def test_search_sees_nothing_new_until_the_index_caught_up(sandbox: Sandbox, hubspot: Api, clock: SceneClock) -> None:
    sandbox.hubspot.switches.search_lag_seconds = 20
    sandbox.hubspot.state.add_contact(email="a@x.com")
    assert hubspot("POST", f"{CONTACTS}/search", SEARCH_BY_EMAIL).json()["total"] == 0
    clock.advance(20)
    assert hubspot("POST", f"{CONTACTS}/search", SEARCH_BY_EMAIL).json()["total"] == 1


def test_search_can_flap_within_the_lag(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.switches.search_lag_seconds = 20
    sandbox.hubspot.switches.search_flapping = True
    sandbox.hubspot.state.add_contact(email="a@x.com")
    totals = {hubspot("POST", f"{CONTACTS}/search", SEARCH_BY_EMAIL).json()["total"] for _ in range(20)}
    assert totals == {0, 1}


def test_search_pages_sorts_and_wants_lower_case_in_lists(sandbox: Sandbox, hubspot: Api) -> None:
    for number in range(12):
        sandbox.hubspot.state.add_contact(email=f"a{number:02}@x.com", lastname=f"{number:02}")
    sort = [{"propertyName": "lastname", "direction": "DESCENDING"}]
    page = hubspot("POST", f"{CONTACTS}/search", {"sorts": sort, "properties": ["lastname", "phone"]}).json()
    assert [one["properties"]["lastname"] for one in page["results"][:2]] == ["11", "10"]
    assert (page["total"], page["paging"]["next"]["after"], page["results"][0]["properties"]["phone"]) == (
        12,
        "10",
        None,
    )

    def listed(value: str) -> int:
        found = {"propertyName": "email", "operator": "IN", "values": [value]}
        answer = hubspot("POST", f"{CONTACTS}/search", {"filterGroups": [{"filters": [found]}]})
        return int(answer.json()["total"])

    assert (listed("a01@x.com"), listed("A01@x.com")) == (1, 0)
    assert hubspot("POST", f"{CONTACTS}/search", {"limit": 200, "after": "9900"}).status_code == 400


def test_an_association_is_created_once_and_read_with_other_names(sandbox: Sandbox, hubspot: Api) -> None:
    state = sandbox.hubspot.state
    activity, person = state.add_activity(hs_timestamp="2026-11-22T09:00:00Z"), state.add_contact(email="a@x.com")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200}]
    one = {"from": {"id": activity}, "to": {"id": person}, "types": types}
    assert [hubspot("POST", f"{LINKS}/create", batch(one)).status_code for _ in range(2)] == [201, 201]
    assert [entry.effected for entry in sandbox.hubspot.history.writes()] == [1, 0]
    read = hubspot("POST", "/crm/associations/2026-09/0-1/0-47/batch/read", batch({"id": person})).json()
    link = {"toObjectId": activity, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 199, "label": None}]}
    assert read["results"] == [{"from": {"id": person}, "to": [link]}]


def test_associations_of_missing_or_unlinked_records_are_207_items(sandbox: Sandbox, hubspot: Api) -> None:
    activity = sandbox.hubspot.state.add_activity(hs_timestamp="2026-11-22T09:00:00Z")
    created = hubspot("POST", f"{LINKS}/associate/default", batch({"from": {"id": activity}, "to": {"id": "5"}}))
    assert (created.status_code, created.json()["errors"][0]["category"]) == (207, "OBJECT_NOT_FOUND")
    read = hubspot("POST", f"{LINKS}/read", batch({"id": activity}))
    assert (read.status_code, read.json()["results"]) == (207, [])
    assert read.json()["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_links_can_be_put_listed_and_removed(sandbox: Sandbox, hubspot: Api) -> None:
    state = sandbox.hubspot.state
    activity, person = state.add_activity(hs_timestamp="2026-11-22T09:00:00Z"), state.add_contact(email="a@x.com")
    path = f"{MEETINGS}/{activity}/associations"
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200}]
    assert hubspot("PUT", f"{path}/default/contacts/{person}").status_code == 200
    assert hubspot("PUT", f"{path}/contacts/{person}", types).status_code == 201
    assert [one["toObjectId"] for one in hubspot("GET", f"{path}/contacts").json()["results"]] == [person]
    assert hubspot("GET", f"{MEETINGS}/{activity}", associations="contacts").json()["associations"]["contacts"]
    assert hubspot("DELETE", f"{path}/contacts/{person}").status_code == 204
    assert state.activities()[0]["contact_ids"] == []
    archive = batch({"from": {"id": activity}, "to": [{"id": person}]})
    assert hubspot("POST", f"{LINKS}/archive", archive).status_code == 200


def test_owners_are_listed_by_email_and_archived_ones_apart(sandbox: Sandbox, hubspot: Api) -> None:
    state = sandbox.hubspot.state
    active, gone = state.add_owner("Ann@x.com", 11), state.add_owner("bob@x.com", 22, archived=True)
    found = hubspot("GET", "/crm/owners/2026-09", email="ann@X.com").json()["results"]
    assert [(one["id"], one["userId"]) for one in found] == [(active, 11)]
    archived = hubspot("GET", "/crm/owners/2026-09", archived="true").json()["results"]
    assert [(one["id"], one["userId"], one["userIdIncludingInactive"]) for one in archived] == [(gone, None, 22)]
    assert hubspot("GET", "/crm/owners/2026-09/11", idProperty="userId").json()["id"] == active


def test_lists_are_paged_by_id(sandbox: Sandbox, hubspot: Api) -> None:
    ids = [sandbox.hubspot.state.add_contact(email=f"a{number}@x.com") for number in range(3)]
    first = hubspot("GET", CONTACTS, limit=2).json()
    second = hubspot("GET", CONTACTS, limit=2, after=first["paging"]["next"]["after"]).json()
    assert [one["id"] for one in first["results"] + second["results"]] == ids
    assert "paging" not in second


@pytest.mark.parametrize("body", [{"properties": {}}, {"properties": {"phone": "1"}}])
def test_a_contact_needs_an_email_or_a_name(hubspot: Api, body: dict[str, Any]) -> None:
    assert hubspot("POST", CONTACTS, body).status_code == 400


def test_a_clone_copies_every_value_but_the_unique_ones(sandbox: Sandbox, hubspot: Api) -> None:
    for name, is_unique in (("plain_key", False), ("unique_key", True)):
        body = {"name": name, "label": name, "type": "string", "fieldType": "text", "hasUniqueValue": is_unique}
        hubspot("POST", "/crm/properties/2026-09/meetings", {**body, "groupName": "meetinginformation"})
    created = hubspot("POST", MEETINGS, meeting(plain_key="p", unique_key="u")).json()["id"]
    clone = sandbox.hubspot.state.clone_activity(created)
    copied = next(one for one in sandbox.hubspot.state.activities() if one["id"] == clone)["properties"]
    assert copied["plain_key"] == "p"
    assert "unique_key" not in copied
    assert copied["hs_object_source"] == "CRM_UI"


def test_a_user_defined_label_can_be_read_from_both_sides(sandbox: Sandbox, hubspot: Api) -> None:
    state = sandbox.hubspot.state
    activity, person = state.add_activity(hs_timestamp="2026-11-22T09:00:00Z"), state.add_contact(email="a@x.com")
    state.portal().links.define_label(OBJECT_TYPES["meetings"], OBJECT_TYPES["contacts"], "Decision maker", 71)
    state.associate("meetings", activity, "contacts", person, type_id=71, category="USER_DEFINED")
    kinds = [
        hubspot("POST", f"/crm/associations/2026-09/{path}/batch/read", batch({"id": one})).json()["results"][0]["to"]
        for path, one in (("meetings/contacts", activity), ("contacts/meetings", person))
    ]
    label = {"category": "USER_DEFINED", "label": "Decision maker"}
    assert [one[0]["associationTypes"] for one in kinds] == [[{**label, "typeId": 71}], [{**label, "typeId": 72}]]


def test_a_token_can_be_expired_at_will(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.state.portal().expire_token(sandbox.hubspot.service_key)
    assert hubspot("GET", CONTACTS).json()["category"] == "EXPIRED_AUTHENTICATION"


def test_a_person_can_restore_a_contact_unless_its_address_is_taken(sandbox: Sandbox) -> None:
    state = sandbox.hubspot.state
    first = state.add_contact(email="ada@example.com")
    state.delete_contact(first)
    state.restore_contact(first)
    assert state.contact_by_email("ada@example.com")["id"] == first  # type: ignore[index]  # it is there
    state.delete_contact(first)
    state.add_contact(email="ada@example.com")
    with pytest.raises(ValueError, match="has the address by now"):
        state.restore_contact(first)


def test_a_contact_deleted_for_good_can_neither_be_found_nor_made_again(sandbox: Sandbox, hubspot: Api) -> None:
    sandbox.hubspot.state.add_contact(email="ada@example.com")
    sandbox.hubspot.state.gdpr_delete_contact("ADA@example.com")
    assert sandbox.hubspot.state.contacts(include_archived=True) == []
    assert hubspot("POST", CONTACTS, contact("ada@example.com")).status_code == 400
