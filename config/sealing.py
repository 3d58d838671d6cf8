"""Secret fields of resources as they are stored: sealed, each bound to its place."""

import base64
import json
import logging
import secrets
from typing import Any

from config.keys import Keyring, Unreadable
from config.resources import SECRET_FIELDS, Body, Kind

_log = logging.getLogger(__name__)

#: what the API and the dashboard show instead of a secret; sent back, it keeps the stored one
SECRET_MASK = "********"  # noqa: S105 - a mask, not a secret


def seal_body(keyring: Keyring, kind: Kind, key: str, body: Body) -> Body:
    """The body with its secret fields sealed."""
    return {
        name: {"sealed": keyring.seal_text(json.dumps(value).encode(), _context(kind, key, name))}
        if name in SECRET_FIELDS and value is not None
        else value
        for name, value in body.items()
    }


def open_body(keyring: Keyring, kind: Kind, key: str, body: Body) -> Body:
    """The body with its secrets in plain.

    A secret that no key of ours opens becomes a random one: what it protects is refused from then on, which is safe,
    and everything else keeps working.
    """
    return {
        name: _opened(keyring, kind, key, name, value) if name in SECRET_FIELDS else value
        for name, value in body.items()
    }


def masked_body(body: Body) -> Body:
    """The body for showing: secrets replaced by a mask, a list by as many masks."""
    return {name: _masked(value) if name in SECRET_FIELDS else value for name, value in body.items()}


def unmasked_body(body: Body, stored: Body) -> Body:
    """The body with each secret that is only the mask replaced by the stored one."""
    return {
        name: stored.get(name)
        if name in SECRET_FIELDS and value is not None and value == _masked(stored.get(name))
        else value
        for name, value in body.items()
    }


def _masked(value: Any) -> Any:
    if value is None:
        return None
    return [SECRET_MASK] * len(value) if isinstance(value, list) else SECRET_MASK


def _opened(keyring: Keyring, kind: Kind, key: str, name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    try:
        return json.loads(keyring.open_text(str(value.get("sealed", "")), _context(kind, key, name)))
    except Unreadable as error:
        _log.error(
            "%s.%s.%s cannot be read (%s). Put the key it was written with back into DUTYLINE_SECRET_KEY, "
            "or set it again; until then what it protects is refused.",
            *(kind, key, name, error),
        )
        # In the form of what it replaces, so that the rest of the resource stays readable.
        return "https://unreadable.invalid" if name == "url" else _random_secret()


def _random_secret() -> str:
    """One that can stand for a signing secret too."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _context(kind: Kind, key: str, name: str) -> str:
    return f"{kind}/{key}/{name}"
