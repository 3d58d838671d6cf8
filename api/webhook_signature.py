"""Who sent a webhook: the signature of Standard Webhooks, which Svix and those who send through it use.

Made here and not with the library ``standardwebhooks``: its clock is its own, it signs what it read of the body and of
the time instead of what came, and half of what a forger can send ends in an exception. The tests sign with it.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

#: the standard's names, and those that Svix had before
_PREFIXES = (b"webhook", b"svix")
_TOLERANCE_SECONDS = 300
_VERSION = b"v1,"
_MOST_DIGITS = 12


def verified_id(key: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes, now: datetime) -> str | None:
    """The webhook's id, the same for every delivery of it; ``None`` when nothing proves that the holder of ``key`` sent
    these bytes within five minutes of ``now``. Header names are in lower case, as ASGI has them. Never raises."""
    named = dict(headers)
    for prefix in _PREFIXES:
        if (webhook_id := _verified_id(prefix, key, named, body, now)) is not None:
            return webhook_id.decode("latin-1")
    return None


def _verified_id(prefix: bytes, key: bytes, headers: Mapping[bytes, bytes], body: bytes, now: datetime) -> bytes | None:
    webhook_id, timestamp, signatures = (
        headers.get(prefix + name, b"") for name in (b"-id", b"-timestamp", b"-signature")
    )
    if not webhook_id or not _is_recent(timestamp, now):
        return None
    digest = hmac.digest(key, b".".join((webhook_id, timestamp, body)), hashlib.sha256)
    expected = _VERSION + base64.b64encode(digest)
    # Several while the sender changes its secret, and of versions to come.
    passes = any(hmac.compare_digest(expected, signature) for signature in signatures.split())
    return webhook_id if passes else None


def _is_recent(timestamp: bytes, now: datetime) -> bool:
    """``timestamp``: whole seconds since 1970."""
    if not timestamp.isdigit() or len(timestamp) > _MOST_DIGITS:
        return False
    return abs(now.timestamp() - int(timestamp)) <= _TOLERANCE_SECONDS
