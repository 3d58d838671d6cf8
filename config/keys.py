"""Secret keys: one list from the operator, one derived key per purpose, a key id in every ciphertext.

The first key writes, all keys read, so that a key is rotated by putting a new one in front and dropping the old one
when nothing written with it is left.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_ID_BYTES = 4
_NONCE_BYTES = 12


class Purpose(StrEnum):
    """What a derived key is for. A text sealed for one purpose cannot be opened for another."""

    PAYLOADS = "temporal payloads"
    CONTINUATION = "continuation"
    SPOOL = "call spool"
    ROUTE_BOOK = "route book"
    SECRETS = "stored secrets"
    LINKS = "signed links"
    SIMULATOR = "simulated carrier"
    CALENDAR_FEEDS = "calendar feeds"


class Unreadable(Exception):
    """The text was not sealed with any of our keys for this purpose and context, or it was changed."""


class Keyring:
    """Seals, opens and signs for one purpose.

    ``context`` binds a text to where it belongs (a call, a hotline): opened elsewhere it is unreadable.
    """

    def __init__(self, master_keys: Sequence[str], purpose: Purpose) -> None:
        if not master_keys:
            raise ValueError("At least one secret key is needed; set DUTYLINE_SECRET_KEY.")
        self._keys: dict[bytes, bytes] = {}
        for master in master_keys:
            derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"dutyline/{purpose}".encode()).derive(
                master.encode()
            )
            self._keys.setdefault(hashlib.sha256(b"id" + derived).digest()[:_KEY_ID_BYTES], derived)
        self._ciphers = {key_id: AESGCM(key) for key_id, key in self._keys.items()}
        self._current = next(iter(self._keys))

    def seal(self, plain: bytes, context: str = "") -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return self._current + nonce + self._ciphers[self._current].encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str = "") -> bytes:
        """The plain bytes. Raises :class:`Unreadable`, never anything else."""
        key_id, nonce, box = sealed[:_KEY_ID_BYTES], sealed[_KEY_ID_BYTES:][:_NONCE_BYTES], sealed[16:]
        cipher = self._ciphers.get(key_id)
        if cipher is None or len(nonce) != _NONCE_BYTES:
            raise Unreadable("written with a key that is not in the list")
        try:
            return cipher.decrypt(nonce, box, context.encode())
        except InvalidTag:
            raise Unreadable("changed, or meant for another place") from None

    def seal_text(self, plain: bytes, context: str = "") -> str:
        """As :meth:`seal`, in characters that fit into an address."""
        return base64.urlsafe_b64encode(self.seal(plain, context)).decode().rstrip("=")

    def open_text(self, sealed: str, context: str = "") -> bytes:
        try:
            raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        except ValueError:
            raise Unreadable("not base64") from None
        return self.open(raw, context)

    def sign(self, message: str) -> str:
        """A short signature, ``<key id>.<mac>``."""
        return f"{self._current.hex()}.{self._mac(self._current, message)}"

    def verify(self, message: str, signature: str) -> bool:
        key_id_hex, _, mac = signature.partition(".")
        try:
            key_id = bytes.fromhex(key_id_hex)
        except ValueError:
            return False
        return key_id in self._keys and hmac.compare_digest(self._mac(key_id, message).encode(), mac.encode())

    def _mac(self, key_id: bytes, message: str) -> str:
        digest = hmac.new(self._keys[key_id], message.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def make_or_read_secret_key(path: Path) -> str:
    """The embedded installation's own key, made once and kept beside its data, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key
