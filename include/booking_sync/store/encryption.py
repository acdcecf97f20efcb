"""Encryption of what is kept at rest, and keyed hashes of e-mail addresses.

Fernet (AES-128-CBC with HMAC-SHA256) from the ``cryptography`` package; several keys allow rotation: the first
encrypts, all decrypt.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import logging
import os
import secrets
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import make_url

from booking_sync.errors import ConfigurationError

logger = logging.getLogger(__name__)

SHORTEST_KEY = 16
_FERNET_KEY_BYTES = 32
_WINDOW_BITS, _MEMORY_LEVEL = 12, 4


class Vault:
    """Encrypts and decrypts with the installation's secret keys; knows nothing of what it holds."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys:
            raise ConfigurationError(
                "BOOKING_SYNC_SECRET_KEY is not set: it encrypts what is kept at rest. Make one with "
                "`python -c 'import secrets; print(secrets.token_urlsafe(32))'` and set it for every Airflow component."
            )
        keys = [Fernet(_fernet_key(key)) for key in secret_keys]
        self.older_key_count = len(keys) - 1
        """How many keys besides the first one still decrypt."""
        self._first = keys[0]
        self._fernet = MultiFernet(keys)

    def encrypt(self, text: str) -> bytes:
        """Return the text compressed and encrypted."""
        return self.encrypt_bytes(_compressed(text.encode()))

    def decrypt(self, token: bytes) -> str:
        """Return the text of :meth:`encrypt`.

        Raises:
            ConfigurationError: none of the keys fits.
        """
        return zlib.decompress(self.decrypt_bytes(token)).decode()

    def encrypt_bytes(self, content: bytes) -> bytes:
        """Return the bytes encrypted."""
        return self._fernet.encrypt(content)

    def decrypt_bytes(self, token: bytes) -> bytes:
        """Return the bytes of :meth:`encrypt_bytes`.

        Raises:
            ConfigurationError: none of the keys fits.
        """
        with _fitting_key():
            return self._fernet.decrypt(token)

    def under_first_key(self, token: bytes) -> bytes | None:
        """Return what another key has encrypted under the first one; None where it is under the first one already.

        Raises:
            ConfigurationError: none of the keys fits.
        """
        with contextlib.suppress(InvalidToken):
            self._first.decrypt(token)
            return None
        with _fitting_key():
            return self._fernet.rotate(token)


@contextlib.contextmanager
def _fitting_key() -> Iterator[None]:
    try:
        yield
    except InvalidToken:
        raise ConfigurationError(
            "BOOKING_SYNC_SECRET_KEY does not fit the mapping database: what is encrypted there cannot be read. "
            "Put the key that was used before into the comma-separated list, after the new one."
        ) from None


def _compressed(content: bytes) -> bytes:
    """Compress a short text. With zlib's usual window each of them would clear a quarter of a megabyte."""
    compressor = zlib.compressobj(level=1, wbits=_WINDOW_BITS, memLevel=_MEMORY_LEVEL)
    return compressor.compress(content) + compressor.flush()


def open_vault(secret_keys: Sequence[str], database_url: str) -> Vault:
    """Return the vault of a mapping database: with the keys that are set, else with its key for development.

    Raises:
        ConfigurationError: there is no key, or one of them cannot be used.
    """
    return Vault(secret_keys or _development_keys(database_url))


def _development_keys(database_url: str) -> tuple[str, ...]:
    """Return the key kept beside a SQLite database, made on first use; nothing for any other database.

    So a first try needs no setting. A key beside what it locks protects little: production sets its own, on PostgreSQL.
    """
    location = make_url(database_url)
    if location.get_backend_name() != "sqlite" or not location.database:
        return ()
    path = Path(f"{location.database}.key")
    if not path.exists():
        _write_key(path)
    return (path.read_text().strip(),)


def _write_key(path: Path) -> None:
    """Put a fresh key in place whole, unless another process has been faster."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as fresh:  # readable by its owner only
        fresh.write(secrets.token_urlsafe(32))
        fresh.flush()
        with contextlib.suppress(FileExistsError):
            os.link(fresh.name, path)
            logger.warning("BOOKING_SYNC_SECRET_KEY is not set; made a key for development in %s", path)


def _fernet_key(secret_key: str) -> bytes:
    """Use a Fernet key as it is, and derive one from any other secret."""
    try:
        if len(base64.urlsafe_b64decode(secret_key)) == _FERNET_KEY_BYTES:
            return secret_key.encode()
    except ValueError:
        pass  # not base64 of that length, so it is a passphrase
    if len(secret_key) < SHORTEST_KEY:
        raise ConfigurationError(f"Each key in BOOKING_SYNC_SECRET_KEY must have at least {SHORTEST_KEY} characters.")
    derived = HKDF(algorithm=hashes.SHA256(), length=_FERNET_KEY_BYTES, salt=None, info=b"booking-sync at rest")
    return base64.urlsafe_b64encode(derived.derive(secret_key.encode()))


def email_hash(salt: bytes, email: str) -> str:
    """Return the keyed hash under which an address is remembered, so that the table holds no addresses."""
    return hmac.digest(salt, email.encode(), "sha256").hex()
