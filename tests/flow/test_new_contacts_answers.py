"""Answers on contacts: a contact that a booking creates gets them, one that was there never does (Q2, Q3, Q4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from booking_sync.answers import answer_property_name
from booking_sync.store.tables import audit, portal
from tests.flow.scene import WORKSPACE, Scene

ADA = "ada@example.com"
COMPANY = answer_property_name(WORKSPACE, "q_company")
TOPICS = answer_property_name(WORKSPACE, "q_topics")
PROPERTY_CALLS = "/properties/2026-09/contacts"


def answers(company: str = "Analytical", question: str = "Company?", **more: Any) -> list[dict[str, Any]]:
    others = [{"question_id": f"q_{name}", "question": f"{name}?", "answer": value} for name, value in more.items()]
    return [{"question_id": "q_company", "question": question, "answer": company}, *others]


def book(scene: Scene, given: list[dict[str, Any]] | None = None, email: str = ADA, **fields: Any) -> str:
    return scene.book(invitees=[{"email": email, "name": "Ada Lovelace", "answers": given or answers()}], **fields)


def of_contact(scene: Scene, email: str = ADA) -> dict[str, str]:
    found = scene.hubspot.contact_by_email(email)
    assert found is not None
    properties: dict[str, str] = found["properties"]
    return properties


def definition(scene: Scene, name: str) -> Any:
    return scene.hubspot.portal().properties["contacts"].get(name)


def made(scene: Scene) -> list[tuple[str, str]]:
    columns = (audit.c.object_id, audit.c.outcome)
    rows = scene.rows(select(*columns).where(audit.c.change_id.contains("/contacts/")).order_by(audit.c.id))
    return [(row["object_id"], row["outcome"]) for row in rows]


def test_a_new_contact_gets_the_answers_as_properties(scene: Scene) -> None:
    book(scene, answers(topics=["Pricing", "Security"], newsletter=True, people=12, empty=None))
    scene.run()
    shown = of_contact(scene)
    assert (shown[COMPANY], shown[TOPICS]) == ("Analytical", "Pricing, Security")  # Q2
    assert shown[answer_property_name(WORKSPACE, "q_newsletter")] == "Yes"
    assert shown[answer_property_name(WORKSPACE, "q_people")] == "12"
    assert answer_property_name(WORKSPACE, "q_empty") not in shown
    found = definition(scene, COMPANY)
    assert (found.label, found.group_name, found.type) == ("Company?", "calendar_com", "string")  # Q2
    assert definition(scene, answer_property_name(WORKSPACE, "q_empty")) is None
    assert made(scene)[0] == ("calendar_com", "applied")  # W7
    assert len(made(scene)) == 5
    scene.assert_repeating_writes_nothing()


def test_a_property_is_made_once_and_stays_while_its_question_is_edited(scene: Scene) -> None:
    book(scene)
    scene.run()
    book(scene, answers("Difference", "Your employer?"), email="grace@example.com")
    writes = scene.writes_of(scene.run)
    assert [write.path for write in writes if "/properties/" in write.path] == []  # Q2
    assert of_contact(scene, "grace@example.com")[COMPANY] == "Difference"
    assert definition(scene, COMPANY).label == "Company?"


def _known_by_address(scene: Scene) -> None:
    scene.hubspot.add_contact(email=ADA)


def _known_by_secondary_address(scene: Scene) -> None:
    scene.hubspot.add_contact(email="countess@example.com", hs_additional_emails=ADA)


def _made_in_the_same_moment(scene: Scene) -> None:
    """Somebody makes the contact after it was looked up and before it is made: HubSpot answers that it exists."""
    scene.has_exact_audit = False  # it is adopted, although it was not ours

    def hook(entry: Any, phase: str) -> None:
        if phase == "before" and "contacts/batch/create" in entry.path and not scene.hubspot.contact_by_email(ADA):
            scene.hubspot.add_contact(email=ADA)

    scene.hubspot.request_hook = hook


@pytest.mark.parametrize("exists", [_known_by_address, _known_by_secondary_address, _made_in_the_same_moment])
def test_a_contact_that_existed_is_not_changed(scene: Scene, exists: Callable[[Scene], None]) -> None:
    exists(scene)
    booking_id = book(scene)
    scene.run()
    (known,) = scene.hubspot.contacts()
    assert COMPANY not in known["properties"]  # Q3
    assert scene.activity(booking_id)["contact_ids"] == [known["id"]]
    assert "Analytical" in scene.shown(booking_id)["hs_meeting_body"]  # Q1
    scene.assert_repeating_writes_nothing()


def test_a_second_booking_does_not_change_what_the_first_has_brought(scene: Scene) -> None:
    book(scene, answers("First"))
    scene.run()
    before = of_contact(scene)
    second = book(scene, answers("Second", topics=["Pricing"]))
    scene.run()
    assert of_contact(scene) == before  # Q3
    assert "Second" in scene.shown(second)["hs_meeting_body"]


def test_of_several_bookings_of_a_new_invitee_the_earliest_brings_the_answers(scene: Scene) -> None:
    scene.clock.advance(3600)
    for number, company in ((3, "Third"), (1, "First"), (2, "Second")):
        book(scene, answers(company), created_at=scene.at(-20 + number))
    scene.run()
    assert of_contact(scene)[COMPANY] == "First"  # C5, Q3


def test_changed_answers_change_the_body_and_not_the_contact(scene: Scene) -> None:
    booking_id = book(scene)
    scene.run()
    before = of_contact(scene)
    invitee = scene.calendar.booking(booking_id)["invitees"][0]
    scene.calendar.edit(booking_id, invitees=[{**invitee, "answers": answers("Difference")}])
    scene.run()
    assert of_contact(scene) == before  # Q4
    assert "Difference" in scene.shown(booking_id)["hs_meeting_body"]


@pytest.mark.parametrize("lost", ["commit_then_hang", "drop_before"])
def test_a_contact_whose_answer_was_lost_has_them_once(scene: Scene, lost: str) -> None:
    getattr(scene.switches, lost)(path="contacts/batch/create", writes_only=True)
    book(scene)
    scene.run()
    scene.run_after_quiet_time()
    assert of_contact(scene)[COMPANY] == "Analytical"  # Q2
    assert len(scene.hubspot.contacts()) == 1
    scene.assert_repeating_writes_nothing()


@pytest.mark.parametrize("lost", ["commit_then_hang", "drop_before"])
@pytest.mark.parametrize("nth", [1, 2], ids=["the group", "the property"])
def test_a_property_whose_answer_was_lost_is_found_or_made(scene: Scene, lost: str, nth: int) -> None:
    getattr(scene.switches, lost)(path=PROPERTY_CALLS, writes_only=True, nth=nth)
    booking_id = book(scene)
    scene.run()
    assert scene.activities(booking_id) == []
    scene.run()
    assert of_contact(scene)[COMPANY] == "Analytical"  # Q2
    assert "sent" not in dict(made(scene)).values()
    scene.everything_is_right()


def test_a_property_that_somebody_else_has_made_is_used(scene: Scene) -> None:
    book(scene, email="grace@example.com")
    scene.run()
    with scene.services.engine.begin() as connection:
        connection.execute(portal.update().values(contact_properties=None))
    book(scene)
    writes = scene.writes_of(scene.run)
    assert not [write for write in writes if "/properties/" in write.path]
    assert of_contact(scene)[COMPANY] == "Analytical"


def test_a_property_that_was_removed_does_not_cost_the_contact_and_is_made_again(scene: Scene) -> None:
    book(scene)
    scene.run()
    del scene.hubspot.portal().properties["contacts"][COMPANY]
    second = book(scene, email="grace@example.com")
    assert f"{second}: answers_left_out" in scene.run().note
    assert COMPANY not in of_contact(scene, "grace@example.com")
    book(scene, email="mary@example.com")
    scene.run()
    assert of_contact(scene, "mary@example.com")[COMPANY] == "Analytical"  # Q2


def test_without_the_scope_the_contact_is_made_and_the_answers_are_told_missing(scene: Scene) -> None:
    scene.choose()
    scene.book(invitees=["first@example.com"])
    scene.run()
    scene.switches.missing_scopes.add("crm.schemas.contacts.write")
    booking_id = book(scene, answers(topics=["Pricing"]))
    report = scene.run()
    assert COMPANY not in of_contact(scene)
    assert report.note.count("does not let this key make contact properties") == 1
    assert len(scene.activities(booking_id)) == 1
    scene.switches.missing_scopes.clear()
    book(scene, email="grace@example.com")
    scene.run()
    assert of_contact(scene, "grace@example.com")[COMPANY] == "Analytical"


def test_a_portal_that_takes_no_more_properties_still_gets_the_contact(scene: Scene) -> None:
    scene.choose()
    scene.book(invitees=["first@example.com"])
    scene.run()
    scene.switches.fail_before(400, path=PROPERTY_CALLS, method="POST", nth=2)
    booking_id = book(scene)
    assert f"{booking_id}: answers_left_out: question q_company" in scene.run().note
    assert COMPANY not in of_contact(scene)


def test_the_settings_name_an_existing_property(scene: Scene) -> None:
    scene.choose(
        question_properties={
            "q_company": "company",
            "q_topics": None,
            "q_stage": "lifecyclestage",
            "q_size": "jobtitle",
        },
        utm_properties={"utm_source": "website"},
    )
    given = answers(topics=["Pricing"], stage="Customer", size=12)
    book(scene, given, tracking={"utm_source": "newsletter"})
    writes = scene.writes_of(scene.run)
    shown = of_contact(scene)
    assert (shown["company"], shown["lifecyclestage"], shown["jobtitle"]) == ("Analytical", "customer", "12")  # Q2
    assert shown["website"] == "newsletter"
    assert not [name for name in shown if name.startswith("calendar_answer")]
    assert not [write for write in writes if PROPERTY_CALLS in write.path]


@pytest.mark.parametrize(
    ("mapped", "answer"), [("lifecyclestage", "Astronaut"), ("gone_long_ago", "x"), ("hs_object_id", "12")]
)
def test_an_answer_that_its_property_does_not_take_is_left_out_and_told(scene: Scene, mapped: str, answer: str) -> None:
    scene.choose(question_properties={"q_company": mapped})
    booking_id = book(scene, answers(answer))
    assert f"{booking_id}: answers_left_out: question q_company" in scene.run().note
    assert of_contact(scene)["firstname"] == "Ada"
    scene.everything_is_right()


def test_an_answer_that_hubspot_refuses_does_not_cost_the_contact(scene: Scene) -> None:
    scene.choose(question_properties={"q_company": "lifecyclestage"})
    stage = definition(scene, "lifecyclestage")

    def hook(entry: Any, phase: str) -> None:
        if phase == "before" and "contacts/batch/create" in entry.path:
            scene.hubspot.portal().properties["contacts"]["lifecyclestage"] = type(stage)(
                "lifecyclestage", "Lifecycle stage", "enumeration", "radio", "contactinformation", options=()
            )

    scene.hubspot.request_hook = hook
    booking_id, other_id = book(scene, answers("Customer")), scene.book(invitees=["grace@example.com"])
    assert f"{booking_id}: answers_left_out: HubSpot refuses lifecyclestage" in scene.run().note
    assert scene.emails_on(booking_id) == [ADA]
    assert scene.emails_on(other_id) == ["grace@example.com"]
    scene.assert_repeating_writes_nothing()


def test_many_new_contacts_with_answers_cost_no_call_more(scene: Scene) -> None:
    book(scene, email="first@example.com")
    scene.run()
    for number in range(120):
        book(scene, email=f"ada{number}@example.com")
    before = scene.services.hubspot_requests.requests
    scene.run()
    calls = scene.services.hubspot_requests.requests - before
    assert calls == 2 + 2 + 2 + 1 + 1 + 2  # look-ups, contacts, activities; owners, whose key it is; the sweep
