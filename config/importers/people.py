"""Users: stable keys from e-mail addresses and names, phones in international format, and who is no longer there."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config.importers.report import Report
from config.importers.zones import is_renamed, zone_of
from config.resources import Body
from config.values import check_email, check_phone
from domain.phone import clean_text

_LONGEST_KEY = 60
#: leaves room for what we add to a name
_LONGEST_NAME = 170
#: letters that Unicode does not take apart
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


@dataclass(frozen=True, slots=True)
class Person:
    """A user as the other tool knows them; ``id`` is the other tool's. Phones are as they are written there."""

    id: str
    name: str
    email: str | None = None
    phones: tuple[str, ...] = ()
    timezone: str | None = None


class Keys:
    """Keys for one section: the same things in the same order always get the same keys."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def key(self, *texts: str | None, otherwise: str) -> str:
        """A free key from the first text that has letters or digits in it."""
        wanted = next((slug for text in texts if (slug := slug_of(text or ""))), otherwise)
        key, count = wanted, 1
        while key in self._used:
            count += 1
            key = f"{wanted}-{count}"
        self._used.add(key)
        return key


def slug_of(text: str) -> str:
    """Lower-case ASCII letters, digits, and ``-``, ``_`` and ``.`` inside; empty when nothing is left."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9._]+", "-", plain)[:_LONGEST_KEY].strip("-._")


def name_of(text: str | None, otherwise: str) -> str:
    """A name that fits on one line, whatever the other tool allowed."""
    return next(filter(None, (clean_text(part, _LONGEST_NAME) for part in (text or "", otherwise))), "without a name")


class People:
    """The users of the export. ``is_complete`` says that whoever is not among ``persons`` is no longer there."""

    def __init__(self, persons: Iterable[Person], report: Report, *, is_complete: bool) -> None:
        self.bodies: dict[str, Body] = {}
        self._names: dict[str, str] = {}
        self._keys = Keys()
        self._report = report
        self._is_complete = is_complete
        self._key_by_id: dict[str, str] = {}
        for person in sorted({person.id: person for person in persons}.values(), key=lambda person: person.id):
            self._add(person)

    def key_of(self, person: Person, place: str) -> str | None:
        """The key of somebody whom a schedule names; ``None`` for somebody who was deleted there."""
        key = self._found(person)
        if key is not None:
            return key
        if self._is_complete:
            self._report.missing.append(
                f"{place}: {name_of(person.name, person.id)} is no longer a user there; the turn is left empty (null)."
            )
            return None
        self._report.changed.append(
            f"user {name_of(person.name, person.id)} is known from a schedule only; add e-mail address and phone."
        )
        return self._add(person)

    def name(self, person: Person) -> str:
        """The name for the report."""
        key = self._found(person)
        return name_of(person.name, person.id) if key is None else self._names[key]

    def name_of_key(self, key: str) -> str:
        return self._names[key]

    def _found(self, person: Person) -> str | None:
        return self._key_by_id.get(person.id) or self._key_by_id.get((person.email or person.id).lower())

    def _add(self, person: Person) -> str:
        email = self._email(person)
        key = self._keys.key(email.partition("@")[0] if email else None, person.name, otherwise="user")
        name = name_of(person.name, email or person.id)
        body: Body = {"name": name}
        if email is not None:
            body["email"] = email
        phones = self._phones(person, name)
        if phones:
            body["phone"] = phones[0] if len(phones) == 1 else phones
        if (zone := self._zone(person, name)) is not None:
            body["timezone"] = zone
        self.bodies[key], self._names[key] = body, name
        self._key_by_id[person.id] = key
        if email is not None:
            self._key_by_id.setdefault(email.lower(), key)
        return key

    def _email(self, person: Person) -> str | None:
        if not person.email:
            self._report.changed.append(f"user {name_of(person.name, person.id)} has no e-mail address there; add one.")
            return None
        try:
            return check_email(person.email.strip())
        except ValueError as error:
            self._report.changed.append(f"user {name_of(person.name, person.id)}: {error}; it was left out.")
            return None

    def _phones(self, person: Person, name: str) -> list[str]:
        phones: Sequence[str] = list(dict.fromkeys(person.phones))
        kept: list[str] = []
        for phone in phones:
            try:
                kept.append(check_phone(phone))
            except ValueError as error:
                self._report.missing.append(f"user {name}: {error}.")
        return list(dict.fromkeys(kept))

    def _zone(self, person: Person, name: str) -> str | None:
        if person.timezone is None:
            return None
        zone = zone_of(person.timezone)
        if zone is None:
            self._report.changed.append(f"user {name}: there is no time zone {person.timezone!r}; Etc/UTC is used.")
        elif is_renamed(person.timezone, zone):
            self._report.changed.append(f"user {name}: time zone {person.timezone!r} became {zone}.")
        return None if zone in (None, "Etc/UTC") else zone
