"""Turns of equal length, as all three tools have them, to layers of ours.

Our first member is on call from a layer's ``starts`` and again for a full turn after the first handoff (rule 11 of
``docs/schedules.md``). Other tools count turns from an anchor instead. So a layer made here always starts where a turn
of the other tool begins, and its members are listed from whoever has that turn.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from config.resources import Body
from domain.local_time import instant_of, wall_clock
from domain.schedule import RotationUnit, Weekday

WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_WEEKDAYS = tuple(Weekday)
_LENGTHS = {RotationUnit.HOUR: timedelta(hours=1), RotationUnit.DAY: _DAY, RotationUnit.WEEK: WEEK}
#: as ``config.schedules`` has them
MOST_MEMBERS = 1000
_MOST_UNITS = 10_000

Members = tuple[str | None, ...]


class NoCounterpart(Exception):
    """A part of a sentence that says why something cannot be a layer."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """Members in turn from ``anchor`` on, and by the same count before it. ``None`` is a turn without anybody.

    Hours elapse; days and weeks keep the local time of the anchor.
    """

    members: Members
    unit: RotationUnit
    every: int
    anchor: datetime

    @property
    def turn_length(self) -> timedelta:
        return self.every * _LENGTHS[self.unit]


@dataclass(frozen=True, slots=True)
class Span:
    """What bounds a layer: from when it counts, until when (``None`` is for ever), and in which slots."""

    starts: datetime
    ends: datetime | None = None
    slots: tuple[Body, ...] = ()


def cycle_of(members: Members, turn_length: timedelta, anchor: datetime) -> Cycle:
    """The cycle with the longest unit that the turn length is a multiple of. Raises :class:`NoCounterpart`."""
    if len(set(members)) <= 1:
        # Whoever is alone has every turn, however long it is.
        return Cycle(members, RotationUnit.DAY, 1, anchor)
    for unit in (RotationUnit.WEEK, RotationUnit.DAY, RotationUnit.HOUR):
        every, rest = divmod(turn_length, _LENGTHS[unit])
        if every > 0 and not rest:
            return Cycle(members, unit, every, anchor)
    raise NoCounterpart(f"turns of {turn_length} are no whole hours")


def layer_bodies(name: str, cycle: Cycle, span: Span, timezone: str, now: datetime) -> list[Body]:
    """One layer; more where the span begins later than now and not at a handoff that a layer can begin with, none when
    nobody is in it.

    A span that began before now is taken back to such a handoff, which changes the past only.
    Raises :class:`NoCounterpart` when the layer would be too large.
    """
    if not any(cycle.members):
        return []
    if len(cycle.members) > MOST_MEMBERS or cycle.every > _MOST_UNITS:
        raise NoCounterpart("the rotation has too many turns")
    if len(set(cycle.members)) == 1:
        return [_alone(name, cycle.members[0], span, timezone)]
    number = _turn_at(cycle, span.starts, timezone)
    begin = _begin(cycle, number, timezone)
    if span.starts <= now:
        while not _is_clear(begin, timezone):
            number -= 1
            begin = _begin(cycle, number, timezone)
        return [_layer(name, cycle, number, span, timezone)]
    if begin == span.starts and _is_clear(begin, timezone):
        return [_layer(name, cycle, number, span, timezone)]
    rest = _begin(cycle, number + 1, timezone)
    bodies = []
    first = cycle.members[number % len(cycle.members)]
    if first is not None:
        until = rest if span.ends is None else min(rest, span.ends)
        bodies.append(_alone(f"{name} (first turn)", first, replace(span, ends=until), timezone))
    if span.ends is None or rest < span.ends:
        bodies += layer_bodies(name, cycle, replace(span, starts=rest), timezone, now)
    return bodies


def moment_text(instant: datetime, timezone: str) -> str:
    """An instant as the file has it: the schedule's wall clock, or with an offset where that would be ambiguous."""
    local = wall_clock(instant, timezone).replace(microsecond=0)
    is_plain = instant_of(local, timezone) == instant.replace(microsecond=0)
    return _local_text(local if is_plain else instant)


def _local_text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")


def time_text(at: time) -> str:
    return at.isoformat(timespec="seconds" if at.second else "minutes")


def daily_slot(start: time, length: timedelta) -> Body | None:
    """A window of every day; ``None`` when it is all the time."""
    if length >= _DAY:
        return None
    return {"from": time_text(start), "to": time_text(_after(start, length)[1])}


def weekly_slot(weekday: int, start: time, length: timedelta) -> Body | None:
    """A window of every week, from a weekday (Monday is 0); ``None`` when it is all the time."""
    if length >= WEEK:
        return None
    days, end = _after(start, length)
    last = _WEEKDAYS[(weekday + days) % 7]
    return {"from": f"{_WEEKDAYS[weekday]} {time_text(start)}", "to": f"{last} {time_text(end)}"}


def all_slots(slots: Iterable[Body | None]) -> tuple[Body, ...]:
    """The slots of a layer; none are needed when one of them is all the time."""
    found = list(slots)
    if None in found:
        return ()
    return tuple(slot for slot in found if slot is not None)


def unique_names(bodies: Iterable[Body]) -> Iterator[Body]:
    """The layers, each with a name of its own: a reason names its layer."""
    used: set[Any] = set()
    for body in bodies:
        name, count = body["name"], 1
        while name in used:
            count += 1
            name = f"{body['name']} ({count})"
        used.add(name)
        yield {**body, "name": name}


def _after(start: time, length: timedelta) -> tuple[int, time]:
    """How many days later, and at which time, a window ends on the wall clock."""
    end = datetime.combine(date.min, start) + length
    return (end.date() - date.min).days, end.time()


def _turn_at(cycle: Cycle, at: datetime, timezone: str) -> int:
    """The number of the turn that an instant lies in."""
    if cycle.unit is RotationUnit.HOUR:
        number = (at - cycle.anchor) // cycle.turn_length
    else:
        number = (wall_clock(at, timezone) - wall_clock(cycle.anchor, timezone)) // cycle.turn_length
    # Around a change of clocks the wall clock is ahead of or behind the turn.
    while _begin(cycle, number + 1, timezone) <= at:
        number += 1
    while _begin(cycle, number, timezone) > at:
        number -= 1
    return number


def _begin(cycle: Cycle, number: int, timezone: str) -> datetime:
    if cycle.unit is RotationUnit.HOUR:
        return cycle.anchor + number * cycle.turn_length
    return instant_of(wall_clock(cycle.anchor, timezone) + number * cycle.turn_length, timezone)


def _alone(name: str, member: str | None, span: Span, timezone: str) -> Body:
    """The layer of one member, who needs no handoff: it starts wherever the span does."""
    body = _layer(name, Cycle((member,), RotationUnit.DAY, 1, span.starts), 0, span, timezone)
    if not _is_clear(span.starts, timezone):
        body["starts"] = moment_text(span.starts, timezone)
    return body


def _layer(name: str, cycle: Cycle, number: int, span: Span, timezone: str) -> Body:
    """The layer that starts with turn ``number``, at a time that the clock shows once."""
    shift = number % len(cycle.members)
    begin = wall_clock(_begin(cycle, number, timezone), timezone)
    anchor = wall_clock(cycle.anchor, timezone)
    handoff: Body = {"time": time_text((begin if cycle.unit is RotationUnit.HOUR else anchor).time())}
    if cycle.unit is RotationUnit.WEEK:
        handoff["weekday"] = _WEEKDAYS[anchor.weekday()].value
    # Days and weeks start at the handoff of a day, which is found again when the clock skips it.
    day = (anchor + number * cycle.turn_length).date()
    body: Body = {
        "name": name,
        "members": [*cycle.members[shift:], *cycle.members[:shift]],
        "rotation": {"every": cycle.every, "unit": cycle.unit.value},
        "handoff": handoff,
        "starts": _local_text(begin) if cycle.unit is RotationUnit.HOUR else day.isoformat(),
    }
    if span.ends is not None:
        body["ends"] = moment_text(span.ends, timezone)
    if span.slots:
        body["slots"] = list(span.slots)
    return body


def _is_clear(instant: datetime, timezone: str) -> bool:
    """Whether the wall clock shows this time once only."""
    return instant_of(wall_clock(instant, timezone), timezone) == instant
