"""The clients against the sandbox, which was written from the services' documentation without knowing the clients."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from booking_sandbox.server import Sandbox
from booking_sync.clients.calendar import CalendarClient
from booking_sync.clients.hubspot import (
    KEY_PROPERTY,
    ActivityUpdate,
    BatchRefused,
    HubSpotClient,
    NewActivity,
    NewContact,
    PropertyDefinition,
)
from booking_sync.errors import AccessRefused, IncompleteRead, MissingScope, OutcomeUnknown, PlanRequired

MARKER = PropertyDefinition(KEY_PROPERTY, "Booking key", "string", "text", "calendar_com", has_unique_value=True)
START = "2026-03-05T13:00:00Z"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.calendar.state.reset()
    running.hubspot.state.reset()
    running.calendar.state.add_workspace("ws_1")
    return running


@pytest.fixture
def portal(sandbox: Sandbox) -> Iterator[HubSpotClient]:
    """A client of a portal that holds our marker. It does not really sleep."""
    client = HubSpotClient.from_connection(sandbox.hubspot.url, sandbox.hubspot.service_key, sleep=lambda _: None)
    assert client.create_property_group("meetings", "calendar_com", "Calendar.com")
    assert client.create_property("meetings", MARKER)
    yield client
    sandbox.hubspot.switches.faults.clear()
    sandbox.hubspot.switches.trace_ids_in_results = True
    sandbox.hubspot.switches.missing_scopes = set()
    sandbox.hubspot.switches.refuse_emails = set()


@pytest.fixture
def bookings(sandbox: Sandbox) -> Iterator[CalendarClient]:
    yield CalendarClient.from_connection(sandbox.calendar.url, sandbox.calendar.api_key, sleep=lambda _: None)
    switches = sandbox.calendar.switches
    switches.expire_cursors, switches.empty_pages = 0, 0
    switches.repeat_cursor = switches.duplicate_across_pages = False


def an_activity(trace: str, key: str, contact_ids: tuple[str, ...] = ()) -> NewActivity:
    properties = {"hs_timestamp": START, "hs_meeting_title": "Intro", KEY_PROPERTY: key}
    return NewActivity(trace, properties, contact_ids)


def book_many(sandbox: Sandbox, count: int) -> list[str]:
    for number in range(count):
        moved_at = NOON + timedelta(seconds=number // 2)
        sandbox.calendar.state.book("ws_1", booking_id=f"bk_{number:04}", at=moved_at)
    return [f"bk_{number:04}" for number in range(count)]


def changed(client: CalendarClient) -> list[str]:
    pages = client.bookings_changed("ws_1", NOON, NOON + timedelta(hours=1))
    return [booking["id"] for page in pages for booking in page]


def test_the_portal_and_its_owners_are_read(sandbox: Sandbox, portal: HubSpotClient) -> None:
    owner_id = sandbox.hubspot.state.add_owner("Host@Example.com")
    sandbox.hubspot.state.add_owner("gone@example.com", archived=True)
    assert portal.portal().id == "424242"
    assert [(owner.id, owner.email) for owner in portal.owners()] == [(owner_id, "host@example.com")]


def test_the_marker_reads_back_as_unique_and_is_not_made_twice(portal: HubSpotClient) -> None:
    assert portal.property_definition("meetings", KEY_PROPERTY) == MARKER
    assert portal.create_property("meetings", MARKER) is False
    assert portal.create_property_group("meetings", "calendar_com", "Calendar.com") is False
    assert portal.property_definition("meetings", "no_such") is None
    assert MARKER in portal.property_definitions("meetings")


@pytest.mark.parametrize("has_trace_ids", [True, False])
def test_a_batch_of_activities_is_joined_and_associated(
    sandbox: Sandbox, portal: HubSpotClient, *, has_trace_ids: bool
) -> None:
    sandbox.hubspot.switches.trace_ids_in_results = has_trace_ids
    contact_id = sandbox.hubspot.state.add_contact(email="anna@example.com")
    result = portal.create_activities([an_activity(f"t{n}", f"k{n}", (contact_id,)) for n in range(20)])
    assert (len(result.written), result.refused, result.unmatched) == (20, {}, ())
    by_key = portal.activities_by_key([f"k{n}" for n in range(21)], ["hs_meeting_title"])
    assert {key: activity.id for key, activity in by_key.items()} == {
        f"k{n}": result.written[f"t{n}"] for n in range(20)
    }
    assert set(portal.activity_ids_of_contacts([contact_id])[contact_id]) == set(result.written.values())


def test_a_marker_that_exists_is_refused_alone_and_names_the_activity(portal: HubSpotClient) -> None:
    first = portal.create_activities([an_activity("t1", "k1")]).written["t1"]
    result = portal.create_activities([an_activity("t2", "k1"), an_activity("t3", "k3")])
    assert set(result.written) == {"t3"}
    assert result.refused["t2"].existing_id == first


def test_contacts_are_found_by_every_address_and_created_once(sandbox: Sandbox, portal: HubSpotClient) -> None:  # C1
    state = sandbox.hubspot.state
    known = state.add_contact(email="Anna@Example.com", hs_additional_emails="old@example.com")
    found = portal.contacts_by_email(["OLD@example.com", "anna@example.com", "nobody@example.com"])
    assert {address: contact.id for address, contact in found.items()} == {
        "old@example.com": known,
        "anna@example.com": known,
    }
    sandbox.hubspot.switches.refuse_emails = {"odd@example.com"}
    emails = {"t1": "old@example.com", "t2": "New@Example.com", "t3": "odd@example.com"}
    result = portal.create_contacts([NewContact(trace, {"email": email}) for trace, email in emails.items()])
    assert set(result.written) == {"t2"}
    assert result.refused["t1"].existing_id == known
    assert (result.refused["t3"].code, result.refused["t3"].property_names) == ("INVALID_EMAIL", ("email",))
    assert portal.contacts_by_id([known, result.written["t2"]]).keys() == {known, result.written["t2"]}


def test_contacts_of_one_lookup_are_found_over_many_requests(sandbox: Sandbox, portal: HubSpotClient) -> None:
    ids = {f"p{n}@example.com": sandbox.hubspot.state.add_contact(email=f"p{n}@example.com") for n in range(130)}
    found = portal.contacts_by_email([*ids, "nobody@example.com"])
    assert {address: contact.id for address, contact in found.items()} == ids


def test_an_update_of_what_was_deleted_is_refused_alone(sandbox: Sandbox, portal: HubSpotClient) -> None:
    written = portal.create_activities([an_activity("t1", "k1"), an_activity("t2", "k2")]).written
    sandbox.hubspot.state.delete_activity(written["t1"])
    updates = [ActivityUpdate(trace, written[trace], {"hs_meeting_title": "Moved"}) for trace in ("t1", "t2")]
    result = portal.update_activities(updates)
    assert result.written == {"t2": written["t2"]}
    assert result.refused["t1"].category == "OBJECT_NOT_FOUND"
    read = portal.activities_by_id(written.values(), ["hs_meeting_title"])
    assert {found: activity.properties["hs_meeting_title"] for found, activity in read.items()} == {
        written["t2"]: "Moved"
    }


def test_archived_activities_are_gone_from_every_read(portal: HubSpotClient) -> None:
    activity_id = portal.create_activities([an_activity("t1", "k1")]).written["t1"]
    portal.archive_activities([activity_id])
    assert portal.activities_by_id([activity_id], []) == {}
    assert portal.activities_by_key(["k1"], []) == {}
    assert portal.search_activities("k1") == []


def test_the_same_id_twice_refuses_the_whole_batch(portal: HubSpotClient) -> None:
    activity_id = portal.create_activities([an_activity("t1", "k1")]).written["t1"]
    with pytest.raises(BatchRefused) as caught:
        portal.update_activities([ActivityUpdate(trace, activity_id, {"hs_meeting_title": "x"}) for trace in "ab"])
    assert caught.value.duplicate_ids == (activity_id,)


def test_an_association_with_a_deleted_contact_is_not_confirmed(sandbox: Sandbox, portal: HubSpotClient) -> None:
    kept, gone = (sandbox.hubspot.state.add_contact(email=f"{name}@example.com") for name in ("kept", "gone"))
    sandbox.hubspot.state.delete_contact(gone)
    activity_id = portal.create_activities([an_activity("t1", "k1")]).written["t1"]
    assert portal.associate([(activity_id, kept), (activity_id, gone)]) == ((activity_id, gone),)
    assert portal.associate([(activity_id, kept)]) == ()
    assert portal.activity_ids_of_contacts([kept, gone]) == {kept: (activity_id,), gone: ()}


@pytest.mark.parametrize("fault", ["commit_then_status", "commit_then_hang", "invalid_json"])
def test_a_create_whose_answer_is_lost_is_sent_once_and_can_be_read_back(
    sandbox: Sandbox, portal: HubSpotClient, fault: str
) -> None:
    getattr(sandbox.hubspot.switches, fault)(path="batch/create")
    with pytest.raises(OutcomeUnknown):
        portal.create_activities([an_activity("t1", "k1")])
    assert set(portal.activities_by_key(["k1"], [])) == {"k1"}
    assert len(sandbox.hubspot.state.activities()) == 1


def test_a_create_that_was_put_off_is_carried_out_once(sandbox: Sandbox, portal: HubSpotClient) -> None:
    sandbox.hubspot.switches.rate_limited(path="batch/create")
    sandbox.hubspot.switches.locked(path="batch/create")
    assert set(portal.create_activities([an_activity("t1", "k1")]).written) == {"t1"}
    assert len(sandbox.hubspot.state.activities()) == 1


def test_a_missing_scope_is_named(sandbox: Sandbox, portal: HubSpotClient) -> None:
    sandbox.hubspot.switches.missing_scopes = {"crm.objects.contacts.write"}
    with pytest.raises(MissingScope) as caught:
        portal.create_activities([an_activity("t1", "k1")])
    assert "crm.objects.contacts.write" in caught.value.scopes


def test_a_wrong_key_is_refused_by_both(sandbox: Sandbox) -> None:
    with pytest.raises(AccessRefused):
        HubSpotClient.from_connection(sandbox.hubspot.url, "wrong").portal()
    with pytest.raises(AccessRefused):
        CalendarClient.from_connection(sandbox.calendar.url, "wrong").describe()


def test_a_window_is_read_whole_whatever_the_paging_does(sandbox: Sandbox, bookings: CalendarClient) -> None:
    ids = book_many(sandbox, 450)
    assert changed(bookings) == ids
    switches = sandbox.calendar.switches
    switches.expire_cursors, switches.empty_pages, switches.duplicate_across_pages = 1, 2, True
    assert sorted(set(changed(bookings))) == ids
    pages = bookings.bookings_changed_everywhere(NOON, NOON + timedelta(seconds=10))
    assert [booking["id"] for page in pages for booking in page] == ids[:20]
    assert {entry.method for entry in sandbox.calendar.history} == {"GET"}  # D1


@pytest.mark.parametrize("switch", ["repeat_cursor", "expire_cursors"])
def test_paging_that_does_not_end_is_an_incomplete_read(
    sandbox: Sandbox, bookings: CalendarClient, switch: str
) -> None:
    book_many(sandbox, 900)
    setattr(sandbox.calendar.switches, switch, 100)
    with pytest.raises(IncompleteRead):
        changed(bookings)


def test_bookings_are_read_by_id(sandbox: Sandbox, bookings: CalendarClient) -> None:
    ids = book_many(sandbox, 120)
    found = bookings.bookings_by_id("ws_1", [*ids, "no_such"])
    assert sorted(booking["id"] for booking in found) == ids


def test_a_workspace_without_the_plan_is_told(sandbox: Sandbox, bookings: CalendarClient) -> None:  # K1
    sandbox.calendar.state.add_workspace("ws_1", plan="basic")
    assert not bookings.workspace("ws_1").has_hubspot_plan
    assert bookings.describe() == "reads 1 workspace"
    with pytest.raises(PlanRequired):
        changed(bookings)
