"""What carriers put into form fields, read without ever raising.

Every value is made harmless (``clean_text``) and bounded on the way in; a field that is missing reads like a blank one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from domain.events import Caller
from domain.phone import clean_text, is_withheld, to_e164
from telephony.dialect import Params

_WHOLE_NUMBER = re.compile(r"([0-9]{1,12})(\.[0-9]+)?")
_SIP_USER = re.compile(r"sips?:([^@;]+)", re.IGNORECASE)
_MAX_URL = 4_096


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one webhook. Of a repeated field the first value counts."""

    fields: Mapping[str, str]

    @classmethod
    def of(cls, params: Params) -> "Form":
        fields: dict[str, str] = {}
        for name, value in params:
            fields.setdefault(name, value)
        return cls(fields)

    def has(self, name: str) -> bool:
        """Whether the carrier sent the field at all, be it blank."""
        return name in self.fields

    def text(self, *names: str) -> str:
        """The first of these fields that is not blank, else an empty string."""
        return next((text for name in names if (text := clean_text(self.fields.get(name, "")))), "")

    def word(self, *names: str) -> str:
        """As :meth:`text`, in lower case, for words out of a carrier's list."""
        return self.text(*names).lower()

    def url(self, *names: str) -> str | None:
        """As :meth:`text`, with room for an address; ``None`` when blank."""
        return next((url for name in names if (url := clean_text(self.fields.get(name, ""), _MAX_URL))), None)

    def count(self, *names: str) -> int | None:
        """The first of these fields that holds a number of at least 0; carriers write ``-1`` for "not known yet"."""
        for name in names:
            if match := _WHOLE_NUMBER.fullmatch(self.text(name)):
                return int(match[1])
        return None

    def flag(self, name: str) -> bool | None:
        return {"true": True, "false": False}.get(self.word(name))


def dialled_number(raw: str) -> str:
    """A number of ours as E.164, also out of a SIP address; what is neither stays as it came."""
    user = _SIP_USER.match(raw)
    return to_e164(user[1] if user else raw) or raw


def read_caller(form: Form, verification: str) -> Caller:
    """Who calls, from a webhook of the caller's own leg.

    A SIP caller has no number here, even when its user part looks like one: carriers refuse it as a caller id.
    """
    if not form.has("From"):
        return Caller(number=None)
    raw = form.text("From")
    return Caller(
        number=to_e164(raw),
        raw=raw,
        name=_caller_name(form.text("CallerName"), raw),
        withheld=is_withheld(raw),
        verification=form.text(verification) or None,
    )


def _caller_name(name: str, number: str) -> str | None:
    """``None`` for what carriers send for want of a name: the number once more, or "anonymous"."""
    if name == number or is_withheld(name) or to_e164(name) is not None:
        return None
    return name
