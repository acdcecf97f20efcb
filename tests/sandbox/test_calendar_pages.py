"""What a person can do on the pages of the sandboxed Calendar.com."""

from __future__ import annotations

import requests

from booking_sandbox.sample import load_sample
from booking_sandbox.server import Sandbox
from tests.sandbox.conftest import START


def send(sandbox: Sandbox, path: str, **form: str) -> requests.Response:
    return requests.post(sandbox.calendar.root_url + path, data=form, timeout=5)


def test_a_person_books_moves_and_cancels_on_the_pages(sandbox: Sandbox) -> None:
    load_sample(sandbox.calendar.state, sandbox.hubspot.state, START)
    page = send(sandbox, "/workspaces/ws_globex/book", name="Zoë", email="zoe@example.com")
    assert page.url.startswith(f"{sandbox.calendar.root_url}/bookings/bk_")
    booking_id = page.url.rpartition("/")[2]
    booked = sandbox.calendar.state.booking(booking_id)
    assert (booked["workspace_id"], booked["invitees"][0]["email"]) == ("ws_globex", "zoe@example.com")
    assert booked["host"]["email"].lower() in {
        "aoife.byrne@globex.example",
        "conor.walsh@globex.example",
        "ines.ferreira@globex.example",
    }
    assert "Reschedule by a day" in page.text
    send(sandbox, f"/bookings/{booking_id}/move")
    moved = sandbox.calendar.state.booking(booking_id)
    assert (moved["start_at"] > booked["start_at"], moved["reschedule_count"]) == (True, 1)
    assert "Cancel booking" not in send(sandbox, f"/bookings/{booking_id}/cancel").text
    assert sandbox.calendar.state.booking(booking_id)["status"] == "canceled"


def test_a_person_changes_the_plan_of_a_workspace(sandbox: Sandbox) -> None:  # K1
    assert send(sandbox, "/workspaces/ws_1/plan", plan="basic").ok
    assert sandbox.calendar.state.workspaces["ws_1"]["plan"] == "basic"
    assert send(sandbox, "/workspaces/ws_1/plan", plan="platinum").status_code == 422
    assert send(sandbox, "/workspaces/none/plan", plan="pro").status_code == 422
    assert send(sandbox, "/bookings/none/cancel").status_code == 422
