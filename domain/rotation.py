"""One layer of a schedule on its own: whose turn it is, and in which windows of the wall clock it counts.

The rules are in ``docs/schedules.md``. Nothing here raises on odd data: a rotation of less than one unit counts as one,
and what lies beyond the calendar's end is cut there.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, assert_never

from domain.intervals import Interval, overlaps, union
from domain.local_time import FAR_FUTURE, instant_of, wall_clock
from domain.schedule import Layer, RotationUnit, Slot, Weekday

_WEEKDAYS = tuple(Weekday)
_LAST_DAY = date.max.toordinal()
#: More units than the calendar has, and few enough for a ``timedelta`` of that many weeks.
_MAX_EVERY = 100_000_000
#: A slot is at most a week long, and a zone has skipped at most one day at once.
_LONGEST_SLOT_DAYS = 9
#: The first day looked at lies before a skipped day; then a weekly handoff is at most a week away.
_HANDOFF_SEARCH_DAYS = 12


class Turn(NamedTuple):
    """A stretch in which a layer has somebody on call."""

    starts: datetime
    ends: datetime
    user: str


class MemberTurn(NamedTuple):
    """A whole turn, whatever the slots. ``position`` is the member's in the layer's list."""

    position: int
    starts: datetime
    ends: datetime


class _Rhythm(NamedTuple):
    """The handoff that begins the first full turn, on the wall clock and as an instant, and how long turns are."""

    local: datetime
    instant: datetime
    length: timedelta


def active_interval(layer: Layer, timezone: str) -> Interval:
    """From the layer's ``starts`` to its ``ends`` (or the end of the calendar), as instants."""
    starts = _layer_bound(layer.starts, layer, timezone)
    ends = FAR_FUTURE if layer.ends is None else _layer_bound(layer.ends, layer, timezone)
    return Interval(starts, ends)


def coverage(layer: Layer, timezone: str, within: Interval) -> list[Turn]:
    """Who is on call by this layer alone, in order; whatever is left out the layer does not cover."""
    active = active_interval(layer, timezone)
    frame = Interval(max(active.starts, within.starts), min(active.ends, within.ends))
    if frame.starts >= frame.ends or not layer.members:
        return []
    windows = _slot_windows(layer.slots, timezone, frame) if layer.slots else [frame]
    rhythm = _rhythm(layer, timezone, active.starts)
    return [
        Turn(starts, ends, turn.user)
        for window in windows
        for turn, starts, ends in overlaps(list(_turns(layer, timezone, active, rhythm, window)), [window])
    ]


def turn_at(layer: Layer, timezone: str, at: datetime) -> MemberTurn:
    """Whose turn it is at an instant within the layer's time. The layer must have members."""
    active = active_interval(layer, timezone)
    rhythm = _rhythm(layer, timezone, active.starts)
    number = _turn_number(layer, timezone, rhythm, at)
    while (ends := _turn_start(layer, timezone, rhythm, number + 1)) <= at:
        number += 1
    # The first member is already on call between the layer's start and the first handoff.
    starts = active.starts if number == 0 else _turn_start(layer, timezone, rhythm, number)
    return MemberTurn(number % len(layer.members), starts, ends)


def first_handoff(layer: Layer, timezone: str) -> datetime:
    """When the first full turn begins: at the layer's start or later."""
    return _rhythm(layer, timezone, active_interval(layer, timezone).starts).instant


def _layer_bound(bound: date | datetime, layer: Layer, timezone: str) -> datetime:
    if isinstance(bound, datetime):
        return instant_of(bound, timezone)
    return instant_of(datetime.combine(bound, _wall_time(layer.handoff.time)), timezone)


def _turns(layer: Layer, timezone: str, active: Interval, rhythm: _Rhythm, frame: Interval) -> Iterator[Turn]:
    """The turns that reach into the frame, uncut; the first one may lie before it."""
    if len(set(layer.members)) == 1:
        if (only := layer.members[0]) is not None:
            yield Turn(*active, only)
        return
    number = _turn_number(layer, timezone, rhythm, frame.starts)
    # The first member is already on call between the layer's start and the first handoff.
    starts = active.starts if number == 0 else _turn_start(layer, timezone, rhythm, number)
    while starts < frame.ends:
        ends = _turn_start(layer, timezone, rhythm, number + 1)
        member = layer.members[number % len(layer.members)]
        if member is not None and starts < ends:
            yield Turn(starts, ends, member)
        starts, number = ends, number + 1


def _rhythm(layer: Layer, timezone: str, starts: datetime) -> _Rhythm:
    """The first full turn begins with the first handoff at or after the layer's start.

    The search begins two days early: on a day that the clock skips, the handoff is the moment of the jump.
    """
    today = wall_clock(starts, timezone).toordinal()
    weekday = _handoff_weekday(layer, timezone)
    for ordinal in range(max(1, today - 2), min(_LAST_DAY, today + _HANDOFF_SEARCH_DAYS)):
        day = date.fromordinal(ordinal)
        local = datetime.combine(day, _wall_time(layer.handoff.time))
        if weekday in (None, day.weekday()) and (instant := instant_of(local, timezone)) >= starts:
            return _Rhythm(local, instant, turn_length(layer))
    return _Rhythm(FAR_FUTURE.replace(tzinfo=None), FAR_FUTURE, turn_length(layer))


def _handoff_weekday(layer: Layer, timezone: str) -> int | None:
    """The weekday (Monday is 0) on which this layer hands off; ``None`` is every day."""
    if layer.rotation.unit is not RotationUnit.WEEK:
        return None
    if layer.handoff.weekday is not None:
        return _WEEKDAYS.index(layer.handoff.weekday)
    if isinstance(layer.starts, datetime) and layer.starts.tzinfo is not None:
        return wall_clock(instant_of(layer.starts, timezone), timezone).weekday()
    return layer.starts.weekday()


def turn_length(layer: Layer) -> timedelta:
    """Of one full turn: elapsed time for hours, time on the wall clock for days and weeks."""
    every = min(max(1, layer.rotation.every), _MAX_EVERY)
    match layer.rotation.unit:
        case RotationUnit.HOUR:
            return timedelta(hours=every)
        case RotationUnit.DAY:
            return timedelta(days=every)
        case RotationUnit.WEEK:
            return timedelta(weeks=every)
        case _:
            assert_never(layer.rotation.unit)


def _turn_start(layer: Layer, timezone: str, rhythm: _Rhythm, number: int) -> datetime:
    """When turn ``number`` begins: hours elapse, days and weeks are counted on the wall clock."""
    try:
        if layer.rotation.unit is RotationUnit.HOUR:
            return rhythm.instant + number * rhythm.length
        return instant_of(rhythm.local + number * rhythm.length, timezone)
    except OverflowError:
        return FAR_FUTURE


def _turn_number(layer: Layer, timezone: str, rhythm: _Rhythm, at: datetime) -> int:
    """The turn that an instant lies in, or, where the clock was just set back, the one before it.

    The time before the first handoff belongs to turn 0.
    """
    if at < rhythm.instant:
        return 0
    if layer.rotation.unit is RotationUnit.HOUR:
        return (at - rhythm.instant) // rhythm.length
    return max(0, (wall_clock(at, timezone) - rhythm.local) // rhythm.length)


def _slot_windows(slots: Sequence[Slot], timezone: str, frame: Interval) -> list[Interval]:
    first_day = max(1, wall_clock(frame.starts, timezone).toordinal() - _LONGEST_SLOT_DAYS)
    last_day = min(_LAST_DAY, wall_clock(frame.ends, timezone).toordinal() + 1)
    occurrences = [window for slot in slots for window in _occurrences(slot, timezone, range(first_day, last_day + 1))]
    return [Interval(starts, ends) for _, starts, ends in overlaps(union(occurrences), [frame])]


def _occurrences(slot: Slot, timezone: str, days: range) -> Iterator[Interval]:
    """The slot's windows that begin on one of the days (ordinals)."""
    length_days = _slot_length_days(slot)
    weekday = None if slot.start_weekday is None else _WEEKDAYS.index(slot.start_weekday)
    for ordinal in days:
        if weekday in (None, (ordinal + 6) % 7):
            yield Interval(
                _wall_instant(ordinal, slot.start, timezone), _wall_instant(ordinal + length_days, slot.end, timezone)
            )


def _slot_length_days(slot: Slot) -> int:
    """How many days after its first day the slot ends."""
    wraps = _wall_time(slot.end) <= _wall_time(slot.start)
    if slot.start_weekday is None or slot.end_weekday is None:
        return 1 if wraps else 0
    days = (_WEEKDAYS.index(slot.end_weekday) - _WEEKDAYS.index(slot.start_weekday)) % 7
    if days > 0 or not wraps:
        return days
    return 1 if _wall_time(slot.end) == _wall_time(slot.start) else 7


def _wall_instant(ordinal: int, at: time, timezone: str) -> datetime:
    if ordinal > _LAST_DAY:
        return FAR_FUTURE
    return instant_of(datetime.combine(date.fromordinal(ordinal), _wall_time(at)), timezone)


def _wall_time(at: time) -> time:
    """A wall clock has no offset of its own."""
    return at.replace(tzinfo=None)
