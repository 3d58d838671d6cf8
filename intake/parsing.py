"""Reads an event's body. Lenient where JSON allows odd things, strict about one: it is an object."""

import json
import math
from typing import Any, NoReturn

import orjson

_NOT_JSON = 'The body is not JSON. Send a JSON object such as {"title": "Disk full"}.'
_NOT_AN_OBJECT = 'The body is JSON but not an object. Send a JSON object such as {"title": "Disk full"}.'
_TOO_DEEP = "The body is nested too deeply to be read."

#: deeper documents are kept as text: what reads and writes them later walks one stack frame or more per level
_MAX_DEPTH = 64


class NotAnObject(Exception):
    """The body cannot be an event; the message is a sentence for the sender."""


def parse_object(body: bytes) -> dict[str, Any]:
    """The body as a dictionary; of a repeated key the last one counts. Raises :class:`NotAnObject`.

    The fast parser refuses half surrogate pairs (a title cut in the middle of an emoji), numbers beyond a double and a
    byte order mark. No alert should be lost over these, so the patient parser has the last word.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _parse_patiently(body)
    if not isinstance(document, dict):
        raise NotAnObject(_NOT_AN_OBJECT)
    return document


def _parse_patiently(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_int=_number, parse_float=_number
        )
    except RecursionError:
        raise NotAnObject(_TOO_DEEP) from None
    except ValueError:  # not UTF-8, or not JSON
        raise NotAnObject(_NOT_JSON) from None


def _number(text: str) -> int | float | str:
    """As the fast parser reads it; a number that fits nowhere stays text."""
    value = float(text)
    if not math.isfinite(value):
        return text
    return int(text) if text.lstrip("-").isdigit() and abs(value) < 2**63 else value


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def keepable(document: dict[str, Any], body: bytes) -> dict[str, Any]:
    """The document as an incident keeps it: itself; nested too deeply, its plain fields and all of it as text."""
    if _depth_within(document, _MAX_DEPTH):
        return document
    fields = {key: value for key, value in document.items() if not isinstance(value, dict | list)}
    return {**fields, "raw": body.decode("utf-8", "replace")}


def _depth_within(document: Any, limit: int) -> bool:
    level = [document]
    for _ in range(limit):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return True
    return False
