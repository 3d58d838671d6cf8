"""The single values of the configuration file: durations, phone numbers, times, zones, languages, addresses.

Each ``check_…`` returns the text as it is kept, or raises ``ValueError`` with a sentence that says what would be right.
The stored form is the text of the file; ``seconds_of``, ``time_of`` and ``moment_of`` read it.
"""

import base64
import difflib
import re
from datetime import date, datetime, time
from functools import cache
from importlib import resources
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from config.problems import did_you_mean
from domain.phone import to_e164
from domain.schedule import Weekday

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,9})(s|m|h|d)")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{2,199}")
#: what begins with these never reaches the door for events
_OWN_ADDRESSES = frozenset({"voice", "alerts", "notices", "hooks", "simulated-carrier"})
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TEN_YEARS = 3660 * 86_400
_SIGNING_PREFIX = "whsec_"


def seconds_of(duration: str) -> int:
    """The seconds of a checked duration."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"{duration!r} is no duration; write a whole number and a unit, like 30s, 5m, 2h or 1d")
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds > _TEN_YEARS:
        raise ValueError(f"{duration} is longer than ten years")
    return seconds


def check_duration(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} is a bare number, not a duration; add the unit, like {value}s or {value}m")
    if isinstance(value, str):
        seconds_of(value)
    return value


def between(shortest: str, longest: str) -> AfterValidator:
    """Bounds of a duration, both included."""
    low, high = seconds_of(shortest), seconds_of(longest)

    def check(value: str) -> str:
        if not low <= seconds_of(value) <= high:
            raise ValueError(f"{value} is out of range; it must be between {shortest} and {longest}")
        return value

    return AfterValidator(check)


def check_phone(value: str) -> str:
    number = to_e164(value) if value.strip().startswith("+") else None
    if number is None:
        raise ValueError(
            f"{value!r} is no phone number; write it in international format with + and country code, like +14155550123"
        )
    return number


def quoted_phone(value: Any) -> Any:
    """A number without its plus is a number for YAML too; say so instead of speaking of types."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"{value} has no +; write the number in international format, like +14155550123")
    return value


@cache
def known_zones() -> frozenset[str]:
    """The zones of the ``tzdata`` package, which is what on-call times are computed with on every host."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split())


def check_zone(value: str) -> str:
    if value not in known_zones():
        near = difflib.get_close_matches(value, known_zones(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "write one like Europe/Madrid or Etc/UTC"
        raise ValueError(f"there is no time zone {value!r}; {hint}")
    return value


def time_of(text: str) -> time:
    """A time on the wall clock, ``18:00`` or ``18:00:30``."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time; write hours and minutes, like 18:00")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if hour == 24 and minute == second == 0:
        raise ValueError("24:00 does not exist on a clock; write 00:00")
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{text} does not exist on a clock; write a time between 00:00 and 23:59")
    return time(hour, minute, second)


def check_time(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"{value} is a number, not a time; write hours and minutes, like 18:00")
    if isinstance(value, str):
        time_of(value)
    return value


def moment_of(text: str) -> date | datetime:
    """A local date, a local date-time, or a date-time with an offset (then aware)."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
        if re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", text):
            moment = datetime.fromisoformat(text)
            # An offset can carry the first or last day of the calendar beyond its end.
            _ = moment.timestamp() if moment.tzinfo else None
            return moment
    except (ValueError, OverflowError):
        raise ValueError(f"{text} does not exist in the calendar") from None
    raise ValueError(f"{text!r} is no date; write 2026-01-05, 2026-01-05T09:00 or 2026-01-05T09:00+01:00")


def check_moment(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} is a number, not a date; write 2026-01-05 or 2026-01-05T09:00")
    if isinstance(value, str):
        moment_of(value)
    return value


def slot_edge(text: str) -> tuple[Weekday | None, time]:
    """``18:00``, or ``friday 18:00``."""
    words = text.split()
    if len(words) == 1:
        return None, time_of(words[0])
    if len(words) != 2:
        raise ValueError(f"{text!r} is no edge of a slot; write 18:00 or friday 18:00")
    if words[0].lower() not in set(Weekday):
        raise ValueError(f"{words[0]!r} is no weekday{did_you_mean(words[0], set(Weekday))}")
    return Weekday(words[0].lower()), time_of(words[1])


def check_slot_edge(value: Any) -> Any:
    if isinstance(value, str):
        slot_edge(value)
    return value


def check_key(key: str) -> str | None:
    """A sentence when the key of a resource cannot be one."""
    if _KEY.fullmatch(key):
        return None
    return f"the key {key!r} cannot be used; write letters, digits, '-', '_' and '.', starting with a letter or digit"


def check_token(value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise ValueError("a token is part of an address: 3 to 200 letters, digits, '-', '_', '.' or '~'")
    if value in _OWN_ADDRESSES:
        raise ValueError(f"{value} begins addresses of Dutyline's own; choose another token")
    return value


def signing_key(secret: str) -> bytes:
    """The key that webhooks are signed with, from the secret as its sender shows it: ``whsec_`` and base64."""
    text = secret.removeprefix(_SIGNING_PREFIX)
    if text == secret:
        raise ValueError("starts with whsec_; copy it from incident.io's webhook settings")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise ValueError("is not base64 after whsec_; copy it whole from incident.io's webhook settings") from None
    if not key:
        raise ValueError("has nothing after whsec_; copy it whole from incident.io's webhook settings")
    return key


def check_signing_secret(value: str) -> str:
    signing_key(value)
    return value


def check_email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or len(value) > 254:
        raise ValueError(f"{value!r} is no e-mail address; write one like ana@example.com")
    return value


def check_language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError(f"{value!r} is no language; write one like en-US, es-ES or de-DE")
    return value


def check_name(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    if len(value) > 200:
        raise ValueError("must be at most 200 characters long")
    if re.search(r"[\ud800-\udfff]", value):
        raise ValueError("has half a character in it, which cannot be stored; write it anew")
    return value


def check_base_url(value: str) -> str:
    if not _is_url(value, {"https", "http"}):
        raise ValueError(f"{value!r} is no address; write one like https://api.example.com")
    return value.rstrip("/")


def check_web_address(value: str) -> str:
    """Private addresses are refused when they are used, where names are looked up."""
    if not _is_url(value, {"https", "http"}):
        raise ValueError("is no address; write one like https://example.com/hooks/shifts")
    return value


def check_calendar_address(value: str) -> str:
    """``webcal`` is what calendars call https."""
    return check_web_address("https" + value.removeprefix("webcal") if value.startswith("webcal://") else value)


def check_order(starts: str | None, ends: str | None) -> str | None:
    """Returns ``ends``. ``starts`` is ``None`` when it was wrong already."""
    if starts is not None and ends is not None and _is_before_or_at(ends, starts):
        raise ValueError(f"ends ({ends}) must be later than starts ({starts})")
    return ends


def _is_before_or_at(first: str, second: str) -> bool:
    """Whether the order is certainly wrong; a local and an absolute time are not compared."""
    a, b = moment_of(first), moment_of(second)
    if isinstance(a, datetime) and isinstance(b, datetime):
        return (a.tzinfo is None) == (b.tzinfo is None) and a <= b
    day_a = a.date() if isinstance(a, datetime) else a
    day_b = b.date() if isinstance(b, datetime) else b
    return day_a <= day_b if type(a) is type(b) else day_a < day_b


def check_audio_url(value: str) -> str:
    if not _is_url(value, {"https"}):
        raise ValueError(f"{value!r} cannot be played; write an https address of an audio file")
    return value


def _is_url(value: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", value)
    except ValueError:  # a port beyond 65535 among others
        return False


Duration = Annotated[str, BeforeValidator(check_duration)]
Phone = Annotated[str, BeforeValidator(quoted_phone), AfterValidator(check_phone)]
Zone = Annotated[str, AfterValidator(check_zone)]
Time = Annotated[str, BeforeValidator(check_time)]
Moment = Annotated[str, BeforeValidator(check_moment)]
SlotEdge = Annotated[str, BeforeValidator(check_slot_edge)]
Token = Annotated[str, AfterValidator(check_token)]
Email = Annotated[str, AfterValidator(check_email)]
Language = Annotated[str, AfterValidator(check_language)]
Name = Annotated[str, AfterValidator(check_name)]
BaseUrl = Annotated[str, AfterValidator(check_base_url)]
WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(check_web_address)]
CalendarAddress = Annotated[str, Field(max_length=2000), AfterValidator(check_calendar_address)]
AudioUrl = Annotated[str, AfterValidator(check_audio_url)]
