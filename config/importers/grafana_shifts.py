"""The shifts of Grafana OnCall as turns of ours.

Where the facts are from: grafana.com/docs/oncall (on-call shifts HTTP API) and the repository grafana/oncall
(``CustomOnCallShift.convert_to_ical``, ``get_rotation_date``, ``_daily_by_day_to_ical``; the public API's serializers).

A shift is an event of ``duration`` seconds that repeats by the recurrence rules of calendars (RFC 5545). With
``rolling_users`` each repetition belongs to the next group: each ``interval`` hours, days or weeks. With ``by_day`` a
weekly group has all the chosen days of its week, which begins on ``week_start``, and a daily group the next
``interval`` of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from math import gcd, lcm
from typing import Annotated, assert_never

from pydantic import BeforeValidator

from config.importers.cycles import MOST_MEMBERS, WEEK, NoCounterpart, all_slots, daily_slot, weekly_slot
from config.importers.source import Count, Foreign, LocalTime, Seconds
from config.resources import Body
from domain.schedule import RotationUnit

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class ShiftType(StrEnum):
    SINGLE_EVENT = "single_event"
    RECURRENT_EVENT = "recurrent_event"
    ROLLING_USERS = "rolling_users"
    OVERRIDE = "override"


class Frequency(StrEnum):
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


def _none_is_empty(value: object) -> object:
    return () if value is None else value


Ids = Annotated[tuple[str, ...], BeforeValidator(_none_is_empty)]


class Shift(Foreign):
    """``start``, ``rotation_start`` and ``until`` have no offset: they are local to the shift's zone, ``until`` UTC."""

    id: str
    name: str | None = None
    type: ShiftType
    schedule: str | None = None
    time_zone: str | None = None
    level: int | None = None
    start: LocalTime
    duration: Seconds
    rotation_start: LocalTime | None = None
    until: LocalTime | None = None
    frequency: Frequency | None = None
    interval: Count | None = None
    week_start: str | None = None
    by_day: Ids = ()
    by_month: Annotated[tuple[int, ...], BeforeValidator(_none_is_empty)] = ()
    by_monthday: Annotated[tuple[int, ...], BeforeValidator(_none_is_empty)] = ()
    users: Ids = ()
    rolling_users: Annotated[tuple[Ids, ...], BeforeValidator(_none_is_empty)] = ()
    start_rotation_from_user_index: int | None = None

    @property
    def length(self) -> timedelta:
        return timedelta(seconds=self.duration)

    @property
    def first(self) -> datetime:
        """When the first event starts, on the wall clock of the shift's zone."""
        return self.start.replace(tzinfo=None)

    @property
    def counts_from(self) -> datetime:
        """From when the shift counts, on the same wall clock."""
        start = self.first
        return start if self.rotation_start is None else max(start, self.rotation_start.replace(tzinfo=None))

    @property
    def ends(self) -> datetime | None:
        return None if self.until is None else self.until.replace(tzinfo=UTC)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The users on call together, in turn, from the group that has the first event."""
        if self.type is not ShiftType.ROLLING_USERS:
            return (self.users or tuple(user for group in self.rolling_users for user in group),)
        index = (self.start_rotation_from_user_index or 0) % max(1, len(self.rolling_users))
        return self.rolling_users[index:] + self.rolling_users[:index]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Turns as numbers of groups (``None`` is nobody), each ``every`` units long, from a local time on."""

    turns: tuple[int | None, ...]
    unit: RotationUnit
    every: int
    anchor: datetime
    slots: tuple[Body, ...] = ()


def pattern_of(shift: Shift) -> Pattern:
    """How the groups of a repeating shift take turns. Raises :class:`NoCounterpart`."""
    count, interval = len(shift.groups), shift.interval or 1
    if shift.by_month or shift.by_monthday:
        raise NoCounterpart("it repeats by months or days of the month")
    match shift.frequency:
        case None:
            raise NoCounterpart("it says not how it repeats")
        case Frequency.MONTHLY:
            raise NoCounterpart("it repeats by months")
        case Frequency.HOURLY:
            return _hourly(shift, count, interval)
        case Frequency.DAILY if shift.by_day:
            return _daily_by_day(shift, count, interval)
        case Frequency.DAILY:
            return _by_period(shift, count, interval, _DAY)
        case Frequency.WEEKLY if shift.by_day:
            return _weekly_by_day(shift, count, interval)
        case Frequency.WEEKLY:
            return _by_period(shift, count, interval, WEEK)
        case _:
            assert_never(shift.frequency)


def _hourly(shift: Shift, count: int, interval: int) -> Pattern:
    hours, rest = divmod(shift.length, _HOUR)
    if shift.by_day or rest or hours > interval:
        raise NoCounterpart("it repeats by hours on some days only, lasts no whole hours, or overlaps with itself")
    every = gcd(hours, interval)
    return Pattern(_spread(count, hours // every, interval // every), RotationUnit.HOUR, every, shift.first)


def _by_period(shift: Shift, count: int, interval: int, period: timedelta) -> Pattern:
    """Each group has one event in ``interval`` days or weeks."""
    unit = RotationUnit.DAY if period == _DAY else RotationUnit.WEEK
    periods, rest = divmod(shift.length, period)
    if not rest and periods == interval:
        return Pattern(tuple(range(count)), unit, interval, shift.first)
    if not rest and periods < interval:
        return Pattern(_spread(count, periods, interval), unit, 1, shift.first)
    if periods:
        raise NoCounterpart(f"its events last {shift.length} and start every {interval} {unit}s")
    time = shift.first.time()
    slot = daily_slot(time, shift.length) if period == _DAY else weekly_slot(shift.first.weekday(), time, shift.length)
    return Pattern(_spread(count, 1, interval), unit, 1, shift.first, all_slots([slot]))


def _weekly_by_day(shift: Shift, count: int, interval: int) -> Pattern:
    week_start = _weekday(shift.week_start or "SU")
    first = _first_chosen_day(shift, week_start)
    anchor = first - (first.weekday() - week_start) % 7 * _DAY
    weekdays = _weekdays(shift)
    if any((weekday - week_start) % 7 * _DAY + shift.length > WEEK for weekday in weekdays):
        raise NoCounterpart("its events reach into the week of the next group")
    slots = all_slots(weekly_slot(weekday, first.time(), shift.length) for weekday in weekdays)
    return Pattern(_spread(count, 1, interval), RotationUnit.WEEK, 1, anchor, slots)


def _daily_by_day(shift: Shift, count: int, interval: int) -> Pattern:
    """The chosen days one by one: a rolling group has ``interval`` of them, a recurrence each ``interval``-th day."""
    if shift.length > _DAY:
        raise NoCounterpart("its events last longer than the days on which they start")
    first = _first_chosen_day(shift, _weekday(shift.week_start or "SU"))
    weekdays = _weekdays(shift)
    if shift.type is ShiftType.ROLLING_USERS:
        weeks = lcm(count * interval, len(weekdays)) // len(weekdays)
        _check_size(7 * weeks)
        turns = tuple(_day_by_day(first.date(), weekdays, 7 * weeks, count, interval))
    else:
        days = (first + number * _DAY for number in range(min(lcm(7, interval), MOST_MEMBERS + 1)))
        turns = tuple(
            0 if number % interval == 0 and day.weekday() in weekdays else None for number, day in enumerate(days)
        )
    return Pattern(turns, RotationUnit.DAY, 1, first, all_slots([daily_slot(first.time(), shift.length)]))


def _day_by_day(first: date, weekdays: Sequence[int], days: int, count: int, interval: int) -> Iterator[int | None]:
    event = 0
    for number in range(days):
        if (first + number * _DAY).weekday() in weekdays:
            yield event // interval % count
            event += 1
        else:
            yield None


def _spread(count: int, busy: int, total: int) -> tuple[int | None, ...]:
    """Each group for ``busy`` turns and then nobody, ``total`` turns together."""
    _check_size(count * total)
    return tuple(group if turn < busy else None for group in range(count) for turn in range(total))


def _check_size(turns: int) -> None:
    if turns > MOST_MEMBERS:
        raise NoCounterpart("the rotation has too many turns")


def _first_chosen_day(shift: Shift, week_start: int) -> datetime:
    """A rolling shift whose start is no chosen day starts on the week's first chosen day after it."""
    weekdays = _weekdays(shift)
    if shift.type is not ShiftType.ROLLING_USERS or shift.first.weekday() in weekdays:
        return shift.first
    wanted = min(weekdays, key=lambda weekday: (weekday - week_start) % 7)
    return shift.first + (wanted - shift.first.weekday()) % 7 * _DAY


def _weekdays(shift: Shift) -> list[int]:
    return [_weekday(day) for day in dict.fromkeys(shift.by_day)]


def _weekday(day: str) -> int:
    if day not in _DAYS:
        raise NoCounterpart(f"it repeats on {day!r}")
    return _DAYS.index(day)
