"""Encryption of what is kept at rest, and keyed hashes of e-mail addresses.

Fernet (AES-128-CBC with HMAC-SHA256) from the ``cryptography`` package; several keys allow rotation: the first
encrypts, all decrypt.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from booking_sync.errors import ConfigurationError

SHORTEST_KEY = 16
_FERNET_KEY_BYTES = 32


class Vault:
    """Encrypts and decrypts with the installation's secret keys; knows nothing of what it holds."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys:
            raise ConfigurationError(
                "BOOKING_SYNC_SECRET_KEY is not set: it encrypts what is kept at rest. Make one with "
                "`python -c 'import secrets; print(secrets.token_urlsafe(32))'` and set it for every Airflow component."
            )
        self._fernet = MultiFernet([Fernet(_fernet_key(key)) for key in secret_keys])

    def encrypt(self, text: str) -> bytes:
        """Return the text compressed and encrypted."""
        return self.encrypt_bytes(zlib.compress(text.encode(), level=1))

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
        try:
            return self._fernet.decrypt(token)
        except InvalidToken:
            raise ConfigurationError(
                "BOOKING_SYNC_SECRET_KEY does not fit the mapping database: what is encrypted there cannot be read. "
                "Put the key that was used before into the comma-separated list, after the new one."
            ) from None


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
    return hmac.new(salt, email.encode(), hashlib.sha256).hexdigest()
