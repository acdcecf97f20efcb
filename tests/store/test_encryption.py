"""What is kept at rest cannot be read without the key; addresses are only known by keyed hashes."""

from __future__ import annotations

import zlib

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, LargeBinary, String, Text, select

from booking_sync.errors import ConfigurationError
from booking_sync.store.contact_links import ContactLink, installation_salt, load_links, save_links
from booking_sync.store.database import reading, writing
from booking_sync.store.encryption import Vault, email_hash
from booking_sync.store.staging import load_staged, stage
from booking_sync.store.tables import metadata
from tests.builders import a_booking
from tests.store.conftest import INTEGRATION, NOW

OLD, NEW = "the key from before the rotation", "the key from after the rotation"
TEXT = "Ada Lovelace <ada@example.com> äöü 日本 " * 50


@pytest.mark.parametrize("key", [OLD, Fernet.generate_key().decode()], ids=["any text", "a key of Fernet"])
def test_what_was_encrypted_is_read_again(key: str) -> None:
    token = Vault([key]).encrypt(TEXT)

    assert b"ada@example.com" not in token
    assert Vault([key]).decrypt(token) == TEXT


def test_after_a_rotation_old_content_is_read_and_new_content_uses_the_new_key() -> None:
    before = Vault([OLD]).encrypt(TEXT)
    rotated = Vault([NEW, OLD])

    assert rotated.decrypt(before) == TEXT
    assert Vault([NEW]).decrypt(rotated.encrypt(TEXT)) == TEXT
    with pytest.raises(ConfigurationError):
        Vault([OLD]).decrypt(rotated.encrypt(TEXT))


def test_a_key_that_does_not_fit_says_what_to_do(engine: Engine, vault: Vault) -> None:
    with writing(engine) as connection:
        installation_salt(connection, vault)

    with (
        pytest.raises(ConfigurationError, match=r"BOOKING_SYNC_SECRET_KEY does not fit .* Put the key that was used"),
        writing(engine) as connection,
    ):
        installation_salt(connection, Vault([NEW]))


def test_no_key_and_a_short_key_are_refused_by_name() -> None:
    for keys in ([], ["short"]):
        with pytest.raises(ConfigurationError, match="BOOKING_SYNC_SECRET_KEY"):
            Vault(keys)


def test_the_salt_is_made_once_and_survives_a_rotation(engine: Engine, vault: Vault) -> None:
    with writing(engine) as connection:
        first = installation_salt(connection, vault)
    rotated = Vault([NEW, "the secret key of the store tests"])

    with writing(engine) as connection:
        assert installation_salt(connection, rotated) == first
    assert len(first) >= 16


def test_hashes_of_an_address_differ_between_installations() -> None:
    here, there = (email_hash(salt, "ada@example.com") for salt in (b"a" * 32, b"b" * 32))

    assert here != there
    assert here == email_hash(b"a" * 32, "ada@example.com")


def test_what_was_kept_with_the_usual_compression_can_still_be_read(vault: Vault) -> None:
    text = "Ada Lovelace, " * 1_000
    assert vault.decrypt(vault.encrypt_bytes(zlib.compress(text.encode(), level=1))) == text
    assert vault.decrypt(vault.encrypt(text)) == text
    assert len(vault.encrypt(text)) < len(text) / 10


def test_neither_addresses_nor_names_are_readable_anywhere_in_the_database(engine: Engine, vault: Vault) -> None:
    with writing(engine) as connection:
        salt = installation_salt(connection, vault)
        stage(connection, vault, "run_1", INTEGRATION, [a_booking()])
        link = ContactLink(email_hash(salt, "ada@example.com"), "171596", is_ours=True)
        save_links(connection, "424242", [link], at=NOW)

    with reading(engine) as connection:
        assert load_links(connection, "424242", [link.email_hash]) == {link.email_hash: link}
        assert load_staged(connection, vault, "run_1", INTEGRATION, ["bk_01HV8Z"])[0][0] == a_booking()
        texts = [
            bytes(value) if isinstance(column.type, LargeBinary) else str(value).encode()
            for table in metadata.sorted_tables
            for column in table.c
            if isinstance(column.type, LargeBinary | String | Text)
            for value in connection.execute(select(column).where(column.is_not(None))).scalars()
        ]
    dump = b"\n".join(texts).lower()
    assert b"bk_01hv8z" in dump
    for secret in (b"ada lovelace", b"lovelace", b"example.com", b"hopper", salt):
        assert secret not in dump
