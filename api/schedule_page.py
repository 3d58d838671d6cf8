"""What a schedule's page shows: the coming four weeks as rows of bars, by the functions that route calls."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from operator import attrgetter

from domain.directory import Calendar, Directory, name_of
from domain.foreign_calendars import FURTHEST_OFFSET, ForeignEvent
from domain.intervals import Interval
from domain.local_time import instant_of, wall_clock
from domain.on_call import Shift, describe, layer_shifts, shifts
from domain.schedule import Override, Schedule

WEEKS = 4
_WEEK = timedelta(days=7)
#: how many people have a colour of their own
_COLOURS = 6
#: what a page can show; a busier calendar is cut
MOST_EVENTS = 300


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of a row. ``left`` and ``width`` are percentages of the week, ``look`` is a class of the style sheet,
    ``words`` the whole in words."""

    left: float
    width: float
    look: str
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """Seven local days. ``now`` is a percentage of the week, where this moment is in it."""

    days: tuple[str, ...]
    rows: tuple[Row, ...]
    now: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """A shift or a gap in words, in the schedule's local time."""

    starts: str
    ends: str
    user: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """What becomes a bar in every week that it touches."""

    starts: datetime
    ends: datetime
    look: str
    label: str


def window(schedule: Schedule, now: datetime) -> Interval:
    """Four weeks of the schedule's local days, from the beginning of this one."""
    return Interval(_midnight(schedule, now, 0), _midnight(schedule, now, 7 * WEEKS))


def calendars_of(directory: Directory, schedule: Schedule) -> list[Calendar]:
    return [calendar for calendar in directory.calendars.values() if schedule.key in calendar.schedules]


def asked_of_calendars(shown: Interval) -> Interval:
    """Where all-day events may lie that somebody in the schedule's zone sees in the window."""
    return Interval(shown.starts - FURTHEST_OFFSET, shown.ends + FURTHEST_OFFSET)


def weeks_of(
    directory: Directory, schedule: Schedule, now: datetime, events: Collection[tuple[str, ForeignEvent]]
) -> tuple[Week, ...]:
    """The final result first, then each layer alone, the one that wins first, then foreign calendars by their keys."""
    shown = window(schedule, now)
    line = shifts(schedule, *shown)
    colours = _colours(schedule, line)
    rows = [("On call", _entries(directory, colours, line, now))]
    rows += [
        (f"Layer {layer.name}", _entries(directory, colours, _covered(layer_shifts(schedule, layer, *shown)), now))
        for layer in reversed(schedule.layers)
    ]
    rows += [
        (calendar.name, [_foreign(event, schedule) for key, event in events if key == calendar.key])
        for calendar in calendars_of(directory, schedule)
    ]
    return tuple(_week(schedule, now, number, rows) for number in range(WEEKS))


def lines_of(directory: Directory, schedule: Schedule, now: datetime) -> list[Line]:
    """The same four weeks as a list."""
    return [
        Line(
            _local(schedule, shift.starts),
            _local(schedule, shift.ends),
            name_of(directory.users, shift.user) if shift.user else None,
            describe(shift.user, shift.reason, schedule, None),
        )
        for shift in shifts(schedule, *window(schedule, now))
        if shift.ends > now
    ]


def overrides_of(directory: Directory, schedule: Schedule, now: datetime) -> list[Override]:
    """Those that are not over, by their start, with people's names instead of their keys."""
    ahead = [override for override in schedule.overrides if override.ends > now]
    return [
        replace(
            override,
            user=name_of(directory.users, override.user),
            replaces=name_of(directory.users, override.replaces) if override.replaces else None,
        )
        for override in sorted(ahead, key=attrgetter("starts"))
    ]


def _midnight(schedule: Schedule, now: datetime, days: int) -> datetime:
    today = wall_clock(now, schedule.timezone).date()
    return instant_of(datetime.combine(today + timedelta(days=days), time()), schedule.timezone)


def _colours(schedule: Schedule, line: Sequence[Shift]) -> dict[str, str]:
    """Members in their order, then whoever else is on call."""
    members = [member for layer in schedule.layers for member in layer.members]
    people = dict.fromkeys(user for user in (*members, *(shift.user for shift in line)) if user is not None)
    return {user: f"person-{number % _COLOURS}" for number, user in enumerate(people)}


def _entries(directory: Directory, colours: dict[str, str], line: Iterable[Shift], now: datetime) -> list[_Entry]:
    """A hole that is over is no reason for alarm."""
    return [
        _Entry(shift.starts, shift.ends, colours[shift.user], name_of(directory.users, shift.user))
        if shift.user is not None
        else _Entry(shift.starts, shift.ends, "hole" if shift.ends > now else "over", "Nobody")
        for shift in line
    ]


def _covered(line: Iterable[Shift]) -> list[Shift]:
    """Where one layer has nobody it is no hole: the others may have somebody."""
    return [shift for shift in line if shift.user is not None]


def _foreign(event: ForeignEvent, schedule: Schedule) -> _Entry:
    return _Entry(*event.seen_in(schedule.timezone), "foreign", event.title)


def _week(schedule: Schedule, now: datetime, number: int, rows: Sequence[tuple[str, Sequence[_Entry]]]) -> Week:
    frame = Interval(_midnight(schedule, now, 7 * number), _midnight(schedule, now, 7 * number + 7))
    first = wall_clock(frame.starts, schedule.timezone)
    days = tuple(f"{first + timedelta(days=day):%a %d %b}" for day in range(7))
    # To ten minutes: a page that changes all the time is in the way of those who read it.
    marked = round(_percent(now, frame), 1) if number == 0 else None
    return Week(days, tuple(Row(name, _bars(schedule, entries, frame)) for name, entries in rows), marked)


def _bars(schedule: Schedule, entries: Iterable[_Entry], frame: Interval) -> tuple[Bar, ...]:
    return tuple(
        _bar(schedule, entry, frame) for entry in entries if entry.starts < frame.ends and frame.starts < entry.ends
    )


def _bar(schedule: Schedule, entry: _Entry, frame: Interval) -> Bar:
    left = _percent(max(entry.starts, frame.starts), frame)
    right = _percent(min(entry.ends, frame.ends), frame)
    words = f"{entry.label}, {_local(schedule, entry.starts)} to {_local(schedule, entry.ends)}"
    return Bar(left, round(right - left, 3), entry.look, entry.label, words)


def _percent(moment: datetime, frame: Interval) -> float:
    return round((moment - frame.starts) / (frame.ends - frame.starts) * 100, 3)


def _local(schedule: Schedule, moment: datetime) -> str:
    return f"{wall_clock(moment, schedule.timezone):%a %d %b %H:%M}"
