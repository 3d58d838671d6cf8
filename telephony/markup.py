"""A few lines around ElementTree, so that a carrier's document is always well-formed, whatever a text contains."""

import re
from xml.etree.ElementTree import Element, SubElement, tostring

#: characters that XML 1.0 forbids even when escaped
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Value = str | int | bool | None


def response() -> Element:
    """The root element of both carriers."""
    return Element("Response")


def add(parent: Element, tag: str, text: str = "", **attributes: Value) -> Element:
    """Appends an element. Attributes that are ``None`` are left out."""
    child = SubElement(parent, tag, {name: _written(value) for name, value in attributes.items() if value is not None})
    child.text = _written(text) or None
    return child


def to_xml(root: Element) -> str:
    # ElementTree escapes every ">" in texts and attributes, so this touches nothing but the ends of empty elements.
    return tostring(root, encoding="unicode").replace(" />", "/>")


def has_speech(text: str) -> bool:
    """Whether anything is left to speak: both carriers treat an element without text as an error."""
    return bool(_written(text).strip())


def _written(value: str | int | bool) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _FORBIDDEN.sub("", text)
