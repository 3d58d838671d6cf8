"""Identifiers. Made outside (random or time bits are handed in) or derived, so that two processes agree without asking.

Public ids are a prefix and 26 characters of Crockford's base32 (lower case): ``call_…``, ``inc_…``, ``evt_…``.
"""

import hashlib

from domain.directory import Provider

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def _base32(data: bytes) -> str:
    number = int.from_bytes(data[:16], "big")
    digits = []
    for _ in range(26):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def public_id(prefix: str, raw: bytes) -> str:
    """An id from 16 bytes; ids of time-ordered bytes (UUID version 7) sort by time."""
    return f"{prefix}_{_base32(raw)}"


def derived_id(prefix: str, *parts: str) -> str:
    """The same id for the same parts, everywhere and for ever."""
    return public_id(prefix, hashlib.sha256("\x1f".join(parts).encode()).digest())


def call_id(provider: Provider, provider_call_id: str) -> str:
    """A call's id follows from the carrier's: an api process without a database knows it too."""
    return derived_id("call", provider, provider_call_id)


def call_workflow_id(provider: Provider, provider_call_id: str) -> str:
    return f"call-{provider}-{provider_call_id}"


def recording_workflow_id(provider: Provider, reference: str) -> str:
    return f"recording-{provider}-{reference}"


def incident_workflow_id(incident_id: str) -> str:
    return f"incident-{incident_id}"


def shift_watch_workflow_id(schedule: str) -> str:
    return f"shift-watch-{schedule}"


def call_event_id(call: str) -> str:
    """The one intake event of a call: it opens at most one incident, however often it is handed in."""
    return f"call:{call}"
