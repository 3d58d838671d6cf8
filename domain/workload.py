"""How much time on call each person has, and how much of it at night and at weekends."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from domain.intervals import HasEnds, Interval, overlaps
from domain.local_time import instant_of, wall_clock
from domain.on_call import Shift
from domain.rotation import turn_length
from domain.schedule import Schedule

_SATURDAY = 5
_NIGHT_BEGINS, _NIGHT_ENDS = time(22), time(6)
_SMALLEST_DIFFERENCE = timedelta(hours=24)
_RATIO = 1.5
#: By so much turns can differ because the clock is set.
_CLOCK_CHANGES = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Load:
    """Time on call. ``nights`` are the hours from 22:00 to 06:00 local time, ``weekends`` Saturdays and Sundays."""

    user: str
    total: timedelta = timedelta()
    nights: timedelta = timedelta()
    weekends: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Imbalance:
    """The most and the least loaded of those who are members of the same layers."""

    layers: tuple[str, ...]
    most: Load
    least: Load


def loads(line: Sequence[Shift], timezone: str) -> dict[str, Load]:
    """Each person's part of a line of shifts, as :func:`domain.on_call.shifts` gives it."""
    if not line:
        return {}
    frame = Interval(line[0].starts, line[-1].ends)
    total = _sums((shift, shift.starts, shift.ends) for shift in line)
    nights = _sums(overlaps(line, list(_nights(frame, timezone))))
    weekends = _sums(overlaps(line, list(_weekends(frame, timezone))))
    return {user: Load(user, hours, nights[user], weekends[user]) for user, hours in total.items()}


def imbalances(schedule: Schedule, line: Sequence[Shift]) -> Iterator[Imbalance]:
    """Where somebody has much more time on call than another member of the same layers.

    Much more is over one and a half times as much, over 24 hours more, and over one turn more: by so much two people
    differ when the line ends somewhere in a round.
    """
    found = loads(line, schedule.timezone)
    for layers, members in _peers(schedule).items():
        if len(members) < 2:
            continue
        ranked = sorted((found.get(user, Load(user)) for user in members), key=lambda load: (load.total, load.user))
        least, most = ranked[0], ranked[-1]
        turn = max(turn_length(layer) for layer in schedule.layers if layer.name in layers)
        tolerated = max(turn + _CLOCK_CHANGES, _SMALLEST_DIFFERENCE)
        if most.total > least.total * _RATIO and most.total - least.total > tolerated:
            yield Imbalance(layers, most, least)


def _peers(schedule: Schedule) -> dict[tuple[str, ...], list[str]]:
    """The people by the layers that they are members of."""
    layers_of: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for layer in schedule.layers:
        for member in dict.fromkeys(layer.members):
            if member is not None:
                layers_of[member] += (layer.name,)
    peers: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for user, layers in layers_of.items():
        peers[layers].append(user)
    return peers


def _sums(pieces: Iterable[tuple[Shift, datetime, datetime]]) -> dict[str, timedelta]:
    sums: dict[str, timedelta] = defaultdict(timedelta)
    for shift, starts, ends in pieces:
        if shift.user is not None:
            sums[shift.user] += ends - starts
    return sums


def _nights(frame: HasEnds, timezone: str) -> Iterator[Interval]:
    for day in _midnights(frame, timezone):
        evening, morning = datetime.combine(day, _NIGHT_BEGINS), datetime.combine(day + timedelta(days=1), _NIGHT_ENDS)
        yield Interval(instant_of(evening, timezone), instant_of(morning, timezone))


def _weekends(frame: HasEnds, timezone: str) -> Iterator[Interval]:
    for day in _midnights(frame, timezone):
        if day.weekday() == _SATURDAY:
            yield Interval(instant_of(day, timezone), instant_of(day + timedelta(days=2), timezone))


def _midnights(frame: HasEnds, timezone: str) -> Iterator[datetime]:
    """Local midnights, from early enough for a weekend that has begun before."""
    first = datetime.combine(wall_clock(frame.starts, timezone), time()) - timedelta(days=2)
    for number in range((frame.ends - frame.starts).days + 4):
        yield first + timedelta(days=number)
