"""Reading an iCalendar file that somebody else wrote: in a process of its own, which may be ended.

A small file can repeat its events for ever or be slow to read in a hundred ways, and a thread cannot be stopped. So the
reading is ``python -m activities.calendar_file``, with little memory, little time and no secrets; what it finds comes
back as JSON.
"""

import asyncio
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import chain

import recurring_ical_events
from icalendar import Calendar, Component, vRecur
from pydantic import TypeAdapter

from domain.foreign_calendars import DAYS_AHEAD, DAYS_BACK, ForeignEvent, all_day

MOST_BYTES = 5 * 1024 * 1024
MOST_EVENTS = 5_000
#: 5 MiB of plain events take about 15 seconds
CPU_SECONDS = 40
_WALL_SECONDS = 60.0
_MEMORY_BYTES = 1024**3
_MOST_CHARACTERS = 500
_TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY"})
_START = b"BEGIN:VCALENDAR"
#: what a calendar says of all its events
_FOR_ALL_EVENTS = ("CALSCALE", "X-WR-TIMEZONE")


class BadCalendar(Exception):
    """The file cannot be shown; the message is a sentence for people, and quotes at most a title."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds around a day, and how many of its events could not be understood; or why it was refused."""

    events: tuple[ForeignEvent, ...] = ()
    skipped: int = 0
    refused: str | None = None

    @property
    def note(self) -> str | None:
        return f"{self.skipped} events could not be understood and were left out." if self.skipped else None


_READING = TypeAdapter(Reading)


async def read_apart(file: bytes, at: datetime) -> Reading:
    """The occurrences of the file's events from 31 days before ``at`` to 400 days after it. Raises
    :class:`BadCalendar`; takes a minute at most."""
    if len(file) > MOST_BYTES:
        raise BadCalendar("The calendar is larger than 5 MiB. Export fewer years or fewer calendars.")
    if not file.removeprefix(b"\xef\xbb\xbf").lstrip()[: len(_START)].upper() == _START:
        raise BadCalendar("This is no iCalendar file: it must begin with BEGIN:VCALENDAR.")
    reader = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", __name__, at.astimezone(UTC).isoformat(), str(CPU_SECONDS)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)},
    )
    try:
        async with asyncio.timeout(_WALL_SECONDS):
            output, _ = await reader.communicate(file)
    except TimeoutError:
        output = b""
    finally:
        if reader.returncode is None:
            reader.kill()
            await reader.wait()
    if reader.returncode != 0 or not output:
        raise BadCalendar("The calendar takes too long or too much memory to read. Export fewer events.")
    reading = _READING.validate_json(output)
    if reading.refused is not None:
        raise BadCalendar(reading.refused)
    return reading


def read(file: bytes, at: datetime) -> Reading:
    """As :func:`read_apart`, in this process and for as long as it takes."""
    try:
        calendars = Calendar.from_ical(file, multiple=True)
    except Exception:  # whatever a hostile file makes the library stumble over
        raise BadCalendar("The calendar is no iCalendar file that can be read.") from None
    events: list[ForeignEvent] = []
    skipped = 0
    for series in chain.from_iterable(map(_series, calendars)):
        try:
            events.extend(_occurrences(series, at, MOST_EVENTS - len(events)))
        except BadCalendar:
            raise
        except Exception:  # one event that makes no sense is no reason to show none
            skipped += 1
    return Reading(tuple(sorted(events, key=lambda event: (event.starts, event.uid))), skipped)


def _series(calendar: Component) -> Iterator[Calendar]:
    """The events of a calendar, those with one UID (a series and its exceptions) as a calendar of their own: then what
    is wrong with one is no harm to the others."""
    by_uid: dict[str, Calendar] = {}
    for event in calendar.walk("VEVENT"):
        _refuse_what_repeats_too_often(event)
        uid = str(event.get("UID", id(event)))
        if uid not in by_uid:
            by_uid[uid] = Calendar({name: calendar[name] for name in _FOR_ALL_EVENTS if name in calendar})
        by_uid[uid].add_component(event)
    yield from by_uid.values()


def _refuse_what_repeats_too_often(event: Component) -> None:
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if isinstance(rule, vRecur) and _TOO_OFTEN.intersection(map(str.upper, rule.get("FREQ", []))):
            raise BadCalendar(
                f"“{_text(event, 'SUMMARY')}” repeats every minute or second; events may repeat hourly at most."
            )


def _occurrences(calendar: Calendar, at: datetime, most: int) -> Iterator[ForeignEvent]:
    (series,) = recurring_ical_events.of(calendar).series
    for number, occurrence in enumerate(series.between(at - DAYS_BACK, at + DAYS_AHEAD)):
        if number >= most:
            raise BadCalendar(f"The calendar has more than {MOST_EVENTS:,} events from a month ago to a year ahead.")
        event = occurrence.as_component(False)
        if str(event.get("STATUS", "")).upper() != "CANCELLED":
            yield _event(event, occurrence.start, occurrence.end)


def _event(event: Component, starts: date, ends: date) -> ForeignEvent:
    uid, title = _text(event, "UID"), _text(event, "SUMMARY")
    if not isinstance(starts, datetime):
        return all_day(uid, title, starts, ends.date() if isinstance(ends, datetime) else ends)
    begins = _instant(starts)
    return ForeignEvent(uid, title, begins, max(begins, _instant(ends)))


def _instant(moment: date) -> datetime:
    """In UTC. A time without a zone is UTC too, unless the whole calendar names a zone."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(event: Component, name: str) -> str:
    """Printable and short, whatever the file says."""
    text = "".join(character if character.isprintable() else " " for character in str(event.get(name, "")))
    return text[:_MOST_CHARACTERS].strip()


def main(at: str, cpu_seconds: str) -> None:
    """The reading process: the file on standard input, a :class:`Reading` on standard output."""
    _limit(int(cpu_seconds))
    file = sys.stdin.buffer.read()
    try:
        reading = read(file, datetime.fromisoformat(at))
    except BadCalendar as refusal:
        reading = Reading(refused=str(refusal))
    sys.stdout.buffer.write(_READING.dump_json(reading))


def _limit(cpu_seconds: int) -> None:
    # Callers on the same machine come first.
    os.nice(19)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
