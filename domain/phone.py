"""Phone numbers and caller names as carriers send them: odd, withheld, hostile.

A number is E.164 or it is nothing; the raw string is kept beside it for the log.
"""

import re
import unicodedata

import phonenumbers

#: keypad spellings of ANONYMOUS, RESTRICTED, UNAVAILABLE, UNKNOWN and a bare zero-like caller that carriers put in From
_WITHHELD_DIGITS = frozenset({"266696687", "7378742833", "86282452253", "8656696"})
_WITHHELD_WORDS = frozenset({"", "anonymous", "unknown", "restricted", "unavailable", "private", "withheld"})
_MAX_NAME = 80


def to_e164(raw: str) -> str | None:
    """The number in E.164, or ``None`` when it cannot be one. Plivo sends digits without ``+``; both forms are read."""
    text = raw.strip()
    if not re.fullmatch(r"\+?[\d\s().-]{5,24}", text):
        return None
    digits = re.sub(r"\D", "", text)
    if digits in _WITHHELD_DIGITS:
        return None
    try:
        number = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return None
    # Possible, not valid: numbering plans change faster than any copy of them, and fictional ranges must work.
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_withheld(raw: str) -> bool:
    """Whether the carrier says that the caller hides the number, in any of the spellings seen."""
    text = raw.strip().lower()
    user = text.removeprefix("sip:").removeprefix("client:").split("@", 1)[0]
    return user in _WITHHELD_WORDS or user.lstrip("+") in _WITHHELD_DIGITS


def clean_text(raw: str, limit: int = _MAX_NAME) -> str:
    """Text from outside made harmless to speak, print and put in XML: one line, bounded, no control characters."""
    kept = "".join(" " if unicodedata.category(c).startswith(("C", "Z")) else c for c in raw)
    return " ".join(kept.split())[:limit]


def mask(number: str) -> str:
    """A number for those who may not see it: ``+15550100001`` becomes ``+1555…01``."""
    return f"{number[:5]}…{number[-2:]}" if len(number) > 8 else "…"
