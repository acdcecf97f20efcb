from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from booking_sync.services import utc_now
from booking_sync.settings import Settings
from booking_sync.store.contact_links import installation_salt
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import Vault, email_hash
from booking_sync.store.lease import hold_lease
from booking_sync.store.tables import contact_link
from tests.airflow.web.browsing import Browser, words
from tests.airflow.web.conftest import FIRST

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("acme")]

ADDRESS = "ada@example.org"
SURE = {"email": f" {ADDRESS.upper()} ", "sure": "on"}


@pytest.fixture
def remembered(mapping: Engine, oauth_mode: dict[str, str]) -> None:
    """The contact of the address is remembered."""
    vault = Vault(Settings.from_environment(oauth_mode).secret_keys)
    with writing(mapping) as connection:
        hashed = email_hash(installation_salt(connection, vault), ADDRESS)
        row = {"portal_id": str(FIRST), "email_hash": hashed, "contact_id": "77", "is_ours": True}
        connection.execute(contact_link.insert(), {**row, "recorded_at": utc_now()})


def links(mapping: Engine) -> int:
    with reading(mapping) as connection:
        return len(connection.execute(select(contact_link)).all())


@pytest.mark.usefixtures("remembered")
def test_a_person_is_erased_by_address_and_the_address_is_nowhere_afterwards(
    admin: Browser, mapping: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = admin.post("/erase", SURE, page="/erase")
    again = admin.post("/erase", SURE, page="/erase")

    assert answer.status_code == 200
    assert "Erased. 1 entry held something of this person and does no longer: 1 remembered contacts" in words(answer)
    assert "Nothing was kept of this address." in words(again)
    assert links(mapping) == 0
    assert ADDRESS not in (answer.text + "".join(capfd.readouterr())).lower()


@pytest.mark.usefixtures("remembered")
def test_nothing_is_erased_without_the_tick_by_a_wrong_address_or_during_a_run(admin: Browser, mapping: Engine) -> None:
    unsure = admin.post("/erase", {"email": ADDRESS}, page="/erase")
    wrong = admin.post("/erase", {"email": "ada", "sure": "on"}, page="/erase")
    with hold_lease(mapping, f"ws_acme@{FIRST}", holder="a run", seconds=60):
        busy = admin.post("/erase", SURE, page="/erase")

    assert [answer.status_code for answer in (unsure, wrong, busy)] == [422, 422, 409]
    assert "Tick the box" in words(unsure)
    assert "This is not an e-mail address." in words(wrong)
    assert "Try again when it is over." in words(busy)
    assert links(mapping) == 1
