"""What is kept encrypted: AES-256-GCM under keys of the environment. The first encrypts, all decrypt."""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from automations.errors import EverstepError

KEY_BYTES = 32
_FORMAT = b"\x01"
_ID_BYTES = 8
_NONCE_BYTES = 12
_HEAD = len(_FORMAT) + _ID_BYTES
_ADVICE = "EVERSTEP_ENCRYPTION_KEYS of the gateway and of all workers; python -m deploy.encryption_key prints one."


class NoEncryptionKeyError(EverstepError):
    code = "no_encryption_key"

    def __init__(self) -> None:
        super().__init__(f"There is no encryption key yet. Set {_ADVICE}")


class SealedError(EverstepError):
    """None of the keys opens it, or it was sealed for another place."""

    code = "cannot_be_decrypted"


class InvalidKeysError(ValueError):
    """Says which of the keys is wrong, and never shows it."""


class Keyring:
    """Seals bytes for one place, such as `secret/stripe`: taken anywhere else they do not open."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_id_of(key): AESGCM(key) for key in keys}
        self._first = _id_of(keys[0])

    @property
    def mark(self) -> bytes:
        """What everything begins with that is sealed from now on."""
        return _FORMAT + self._first

    @property
    def key_id(self) -> str:
        """Of the key that encrypts, in hexadecimal; it tells nothing about the key."""
        return self._first.hex()

    def seal(self, value: bytes, place: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return self.mark + nonce + self._ciphers[self._first].encrypt(nonce, value, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Raises SealedError."""
        cipher = self._ciphers.get(sealed[len(_FORMAT) : _HEAD]) if sealed.startswith(_FORMAT) else None
        if cipher is None:
            raise SealedError("It was encrypted with a key that is not among EVERSTEP_ENCRYPTION_KEYS.")
        nonce, ciphertext = sealed[_HEAD : _HEAD + _NONCE_BYTES], sealed[_HEAD + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, ciphertext, place.encode())
        except (InvalidTag, ValueError) as error:
            raise SealedError("It was changed, or belongs to another place.") from error

    def resealed(self, sealed: bytes, place: str) -> bytes:
        """The same under the first key. Raises SealedError."""
        return self.seal(self.open(sealed, place), place)


@lru_cache(maxsize=8)
def keyring_of(written: str) -> Keyring:
    """Of keys as they stand in the environment: base64, separated by commas. Raises InvalidKeysError."""
    keys = [_key(text.strip(), index) for index, text in enumerate(written.split(","), start=1)]
    if len(set(keys)) != len(keys):
        raise InvalidKeysError("the same key stands there twice")
    return Keyring(keys)


def needed(keyring: Keyring | None) -> Keyring:
    """Raises NoEncryptionKeyError."""
    if keyring is None:
        raise NoEncryptionKeyError
    return keyring


def new_key() -> str:
    """As it is written in the environment."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def _key(text: str, index: int) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidKeysError(f"key {index} is not base64") from None
    if len(key) != KEY_BYTES:
        raise InvalidKeysError(f"key {index} has {len(key)} bytes, not {KEY_BYTES}")
    return key


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"everstep key id" + key).digest()[:_ID_BYTES]
