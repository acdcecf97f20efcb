"""Listing by search: as many pages as there are, in order, or an error."""

from __future__ import annotations

from typing import Any

import pytest

from booking_sync.clients.hubspot import HubSpotClient
from booking_sync.errors import IncompleteRead
from tests.clients.scripted_server import ScriptedServer, answers

MORE = {"paging": {"next": {"after": "200"}}}


def a_page(*ids: Any, **more: Any) -> Any:
    return answers(200, {"total": 3, "results": [{"id": one, "properties": {}} for one in ids], **more})


def listed(hubspot: HubSpotClient) -> list[str]:
    return [one for page in hubspot.activity_ids_with(("first", "second")) for one in page]


def test_every_page_is_asked_for_beyond_the_last_id(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_page("9", "10", **MORE), a_page(11))
    assert listed(hubspot) == ["9", "10", "11"]
    bodies = [seen.json for seen in server.seen]
    beyond = [[group["filters"][1]["value"] for group in body["filterGroups"]] for body in bodies]
    assert beyond == [["0", "0"], ["10", "10"]]
    assert [group["filters"][0]["propertyName"] for group in bodies[0]["filterGroups"]] == ["first", "second"]
    assert "after" not in bodies[1]
    assert (bodies[0]["limit"], bodies[0]["sorts"][0]["direction"]) == (200, "ASCENDING")


@pytest.mark.parametrize(
    "second",
    [
        a_page("10"),
        a_page("12", "11"),
        a_page("11", "11"),
        a_page(**MORE),
        a_page("x"),
        a_page(None),
        answers(200, {"total": 0}),
    ],
    ids=["comes back", "out of order", "twice", "no end", "no number", "no id", "no list"],
)
def test_a_list_that_cannot_be_trusted_is_an_incomplete_read(
    server: ScriptedServer, hubspot: HubSpotClient, second: Any
) -> None:
    server.will(a_page("9", "10", **MORE), second)
    with pytest.raises(IncompleteRead):
        listed(hubspot)


def test_nothing_found_is_an_empty_list(server: ScriptedServer, hubspot: HubSpotClient) -> None:
    server.will(a_page())
    assert listed(hubspot) == []
