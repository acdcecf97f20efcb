"""What no page of ours sends is answered by a sentence, also where the database takes less than SQLite does."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

import booking_sync_airflow.database
from tests.airflow.web.browsing import words
from tests.airflow.web.conftest import FIRST

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.airflow.web.browsing import Browser

pytestmark = [pytest.mark.airflow, pytest.mark.postgres]

INTEGRATION = f"ws_acme@{FIRST}"
HERE = quote(INTEGRATION)
PLAN = "/plan?dag_id=calendar_hubspot_sync"
ODD = [
    "%00",
    "a%00b",
    "%ff%fe",
    "%ED%A0%80",
    "-1",
    "9" * 40,
    "..%2f..%2fetc",
    "%3Cscript%3Ex%3C/script%3E",
    "x" * 3_000,
]
ADDRESSES = [
    "/bookings/{odd}",
    f"/bookings/{{odd}}?integration={HERE}",
    "/bookings/bk_1?integration={odd}",
    "/outlook?integration={odd}&booking=bk_1",
    f"/outlook?integration={HERE}&booking={{odd}}",
    f"{PLAN}&run_id={{odd}}",
    f"{PLAN}&run_id=manual&attempt={{odd}}&group={{odd}}&state={{odd}}&integration={{odd}}",
    f"{PLAN}&run_id=manual&number={{odd}}",
    "/plan.csv?dag_id=calendar_hubspot_sync&run_id={odd}",
    "/plan?dag_id={odd}&run_id={odd}",
    "/integrations/{odd}",
    "/integrations/{odd}/settings",
    "/integrations/{odd}/uninstall",
    "/integrations/{odd}/owners",
    "/integrations?done={odd}",
    "/connect?portal={odd}&workspace={odd}",
    "/oauth/callback?code={odd}&state={odd}",
    "/static/{odd}",
]
FORMS = {
    "/retry": {"integration_id": INTEGRATION, "booking_id": "bk_1"},
    "/ignore": {"integration_id": INTEGRATION, "booking_id": "bk_1", "reason": "why"},
    "/take-up": {"integration_id": INTEGRATION, "booking_id": "bk_1"},
    "/bookings": {"sought": "bk_1"},
    "/integrations/ws_acme/pause": {"reason": "why"},
    "/integrations/ws_acme/settings": {"activity_type": "Sales"},
    "/oauth/start": {"workspace_id": "ws_acme"},
    "/connect": {"portal_id": str(FIRST), "workspace_id": "ws_acme", "confirmed_portal": ""},
    "/erase": {"email": "ada@example.com", "sure": "on"},
}
TYPED = ["a\0b", "x" * 5_000]


@pytest.fixture
def connected(
    connected: dict[str, str], postgres_url_factory: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Our own database is PostgreSQL, which takes less than SQLite does; the tests reach it by a socket."""
    url = postgres_url_factory().replace("postgresql://", "postgresql+psycopg2://")
    monkeypatch.setattr(booking_sync_airflow.database, "_postgres_url", lambda _connection: url)
    of_postgres = '{"conn_type": "postgres", "host": "here", "schema": "bookings"}'
    monkeypatch.setenv("AIRFLOW_CONN_BOOKING_SYNC_DB", of_postgres)
    return connected | {"AIRFLOW_CONN_BOOKING_SYNC_DB": of_postgres}


def test_an_odd_address_is_answered_by_a_page(admin: Browser, acme: str) -> None:
    assert acme
    answers = {(address, odd): admin.get(address.format(odd=odd)) for address in ADDRESSES for odd in ODD}

    assert [asked for asked, answer in answers.items() if answer.status_code >= 500] == []
    assert [asked for asked, answer in answers.items() if "<script>x" in answer.text] == []
    of_nul = [answer for (address, odd), answer in answers.items() if "%00" in odd]
    assert {answer.status_code for answer in of_nul} == {400}
    assert "holds a NUL" in words(of_nul[0])


def test_an_odd_form_is_answered_by_a_page_and_changes_nothing(admin: Browser, acme: str) -> None:
    before = words(admin.get(f"/integrations/{acme}"))
    answers = {
        (path, field, typed[:3]): admin.post(path, {**fields, field: typed}, page="/status")
        for path, fields in FORMS.items()
        for field in fields
        for typed in TYPED
        if typed[:1] == "a" or field not in {"reason", "activity_type"}  # a long word is none the less one
    }

    assert [asked for asked, answer in answers.items() if answer.status_code >= 500] == []
    assert {answer.status_code for (_, _, typed), answer in answers.items() if "\0" in typed} == {400}
    assert words(admin.get(f"/integrations/{acme}")) == before


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"integration_id": "nobody", "booking_id": "bk_1"}, "There is no integration of that id."),
        ({"integration_id": INTEGRATION, "booking_id": "x" * 250}, "at most 200 characters"),
    ],
)
def test_a_retry_that_no_run_would_take_starts_none(
    admin: Browser, acme: str, fields: dict[str, Any], sentence: str
) -> None:
    assert acme
    answer = admin.post("/retry", fields, page="/status")

    assert answer.status_code == 409
    assert sentence in words(answer)
