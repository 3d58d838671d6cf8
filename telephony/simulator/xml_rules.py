"""Checks a document as strictly as a carrier may: which elements stand where, their attributes and their values.

The carriers are more forgiving here and there (Twilio logs an unknown attribute and goes on). This carrier is not: what
it accepts, the real one accepts too.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

Element = ET.Element
#: says what is wrong with a value, or nothing
Check = Callable[[str], str | None]


class DocumentFault(Exception):
    """The carrier cannot use the document."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class ElementRule:
    attributes: Mapping[str, Check] = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    text: Literal["none", "optional", "required"] = "none"


@dataclass(frozen=True, slots=True)
class DocumentRules:
    """One carrier's language. ``value_codes`` are error codes for single attributes, ``(element, attribute)``."""

    elements: Mapping[str, ElementRule]
    content_types: frozenset[str]
    max_bytes: int
    parse_code: str
    schema_code: str
    content_type_code: str
    size_code: str
    value_codes: Mapping[tuple[str, str], str] = field(default_factory=dict)


def read_document(
    body: bytes, content_type: str, rules: DocumentRules, *, allowed: frozenset[str] | None = None
) -> Element:
    """The root element of a document that keeps all rules. Raises :class:`DocumentFault`.

    ``allowed`` narrows the elements further, for a document that only one party hears.
    """
    if content_type.split(";")[0].strip().lower() not in rules.content_types:
        raise DocumentFault(rules.content_type_code, f"content type {content_type!r} is not XML")
    if len(body) > rules.max_bytes:
        raise DocumentFault(rules.size_code, f"{len(body)} bytes are too many")
    if b"<!DOCTYPE" in body:
        raise DocumentFault(rules.parse_code, "a document type is not allowed")
    try:
        root = ET.fromstring(body)  # noqa: S314 - without a document type there are no entities to expand
    except ET.ParseError as error:
        raise DocumentFault(rules.parse_code, f"not well-formed XML ({error})") from None
    if root.tag != "Response":
        raise DocumentFault(rules.schema_code, f"the root element is <{root.tag}>, not <Response>")
    _check(root, rules)
    if allowed is not None:
        _check_only(root, allowed, rules)
    return root


def _check_only(root: Element, allowed: frozenset[str], rules: DocumentRules) -> None:
    for element in root.iter():
        if element is not root and element.tag not in allowed:
            raise DocumentFault(rules.schema_code, f"<{element.tag}> is forbidden on this leg")


def _check(element: Element, rules: DocumentRules) -> None:
    rule = rules.elements[element.tag]
    text = (element.text or "").strip()
    if text and rule.text == "none":
        raise DocumentFault(rules.schema_code, f"<{element.tag}> must not contain text ({text[:40]!r})")
    if not text and rule.text == "required":
        raise DocumentFault(rules.schema_code, f"<{element.tag}> is empty")
    for name, value in element.attrib.items():
        check = rule.attributes.get(name)
        if check is None:
            raise DocumentFault(rules.schema_code, f"<{element.tag}> has no attribute {name!r}")
        complaint = check(value)
        if complaint is not None:
            code = rules.value_codes.get((element.tag, name), rules.schema_code)
            raise DocumentFault(code, f'<{element.tag} {name}="{value}">: {complaint}')
    for child in element:
        if child.tag not in rules.elements:
            raise DocumentFault(rules.schema_code, f"<{child.tag}> is not an element of this carrier")
        if child.tag not in rule.children:
            raise DocumentFault(rules.schema_code, f"<{child.tag}> must not stand in <{element.tag}>")
        if (child.tail or "").strip():
            raise DocumentFault(rules.schema_code, f"stray text after <{child.tag}>")
        _check(child, rules)


def anything(value: str) -> str | None:
    return None


def whole(low: int, high: int) -> Check:
    def check(value: str) -> str | None:
        inside = value.isascii() and value.isdigit() and low <= int(value) <= high
        return None if inside else f"must be a whole number from {low} to {high}"

    return check


def one_of(*words: str) -> Check:
    return lambda value: None if value in words else f"must be one of {', '.join(words)}"


def each_of(*words: str) -> Check:
    def check(value: str) -> str | None:
        given = value.split()
        return None if given and set(given) <= set(words) else f"must be words out of {', '.join(words)}"

    return check


def keys(value: str) -> str | None:
    return None if set(value) <= set("0123456789*#") else "must be keys of a telephone"


def absolute_url(value: str) -> str | None:
    parts = urlsplit(value)
    return None if parts.scheme in ("http", "https") and parts.hostname else "must be an absolute http(s) address"


def any_url(value: str) -> str | None:
    """Absolute, or relative to the document; never with a space or another scheme."""
    if not value or any(character.isspace() for character in value):
        return "must be an address"
    return absolute_url(value) if urlsplit(value).scheme else None


truth = one_of("true", "false")
method = one_of("GET", "POST")
